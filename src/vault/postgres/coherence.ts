import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SubjectId } from '../../domain/values.ts'
import type { VaultMemory } from '../vault-memory.ts'
import { VaultUnavailable } from '../vault.ts'
import type { Driver, Listener, Query } from './driver.ts'
import { createInvalidations } from './invalidations.ts'

/**
 * Keeps what nodes remember true. A node may answer from memory while it has a lease, which it renews over
 * the connection on which it is told of changes. Who fences or destroys counts the generation up in the
 * same transaction, tells the others, and resolves when every node with a lease has confirmed that it has
 * forgotten; so nothing that was fenced or destroyed is answered from any memory afterwards. A node that
 * does not confirm is waited for until its lease has run out, and by then answers from memory no more.
 */
export type Coherence = Readonly<{
  /** Whether what is remembered may be answered now. */
  isCurrent(): boolean
  /** Before something is read; `stands` then says whether it is still true afterwards. */
  mark(): number
  /** Whether nothing of the subject was fenced or destroyed since the mark, as far as is known here. */
  stands(mark: number, subject: SubjectId): boolean
  /** In the transaction that fences or destroys, and last in it. Null: nobody in particular. */
  announce(query: Query, subject: SubjectId | null): Promise<number>
  /**
   * After that transaction: resolves when no node answers from memory what it made untrue.
   * @throws VaultUnavailable "… is pending" when one neither confirms nor loses its lease
   */
  confirmed(generation: number): Promise<void>
  close(): Promise<void>
}>

export type CoherenceOptions = Readonly<{
  driver: Driver
  memory: VaultMemory
  channel: string
  leaseMs: number
  /** Called when everything is to be forgotten: what is remembered elsewhere, too. */
  forgotten: () => void
}>

/** Of a lease, how much is used: clocks of two machines may run apart by far less than the rest. */
const usedShare = 0.8
const longestReconnectMs = 2_000

/** Resolves when the node has its first lease. @throws VaultUnavailable */
export async function createCoherence(options: CoherenceOptions): Promise<Coherence> {
  const { driver, memory, channel, leaseMs, forgotten } = options
  const id = randomBytes(16)
  const invalidations = createInvalidations()
  const lease = createLease()
  let seen = 0
  let listener: Listener | null = null
  let closed = false
  const stopping = new AbortController()

  const forgetAll = (): void => {
    memory.clear()
    invalidations.addAll()
    forgotten()
  }
  const notified = (payload: string): void => {
    const [, number, subject] = /^(\d+) (\*|[0-9a-f]{32})$/.exec(payload) ?? []
    const generation = Number(number)
    // What came before the lease is known with it.
    if (subject !== undefined && generation <= seen) return
    if (subject === undefined || subject === '*' || generation !== seen + 1) forgetAll()
    else {
      memory.forgetSubject(subject as SubjectId)
      invalidations.add(subject as SubjectId)
    }
    if (subject !== undefined) seen = generation
    talk.wake()
  }
  /** Confirms what was seen, and takes the lease for longer. */
  const renew = async (query: Query): Promise<void> => {
    const asked = lease.asked()
    const [row] = await query<{ number: string }>(renewal, [id, seen, leaseMs])
    const generation = Number(row!.number)
    // Others did not wait for whoever had no lease.
    if (!lease.holds() || generation > seen) forgetAll()
    if (generation > seen) seen = generation
    lease.extend(asked, leaseMs * usedShare)
  }
  const connect = async (): Promise<void> => {
    const opened = await driver.listen(channel, {
      notified,
      lost: () => {
        lease.end()
        talk.wake()
      },
    })
    try {
      await renew(opened.query)
      listener = opened
    } catch (error) {
      await opened.close()
      throw error
    }
  }
  const talk = createTalk({
    pauseMs: leaseMs / 4,
    stopping: stopping.signal,
    turn: async () => {
      if (listener && lease.isEnded()) {
        await listener.close()
        listener = null
      }
      if (listener) await renew(listener.query)
      else await connect()
    },
    failed: () => lease.end(),
  })

  await connect()
  talk.start()
  return {
    isCurrent: () => !closed && lease.holds(),
    mark: invalidations.mark,
    stands: invalidations.stands,
    announce: async (query, subject) => {
      const [row] = await query<{ number: string }>(announcement, [channel, subject ?? '*'])
      return Number(row!.number)
    },
    confirmed: async (generation) => {
      const deadline = performance.now() + 3 * leaseMs
      for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 20)) {
        const isSeenHere = seen >= generation || !lease.holds()
        if (isSeenHere && (await isSeenByOthers(driver.query, id, generation))) break
        if (performance.now() > deadline) throw new VaultUnavailable(pending)
        await sleep(pauseMs)
      }
      // Without a lease nothing is told here.
      if (seen < generation) forgetAll()
    },
    close: async () => {
      if (closed) return
      closed = true
      stopping.abort()
      await talk.ended()
      memory.clear()
      lease.end()
      if (!listener) return
      // A name that is left behind is waited for until its lease has run out.
      await listener.query('DELETE FROM node WHERE id = $1', [id]).catch(() => undefined)
      await listener.close()
    },
  }
}

const pending =
  'the destruction or fence is pending: it is recorded, but another node has not confirmed that it ' +
  'has forgotten what it remembered; ask again'

/** The row lock on the generation puts announcements in the order of their commits. */
const announcement = `
  WITH counted AS (UPDATE generation SET number = number + 1 RETURNING number)
  SELECT number, pg_notify($1, number || ' ' || $2) FROM counted`

const renewal = `
  WITH gone AS (DELETE FROM node WHERE until < clock_timestamp() - interval '1 hour' AND id <> $1)
  INSERT INTO node (id, seen, until)
  VALUES ($1, $2, clock_timestamp() + $3::float8 * interval '1 millisecond')
  ON CONFLICT (id) DO UPDATE SET seen = excluded.seen, until = excluded.until
  RETURNING (SELECT number FROM generation) AS number`

async function isSeenByOthers(query: Query, id: Buffer, generation: number): Promise<boolean> {
  const [row] = await query<{ waits: boolean }>(
    `SELECT EXISTS (
       SELECT FROM node WHERE id <> $1 AND seen < $2 AND until > clock_timestamp()
     ) AS waits`,
    [id, generation],
  )
  return !row!.waits
}

/**
 * Until when a node may answer from memory, by its own clocks. The server counts from later on than
 * `asked`, so the lease ends here first; the wall clock goes on while a machine sleeps.
 */
function createLease() {
  let until = { steady: -Infinity, wall: -Infinity }
  let ended = false
  return {
    asked: () => ({ steady: performance.now(), wall: Date.now() }),
    extend: (asked: { steady: number; wall: number }, lengthMs: number) => {
      until = { steady: asked.steady + lengthMs, wall: asked.wall + lengthMs }
      ended = false
    },
    holds: () => !ended && performance.now() < until.steady && Date.now() < until.wall,
    end: () => {
      ended = true
    },
    isEnded: () => ended,
  }
}

type Talk = Readonly<{ start(): void; wake(): void; ended(): Promise<void> }>

/** Takes one turn after another, each after a pause or when it is woken; waits longer after failures. */
function createTalk(on: {
  pauseMs: number
  stopping: AbortSignal
  turn: () => Promise<void>
  failed: () => void
}): Talk {
  let wake = () => undefined as void
  let isWoken = false
  let running: Promise<void> = Promise.resolve()
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const run = async (): Promise<void> => {
    let failures = 0
    while (!on.stopping.aborted) {
      if (failures > 0) {
        await pause(Math.random() * Math.min(longestReconnectMs, 20 * 2 ** failures))
      } else if (!isWoken) await pause(on.pauseMs)
      isWoken = false
      if (on.stopping.aborted) return
      try {
        await on.turn()
        failures = 0
      } catch {
        failures += 1
        on.failed()
      }
    }
  }
  on.stopping.addEventListener('abort', () => wake())
  return {
    start: () => {
      running = run()
    },
    wake: () => {
      isWoken = true
      wake()
    },
    ended: () => running,
  }
}

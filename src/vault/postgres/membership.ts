import { randomBytes } from 'node:crypto'
import type { SubjectId } from '../../domain/values.ts'
import type { Driver, Listener, Query } from './driver.ts'
import { createLease } from './lease.ts'
import { createTalk } from './talk.ts'

/** This node among those that are told of changes. */
export type Membership = Readonly<{
  /** Its row in `node`. */
  id: Buffer
  /** Whether it may answer from memory: others wait for it to confirm. */
  holds(): boolean
  /** Up to which generation it has forgotten what it was told to. */
  seen(): number
  close(): Promise<void>
}>

export type MembershipOptions = Readonly<{
  driver: Driver
  channel: string
  leaseMs: number
  /** Called before it is confirmed. Null: everything is to be forgotten. */
  forget: (subject: SubjectId | null) => void
}>

/** Of a lease, how much is used: clocks of two machines may run apart by far less than the rest. */
const usedShare = 0.8

/**
 * Takes part: listens, confirms, renews its lease over the same connection, and makes a new connection
 * when that one was lost. Resolves when it has its first lease.
 * @throws VaultUnavailable
 */
export async function join(options: MembershipOptions): Promise<Membership> {
  const { driver, channel, leaseMs, forget } = options
  const id = randomBytes(16)
  const lease = createLease()
  const stopping = new AbortController()
  let seen = 0
  let listener: Listener | null = null

  const notified = (payload: string): void => {
    const told = parse(payload)
    // What came before the lease is known with it.
    if (told && told.generation <= seen) return
    forget(told?.generation === seen + 1 ? told.subject : null)
    if (told) seen = told.generation
    talk.wake()
  }
  /** Confirms what was seen, and takes the lease for longer. */
  const renew = async (query: Query): Promise<void> => {
    const asked = lease.asked()
    const [row] = await query<{ number: string }>(renewal, [id, seen, leaseMs])
    const generation = Number(row!.number)
    // Others did not wait for whoever had no lease.
    if (!lease.holds() || generation > seen) forget(null)
    if (generation > seen) seen = generation
    lease.extend(asked, leaseMs * usedShare)
  }
  const connect = async (): Promise<void> => {
    // A server that took over after a failure may have lost the last ones, and count them again.
    seen = 0
    const lost = () => {
      lease.end()
      talk.wake()
    }
    const opened = await driver.listen(channel, { notified, lost })
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
    failed: lease.end,
  })

  await connect()
  talk.start()
  return {
    id,
    holds: lease.holds,
    seen: () => seen,
    close: async () => {
      stopping.abort()
      await talk.ended()
      lease.end()
      if (!listener) return
      // A row that is left behind is waited for until its lease has run out.
      await listener.query('DELETE FROM node WHERE id = $1', [id]).catch(() => undefined)
      await listener.close()
    },
  }
}

type Told = Readonly<{ generation: number; subject: SubjectId | null }>

/** What `announce` sends: a generation, and a subject or `*`. */
function parse(payload: string): Told | null {
  const [, number, subject] = /^(\d+) (\*|[0-9a-f]{32})$/.exec(payload) ?? []
  if (subject === undefined) return null
  return { generation: Number(number), subject: subject === '*' ? null : (subject as SubjectId) }
}

const renewal = `
  WITH gone AS (DELETE FROM node WHERE until < clock_timestamp() - interval '1 hour' AND id <> $1)
  INSERT INTO node (id, seen, until)
  VALUES ($1, $2, clock_timestamp() + $3::float8 * interval '1 millisecond')
  ON CONFLICT (id) DO UPDATE SET seen = excluded.seen, until = excluded.until
  RETURNING (SELECT number FROM generation) AS number`

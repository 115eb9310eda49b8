import { setTimeout as sleep } from 'node:timers/promises'
import type { SubjectId } from '../../domain/values.ts'
import type { VaultMemory } from '../vault-memory.ts'
import { VaultUnavailable } from '../vault.ts'
import type { Driver, Query } from './driver.ts'
import { createInvalidations } from './invalidations.ts'
import { join } from './membership.ts'

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

/** Resolves when the node has its first lease. @throws VaultUnavailable */
export async function createCoherence(options: CoherenceOptions): Promise<Coherence> {
  const { driver, memory, channel, leaseMs, forgotten } = options
  const invalidations = createInvalidations()
  let closed = false

  const forget = (subject: SubjectId | null): void => {
    if (subject !== null) {
      memory.forgetSubject(subject)
      invalidations.add(subject)
      return
    }
    memory.clear()
    invalidations.addAll()
    forgotten()
  }
  const node = await join({ driver, channel, leaseMs, forget })
  return {
    isCurrent: () => !closed && node.holds(),
    mark: invalidations.mark,
    stands: invalidations.stands,
    announce: async (query, subject) => {
      const [row] = await query<{ number: string }>(announcement, [channel, subject ?? '*'])
      return Number(row!.number)
    },
    confirmed: async (generation) => {
      const deadline = performance.now() + 3 * leaseMs
      for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 20)) {
        const isSeenHere = node.seen() >= generation || !node.holds()
        if (isSeenHere && (await isSeenByOthers(driver.query, node.id, generation))) break
        if (performance.now() > deadline) throw new VaultUnavailable(pending)
        await sleep(pauseMs)
      }
      // Without a lease nothing is told here.
      if (node.seen() < generation) forget(null)
    },
    close: async () => {
      if (closed) return
      closed = true
      await node.close()
      memory.clear()
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

async function isSeenByOthers(query: Query, id: Buffer, generation: number): Promise<boolean> {
  const [row] = await query<{ waits: boolean }>(
    `SELECT EXISTS (
       SELECT FROM node WHERE id <> $1 AND seen < $2 AND until > clock_timestamp()
     ) AS waits`,
    [id, generation],
  )
  return !row!.waits
}

import type { ControllerId, Instant, Revision } from '../domain/values.ts'
import type { EventLog, EventReader, LogRecord, NO_STREAM } from '../ledger/event-log.ts'
import { compareLogs, describeParting, type Compared } from './compare.ts'
import { pagesOf, survey, type SignedOf, type Trees } from './trees.ts'

export type LedgerMove = Readonly<{
  source: EventReader
  target: EventLog
  /** Called once, after all that may refuse, before the first record is appended. */
  prepare?: () => Promise<void>
  /** How far each step is, in records. `total` is 0 while it is not known. */
  onProgress?: (step: MoveStep, done: number, total: number) => void
}>

/** `reading`: what was signed of the source. `comparing`: with what is there. `verifying`: at the end. */
export type MoveStep = 'reading' | 'comparing' | 'moving' | 'verifying'

export type LedgerMoved = Readonly<{
  /** How many records both logs have now, and how many of them this run has appended. */
  records: number
  appended: number
  /** By controller: the tree of both logs, and the newest checkpoint that they carry. */
  trees: readonly MovedTree[]
}>

export type MovedTree = Readonly<{
  controller: ControllerId
  size: number
  /** Base64, as in checkpoints. */
  root: string
  newest: Readonly<{ origin: string; size: number; signedAt: Instant }> | null
}>

/** What can't be moved as it is, and why. Nothing was written. */
export class MigrationRefused extends Error {
  override readonly name = 'MigrationRefused'
}

/** Of one append: so many records and bytes of bodies. A server takes 1 MiB at most, by default. */
const mostRecords = 500
const mostBytes = 512 * 1024

/**
 * Copies every record of a log to another, in its order, each with the same id and bytes at the same revision
 * of its stream, and reads both again at the end. May be killed at any moment: it goes on where the target
 * stands. One append comes after the other, since the order of the log is what the trees are made of.
 *
 * @throws MigrationRefused where the target is no beginning of the source, or the source is not what its
 *   newest checkpoints signed; LogUnavailable; Error when the target is not the source in the end
 */
export async function migrateLedger(move: LedgerMove): Promise<LedgerMoved> {
  const { source, target, onProgress = () => {} } = move
  onProgress('reading', 0, 0)
  const { records, signed } = await survey(source)
  const before = await compareLogs(move, signed, (done) => onProgress('comparing', done, records))
  assertMayBegin(before)
  await move.prepare?.()
  const appended = await copy(source, target, before.same, (done) =>
    onProgress('moving', done, records),
  )
  // What was not written now was read a moment ago.
  const after = appended === 0 ? before : await verify(move, signed, records)
  assertMoved(after)
  return { records, appended, trees: treesOf(after.target, signed) }
}

function verify(
  { source, target, onProgress = () => {} }: LedgerMove,
  signed: SignedOf,
  records: number,
): Promise<Compared> {
  return compareLogs({ source, target }, signed, (done) => onProgress('verifying', done, records))
}

function assertMayBegin({ source, parting }: Compared): void {
  const altered = source.diverged()
  if (altered !== null) {
    throw new MigrationRefused(
      `the ledger is not what was signed: the tree of ${altered} has another root than its newest ` +
        "checkpoint; 'custody verify' says where",
    )
  }
  if (!parting?.target) return
  const ahead = parting.source === null ? 'the target holds more than the source: ' : ''
  throw new MigrationRefused(
    `${ahead}${describeParting(parting)}; only a target that is empty, or that an earlier run has begun, ` +
      'can take the ledger',
  )
}

/** How many were appended. */
async function copy(
  source: EventReader,
  target: EventLog,
  from: number,
  onProgress: (done: number) => void,
): Promise<number> {
  let done = from
  for await (const batch of batchesOf(source, from)) {
    const [first] = batch
    const expected = (first!.revision - 1) as Revision | typeof NO_STREAM
    const { stream } = first!
    const records = batch.map(({ id, type, body }) => ({ id, type, body }))
    const answer = await target.append(stream, expected, records)
    if (answer.status === 'conflict') {
      throw new Error(
        `couldn't move ${stream}@${first!.revision}: the target's stream is at ${answer.actual} ` +
          'meanwhile; something else writes to it',
      )
    }
    done += batch.length
    onProgress(done)
  }
  return done - from
}

/**
 * Records that go in one append: those of one stream that stand behind each other. Where a batch ends depends
 * on where the first begins and on nothing else, so that an append which a killed run has sent, and which
 * arrives late, is the same as that of the next run.
 */
async function* batchesOf(
  source: EventReader,
  skipped: number,
): AsyncGenerator<readonly LogRecord[]> {
  let batch: LogRecord[] = []
  let bytes = 0
  let place = 0
  for await (const page of pagesOf(source)) {
    for (const record of page) {
      place += 1
      if (place <= skipped) continue
      const size = Buffer.byteLength(record.body)
      const isFull = batch.length === mostRecords || bytes + size > mostBytes
      if (batch.length > 0 && (isFull || record.stream !== batch[0]!.stream)) {
        yield batch
        batch = []
        bytes = 0
      }
      batch.push(record)
      bytes += size
    }
  }
  if (batch.length > 0) yield batch
}

function assertMoved({ source, target, parting }: Compared): void {
  if (parting) throw new Error(`couldn't move the ledger: ${describeParting(parting)}`)
  const altered = target.diverged()
  if (altered !== null) throw new Error(`couldn't move the ledger: ${altered} has another root`)
  const there = target.roots()
  for (const [controller, { size, root }] of source.roots()) {
    const other = there.get(controller)
    if (other?.size === size && other.root.equals(root)) continue
    throw new Error(`couldn't move the ledger: the trees of ${controller} are not the same`)
  }
}

function treesOf(trees: Trees, signed: SignedOf): MovedTree[] {
  return [...trees.roots()].map(([controller, { size, root }]) => {
    const newest = signed.get(controller)
    return {
      controller,
      size,
      root: root.toString('base64'),
      newest: newest
        ? { origin: newest.origin, size: newest.size, signedAt: newest.signedAt }
        : null,
    }
  })
}

import { createHash } from 'node:crypto'
import type { ManifestSummary, TransferScope } from '../domain/transfer/events.ts'
import type { ControllerId, Day, Position, Reference, SubjectId } from '../domain/values.ts'
import type { TransferItemRow, Views } from '../projections/views.ts'

/** What a manifest came to, and its lines, which can be walked any number of times. */
export type Manifest = Readonly<{ summary: ManifestSummary; lines: Iterable<string> }>

/**
 * What would pass to the acquirer at one ledger position (N6, S8): NDJSON, one line for each item that
 * passes, ordered by person, each ending in a line feed; and the summary with the SHA-256 of those bytes.
 * The items are walked once for the summary and once for each walk of `lines`; never held in memory.
 *
 * @param asOf what is due for deletion on or before this day does not pass
 * @param transfer whose notices count; null: nobody has been notified. `notNotified` counts the people
 *   whose data passes and who were not told of it in person (S9); a notice on the site is told apart
 *   by the transfer itself.
 */
export function takeManifest(
  views: Views,
  controller: ControllerId,
  position: Position,
  scope: TransferScope,
  asOf: Day,
  transfer: Reference | null = null,
): Manifest {
  const items = () => views.transferItems(controller, position, scope, asOf)
  const hash = createHash('sha256')
  let subjects = 0
  let passing = 0
  let excluded = 0
  let notNotified = 0
  let last: SubjectId | null = null
  for (const item of items()) {
    if (item.excluded !== null) {
      excluded += 1
      continue
    }
    passing += 1
    hash.update(manifestLine(item))
    if (item.subject === last) continue
    last = item.subject
    subjects += 1
    if (!wasNotified(views, controller, position, item.subject, transfer)) notNotified += 1
  }
  const digest = hash.digest('hex')
  return {
    summary: { position, subjects, items: passing, excluded, notNotified, digest },
    lines: { [Symbol.iterator]: () => lines(items()) },
  }
}

/** Whether the person was told of the transfer in person, up to the position. */
export function wasNotified(
  views: Views,
  controller: ControllerId,
  position: Position,
  subject: SubjectId,
  transfer: Reference | null,
): boolean {
  return transfer !== null && views.notified(controller, position, subject, 'transfer', transfer)
}

function* lines(items: Iterable<TransferItemRow>): Generator<string, void, undefined> {
  for (const item of items) if (item.excluded === null) yield manifestLine(item)
}

/** Keys in a fixed order: the digest is over these bytes. */
function manifestLine(item: TransferItemRow): string {
  const { subject, category, lot, kind, property, collection } = item
  return `${JSON.stringify({ subject, category, lot, kind, property, collection })}\n`
}

import { streamParts } from '../domain/envelope.ts'
import type { ControllerId, Position } from '../domain/values.ts'
import type { EventReader, LogRecord } from '../ledger/event-log.ts'
import { isLeaf } from '../notary/leaves.ts'
import type { Notary } from '../notary/notary.ts'
import type { Views } from '../projections/views.ts'

/** Where the events of a bundle come from. */
export type Sources = Readonly<{
  notary: Notary
  log: EventReader
  views: Views
  limits: GatherLimits
}>

/** How many events a bundle may have, and how many characters their bodies may be together. */
export type GatherLimits = Readonly<{ events: number; characters: number }>

/** How many records are read at once. */
export const readAtOnce = 1_000

/** The controller's events that are leaves, after a position, in order. */
export async function* leavesAfter(
  log: EventReader,
  controller: ControllerId,
  after: Position,
): AsyncGenerator<LogRecord> {
  for (let position = after; ;) {
    const page = await log.readAll(position, readAtOnce)
    for (const record of page) {
      if (isLeaf(record) && streamParts(record.stream).controller === controller) yield record
    }
    const last = page.at(-1)
    if (!last) return
    position = last.position
  }
}

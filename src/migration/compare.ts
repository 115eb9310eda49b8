import type { EventReader, LogRecord } from '../ledger/event-log.ts'
import { pagesOf, Trees, type SignedOf } from './trees.ts'

/** Where two logs part: the n-th record, from 1, and what each has there; null where it has ended. */
export type Parting = Readonly<{
  place: number
  source: LogRecord | null
  target: LogRecord | null
}>

/** How two logs compare, record by record. */
export type Compared = Readonly<{
  /** How many records at the beginning are the same, but for their positions. */
  same: number
  /** Null where all are the same. */
  parting: Parting | null
  /** The trees of all of the source, and of what is the same in the target. */
  source: Trees
  target: Trees
}>

/**
 * Reads two logs beside each other: ids, types, bytes, streams and revisions. The source is read to its end
 * also where they part; of the target no more than the first record that is not the source's. A page of each
 * is held.
 *
 * @param signed what the source carries
 * @param onProgress hears how many records of the source were read
 */
export async function compareLogs(
  { source, target }: Readonly<{ source: EventReader; target: EventReader }>,
  signed: SignedOf,
  onProgress: (read: number) => void = () => {},
): Promise<Compared> {
  const trees = { source: new Trees(signed), target: new Trees(signed) }
  const targets = recordsOf(target)
  let place = 0
  let same = 0
  let parting: Parting | null = null
  for await (const page of pagesOf(source)) {
    for (const record of page) {
      place += 1
      trees.source.add(record)
      if (parting) continue
      const other = await targets.next()
      if (other && isSame(record, other)) {
        same = place
        trees.target.add(other)
      } else parting = { place, source: record, target: other }
    }
    onProgress(place)
  }
  if (!parting) {
    const other = await targets.next()
    if (other) parting = { place: place + 1, source: null, target: other }
  }
  return { same, parting, ...trees }
}

/** Where logs part, in words. */
export function describeParting({ place, source, target }: Parting): string {
  const named = (record: LogRecord | null) =>
    record ? `${record.type} ${record.id} at ${record.stream}@${record.revision}` : 'nothing'
  const what =
    source && target && named(source) === named(target) ? ', with other bytes in its body' : ''
  return `record ${place} of the target is ${named(target)}${what}, and of the source ${named(source)}`
}

function isSame(one: LogRecord, other: LogRecord): boolean {
  return (
    one.id === other.id &&
    one.stream === other.stream &&
    one.revision === other.revision &&
    one.type === other.type &&
    one.body === other.body
  )
}

/** One record after the other. A promise for each would cost more than the comparison: most come at once. */
function recordsOf(reader: EventReader): { next(): Promise<LogRecord | null> | LogRecord | null } {
  const pages = pagesOf(reader)
  let page: readonly LogRecord[] = []
  let at = 0
  const turn = async (): Promise<LogRecord | null> => {
    const next = await pages.next()
    if (next.done) return null
    page = next.value
    at = 1
    return page[0]!
  }
  return { next: () => (at < page.length ? page[at++]! : turn()) }
}

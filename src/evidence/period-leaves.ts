import { START, type Instant } from '../domain/values.ts'
import { decode } from '../ledger/codec.ts'
import type { LogRecord } from '../ledger/event-log.ts'
import type { SignedHead } from '../notary/notary.ts'
import type { Paths, Placed } from './paths.ts'
import type { Moments } from './period.ts'
import { leavesAfter, type Sources } from './sources.ts'

const dayMs = 86_400_000

/** How far before the period its neighbour is looked for, in milliseconds, until there is one. */
const looksBackMs = [60_000, dayMs, 40 * dayMs]

/**
 * The leaves that were recorded in a period, without a gap, with the one before and the one behind, where
 * there is one: at these a stranger sees that nothing is missing at the edges. One at least.
 *
 * @param meter is told each of them
 */
export async function leavesOfPeriod(
  { log, views }: Sources,
  paths: Paths,
  { controller, size }: SignedHead,
  moments: Moments,
  meter: (record: LogRecord) => void,
): Promise<readonly Placed[]> {
  for (const back of looksBackMs) {
    const after = views.positionAt(controller, earlier(moments.start, back))
    const found = await around(leavesAfter(log, controller, after), moments, meter)
    const first = found[0]?.recordedAt ?? moments.start
    const place = first < moments.start ? await paths.place(found[0]!.record) : null
    if (place) return numbered(found, place.index, size)
  }
  // There is nothing before it, or nothing that was signed: then all that was signed is counted.
  const signed = upTo(size, leavesAfter(log, controller, START))
  const found = await around(signed, moments, meter)
  return numbered(found, found[0]!.leaf, size)
}

/** A record with its place among those that were walked. */
type Walked = Readonly<{ record: LogRecord; recordedAt: Instant; leaf: number }>

/** What was recorded in the period, from the one before to the one behind. */
async function around(
  records: AsyncIterable<LogRecord>,
  { start, end }: Moments,
  meter: (record: LogRecord) => void,
): Promise<readonly Walked[]> {
  const found: Walked[] = []
  let before: Walked | null = null
  let leaf = 0
  for await (const record of records) {
    const { recordedAt } = decode(record)
    const walked = { record, recordedAt, leaf }
    leaf += 1
    if (recordedAt < start && found.length === 0) {
      before = walked
      continue
    }
    meter(record)
    found.push(walked)
    if (recordedAt >= end) break
  }
  return before ? [before, ...found] : found
}

function numbered(found: readonly Walked[], first: number, size: number): readonly Placed[] {
  return found.slice(0, size - first).map(({ record }, at) => ({ record, index: first + at }))
}

async function* upTo(count: number, records: AsyncIterable<LogRecord>): AsyncGenerator<LogRecord> {
  let told = 0
  for await (const record of records) {
    if (told === count) return
    yield record
    told += 1
  }
}

function earlier(moment: Instant, milliseconds: number): Instant {
  return new Date(Math.max(Date.parse(moment) - milliseconds, 0)).toJSON() as Instant
}

import { streamName, type StreamName } from '../domain/envelope.ts'
import type {
  ControllerId,
  Day,
  Position,
  Principal,
  PurposeKey,
  RecipientId,
  SourceId,
  SubjectId,
} from '../domain/values.ts'
import { pageOf, emptyPage } from './cursor.ts'
import { facetReads, type Facets } from './facets.ts'
import { packInstant, unpackEventId, unpackInstant } from './packing.ts'
import type { Reader, Row } from './reader.ts'
import type { AuditFilter, AuditRow, Page, Paging, Views } from './views.ts'

const columns = `position, facet, occurred_at, subject, event, stream, revision, lag`
const within = 'position > ?1 AND position <= ?2 ORDER BY position LIMIT ?3'

/** The questions to the audit trail. Each walks one index in the order of the ledger. */
export const auditReads = {
  all: `SELECT ${columns} FROM audit WHERE controller = ?4 AND ${within}`,
  ofPerson: `SELECT ${columns} FROM audit WHERE subject = ?4 AND ${within}`,
  ofFacet: `SELECT position FROM audit WHERE facet = ?4 AND ${within}`,
  at: `SELECT ${columns} FROM audit WHERE position = ?`,
  secondOf: `SELECT second, position FROM recorded_second WHERE controller = ? AND second <= ?
    ORDER BY second DESC LIMIT 1`,
  secondBehind: `SELECT position FROM recorded_second WHERE controller = ? AND second > ?
    ORDER BY second LIMIT 1`,
  recordedLater: `SELECT position FROM audit WHERE controller = ? AND position >= ?
    AND position < ? AND occurred_at + lag > ? ORDER BY position LIMIT 1`,
  before: `SELECT position FROM audit WHERE controller = ? AND position < ?
    ORDER BY position DESC LIMIT 1`,
} as const

type Asked = Readonly<{ reader: Reader; facets: Facets; name: ControllerId; controller: number }>

/** A page of the trail, in the order of the ledger. */
export function auditPage(
  asked: Asked,
  position: number,
  filter: AuditFilter,
  paging: Paging,
): Page<AuditRow> {
  const { reader, facets, controller } = asked
  const person = filter.subject === undefined ? null : reader.person(controller, filter.subject)
  if (filter.subject !== undefined && person === null) return emptyPage
  const wanted = facets.wanted(controller, filter)
  const from = filter.from === undefined ? -Infinity : packInstant(filter.from)
  const until = filter.until === undefined ? Infinity : packInstant(filter.until)
  const walk = (after: number, count: number) =>
    person === null
      ? reader.all(auditReads.all, after, position, count, controller)
      : reader.all(auditReads.ofPerson, after, position, count, person)
  const pick = (after: number, count: number) => picked(reader, wanted!, after, position, count)
  const rare = person === null && wanted !== null && isRare(reader, controller, wanted, paging)
  return pageOf({
    list: 'audit',
    paging,
    start: [-1],
    more: ([after], count) => (rare ? pick : walk)(Number(after), count),
    keyOf: ([at]) => [Number(at)],
    wanted: ([, facet, at]) =>
      (!wanted || wanted.has(Number(facet))) && Number(at) >= from && Number(at) < until,
    answer: (row) => auditRow(asked, row),
  })
}

/** How many events by type, outcome and first code, up to the position. */
export function auditSummary(
  { reader, facets, controller }: Asked,
  position: number,
): ReturnType<Views['auditSummary']> {
  type Line = { type: string; outcome: string | null; code: string | null; events: number }
  const lines = new Map<string, Line>()
  for (const [facet, count] of reader.all(facetReads.countsAsOf, controller, position)) {
    const events = Number(count)
    if (events === 0) continue
    const [type, outcome, code] = facets.body(controller, Number(facet))
    const key = [type, outcome ?? '', code ?? ''].join(' ')
    const line = lines.get(key) ?? { type, outcome, code, events: 0 }
    line.events += events
    lines.set(key, line)
  }
  return [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line)
}

/** The last position before which all was recorded at or before the moment: what was known then. */
export function positionRecordedAt(reader: Reader, controller: number, moment: number): number {
  const second = Math.floor(moment / 1000)
  const started = reader.first(auditReads.secondOf, controller, second)
  if (!started) return 0
  const next = reader.first(auditReads.secondBehind, controller, second)
  const end = next ? Number(next[0]) : Number.MAX_SAFE_INTEGER
  const later =
    Number(started[0]) === second
      ? reader.first(auditReads.recordedLater, controller, Number(started[1]), end, moment)
      : undefined
  const last = reader.first(auditReads.before, controller, later ? Number(later[0]) : end)
  return last ? Number(last[0]) : 0
}

/**
 * Whether a filter's events are found faster facet by facet than by walking past all others. In steps of
 * a walk: going to a facet costs about five, and a page walks past what lies between its rows.
 */
function isRare(
  reader: Reader,
  controller: number,
  wanted: ReadonlySet<number>,
  { limit }: Paging,
): boolean {
  const all = Number(reader.first(facetReads.events, controller)?.[0])
  let events = 0
  for (const [facet, count] of reader.all(facetReads.counts, controller)) {
    if (wanted.has(Number(facet))) events += Number(count)
  }
  const walking = events === 0 ? all : Math.min(all, (limit * all) / events)
  return wanted.size * 5 + Math.min(wanted.size * limit, events) < walking
}

/** The next events of the facets, at most `count`, merged in the order of the ledger. */
function picked(
  reader: Reader,
  wanted: ReadonlySet<number>,
  after: number,
  position: number,
  count: number,
): Row[] {
  const positions: number[] = []
  for (const facet of wanted) {
    for (const [at] of reader.all(auditReads.ofFacet, after, position, count, facet)) {
      positions.push(Number(at))
    }
  }
  const next = positions.sort((a, b) => a - b).slice(0, count)
  return next.map((at) => reader.first(auditReads.at, at)!)
}

function auditRow({ reader, facets, name, controller }: Asked, row: Row): AuditRow {
  const [position, facet, occurredAt, subject, event, stream, revision, lag] = row
  const [
    type,
    outcome,
    code,
    codes,
    obligations,
    rules,
    purposes,
    recipient,
    principal,
    source,
    version,
  ] = facets.body(controller, Number(facet))
  const person = subject === null ? null : reader.subject(Number(subject))
  return {
    position: Number(position) as Position,
    event: unpackEventId(event as Uint8Array),
    stream: stream === null ? streamOf(name, person!) : reader.text(Number(stream)),
    revision: Number(revision),
    type,
    subject: person,
    occurredAt: unpackInstant(Number(occurredAt)),
    recordedAt: unpackInstant(Number(occurredAt) + Number(lag)),
    principal: principal as Principal,
    source: source as SourceId | null,
    policyVersion: version as Day | null,
    purpose: (purposes.length === 1 ? purposes[0] : null) as PurposeKey | null,
    recipient: recipient as RecipientId | null,
    outcome,
    code,
    codes,
    obligations,
    rules,
  }
}

function streamOf(controller: ControllerId, subject: SubjectId): StreamName {
  return streamName('subject', controller, subject)
}

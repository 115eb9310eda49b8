import type { LedgerEvent } from '../domain/envelope.ts'
import type { Notice } from '../domain/notification/events.ts'
import { firstRefusal, type Refusal } from '../domain/refusal.ts'
import type { PersonFacts } from './facts.ts'
import { packEventId, packInstant } from './packing.ts'
import { defineProjection, type Change, type EventType, type Folded } from './projection.ts'
import { insertInto, type Table } from './table.ts'

/**
 * The audit trail: a row for each event, without any personal value. What repeats from event to event is
 * its facet, kept once; so a filter is a choice of facets, and each facet's events are in one index.
 */
const trailTable: Table = {
  name: 'audit',
  columns: {
    position: 'position',
    controller: 'controller',
    subject: { holds: 'subject', optional: true },
    event: 'event',
    /** Null where the stream is the subject's. */
    stream: { holds: 'term', optional: true },
    revision: 'count',
    occurred_at: 'instant',
    /** From occurredAt to recordedAt: short numbers for what is recorded as it happens. */
    lag: 'milliseconds',
    facet: 'facet',
  },
  key: ['position'],
}

/**
 * The first event of each second of recording time, where time is the latest that any event before it
 * was recorded: clocks of several writers may disagree, and the answer to a past moment must not change.
 */
const secondTable: Table = {
  name: 'recorded_second',
  columns: { controller: 'controller', second: 'count', position: 'position' },
  key: ['controller', 'second'],
}

/** The words of an event that a trail shows and that many events share. */
export type FacetBody = readonly [
  type: string,
  outcome: 'permitted' | 'violated' | 'refused' | null,
  code: string | null,
  codes: readonly string[],
  obligations: readonly string[],
  rules: readonly string[],
  purposes: readonly string[],
  recipient: string | null,
  principal: string,
  source: string | null,
  policyVersion: string | null,
]

type Write = 'record' | 'second'

export const audit = defineProjection<EventType, Write, never>({
  name: 'audit',
  tables: [trailTable, secondTable],
  indexes: [
    'CREATE INDEX audit_order ON audit (controller, position)',
    'CREATE INDEX audit_subject ON audit (subject, position) WHERE subject IS NOT NULL',
    'CREATE INDEX audit_facet ON audit (facet, position)',
  ],
  follows: 'everything',
  writes: {
    record: insertInto(trailTable),
    second: insertInto(secondTable),
  },
  lookups: {},
  changes,
})

function changes(folded: Folded): readonly Change<Write>[] {
  const { event, position, at, controller, stream, names } = folded
  const person = folded.person ?? toldAbout(folded)
  const recordedAt = packInstant(event.recordedAt)
  const facet = names.count(controller, JSON.stringify(facetOf(folded)))
  const streamTerm = stream.kind === 'subject' ? null : names.term(event.stream)
  const record: Change<Write> = [
    'record',
    [
      position,
      controller.number,
      person?.number ?? null,
      packEventId(event.id),
      streamTerm,
      event.revision,
      at,
      recordedAt - at,
      facet,
    ],
  ]
  const second = Math.floor(recordedAt / 1000)
  if (second <= controller.recordedSecond) return [record]
  controller.recordedSecond = second
  return [record, ['second', [controller.number, second, position]]]
}

/** The facet of an event: see `FacetBody`. */
function facetOf({ event, stream }: Folded): FacetBody {
  const { type, principal } = event
  const { outcome, refusals, authority } = judged(event)
  const code = firstRefusal(refusals)?.code ?? null
  return [
    type,
    outcome,
    code,
    distinct(refusals.map((refusal) => refusal.code)),
    authority?.obligations ?? distinct(refusals.map(({ obligation }) => obligation)),
    authority?.rules ?? distinct(refusals.map(({ rule }) => rule)),
    purposesOf(event),
    stream.kind === 'recipient' ? stream.id : recipientOf(event),
    principal,
    stream.kind === 'source' ? stream.id : sourceOf(event),
    event.policyVersion,
  ]
}

type Authority = { obligations: readonly string[]; rules: readonly string[] }
type Judged = Readonly<{
  outcome: FacetBody[1]
  refusals: readonly Refusal[]
  authority: Authority | null
}>

function judged({ data }: LedgerEvent): Judged {
  if ('refusals' in data) {
    return { outcome: 'refused', refusals: data.refusals, authority: null }
  }
  if (!('judgement' in data)) return { outcome: null, refusals: [], authority: null }
  const { judgement } = data
  return judgement.outcome === 'permitted'
    ? { outcome: 'permitted', refusals: [], authority: judgement.authority }
    : { outcome: 'violated', refusals: judgement.violations, authority: null }
}

function purposesOf({ data }: LedgerEvent): readonly string[] {
  const act = actOf(data)
  if (act && 'purposes' in act) return act.purposes
  if (act && 'purpose' in act && act.purpose) return [act.purpose]
  return 'purpose' in data && data.purpose ? [data.purpose] : []
}

/** A message to a downstream system belongs to the trail of the person it is about. */
function toldAbout({ event, controller, names }: Folded): PersonFacts | null {
  const notice = noticeIn(event)
  return notice && names.person(controller, notice.subject)
}

function noticeIn({ data }: LedgerEvent): Notice | null {
  return 'notice' in data && 'downstream' in data.notice ? data.notice : null
}

function recipientOf(event: LedgerEvent): string | null {
  const { kind, id } = noticeIn(event)?.downstream ?? {}
  if (kind === 'recipient') return id ?? null
  const act = actOf(event.data)
  return act && 'recipient' in act ? act.recipient : null
}

function sourceOf(event: LedgerEvent): string | null {
  const { kind, id } = noticeIn(event)?.downstream ?? {}
  if (kind === 'source') return id ?? null
  return 'source' in event.data ? event.data.source : null
}

function actOf(data: LedgerEvent['data']) {
  if ('act' in data) return data.act
  return 'attempted' in data ? data.attempted : null
}

function distinct(words: readonly (string | null)[]): string[] {
  return [...new Set(words)].filter((word) => word !== null)
}

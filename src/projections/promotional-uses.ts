import { peopleAsked } from './asking.ts'
import { emptyPage, pageOf } from './cursor.ts'
import { unpackEventId, unpackInstant } from './packing.ts'
import type { Reader, Row } from './reader.ts'
import { CONSENT, OBJECTION, stoodAt } from './standings.ts'
import type { Position } from '../domain/values.ts'
import type { Page, Paging, PromotionalUseRow, Views } from './views.ts'
import { parse } from 'yaml'
import { parsePolicy } from '../domain/policy/parse.ts'
import { assertNever, type PurposeKey } from '../domain/values.ts'
import { packDay } from './packing.ts'
import { defineProjection, unchanged, type Change, type Folded } from './projection.ts'
import { insertInto, type Table } from './table.ts'

/** Uses for a purpose that some version of the controller's policies declares promotional (S3, S13). */
const useTable: Table = {
  name: 'promotional_use',
  columns: {
    subject: 'subject',
    position: 'position',
    purpose: 'term',
    at: 'instant',
    on_day: 'day',
    opt_out_offered: 'flag',
    permitted: 'flag',
  },
  key: ['subject', 'position'],
}

const purposeTable: Table = {
  name: 'promotional_purpose',
  columns: { controller: 'controller', purpose: 'term' },
  key: ['controller', 'purpose'],
}

type Followed = 'PolicyPublished' | 'DataUsed'
type Write = 'declare' | 'use'

export const promotionalUses = defineProjection<Followed, Write, never>({
  name: 'promotional-uses',
  tables: [useTable, purposeTable],
  indexes: [],
  follows: ['PolicyPublished', 'DataUsed'],
  writes: {
    declare: insertInto(purposeTable, 'OR IGNORE'),
    use: insertInto(useTable),
  },
  lookups: {},
  changes,
})

function changes(folded: Folded<Followed>): readonly Change<Write>[] {
  const { event, position, at, controller, person, names } = folded
  switch (event.type) {
    case 'PolicyPublished': {
      const purposes = promotionalIn(event.data.document).map(names.term)
      for (const purpose of purposes) controller.promotional.add(purpose)
      return purposes.map((purpose) => ['declare', [controller.number, purpose]])
    }
    case 'DataUsed': {
      if (!person || controller.promotional.size === 0) return unchanged
      const { act, judgement, on } = event.data
      const purpose = names.term(act.purpose)
      if (!controller.promotional.has(purpose)) return unchanged
      const permitted = judgement.outcome === 'permitted' ? 1 : 0
      const how = [act.optOutOffered ? 1 : 0, permitted]
      return [['use', [person.number, position, purpose, at, packDay(on), ...how]]]
    }
    default:
      return assertNever(event)
  }
}

/** A document that this build cannot read declares nothing: publishing has judged it long ago. */
function promotionalIn(document: string): PurposeKey[] {
  const parsed = parsePolicy(parse(document))
  if (!parsed.ok) return []
  return Object.entries(parsed.policy.purposes)
    .filter(([, { promotional }]) => promotional)
    .map(([purpose]) => purpose as PurposeKey)
}

export const promotionalUseReads = {
  list: `SELECT promotional_use.subject, promotional_use.position, purpose, at, on_day,
      opt_out_offered, permitted, audit.event
    FROM promotional_use JOIN audit ON audit.position = promotional_use.position
    WHERE (promotional_use.subject, promotional_use.position) > (?2, ?3)
    AND promotional_use.subject <= ?4 AND promotional_use.position <= ?1
    ORDER BY promotional_use.subject, promotional_use.position LIMIT ?5`,
} as const

type Filter = Parameters<Views['promotionalUses']>[2]

/** A page of promotional uses, by person, each with what stood when it was made. */
export function promotionalUsesPage(
  reader: Reader,
  controller: number,
  position: number,
  { subject }: Filter,
  paging: Paging,
): Page<PromotionalUseRow> {
  const people = peopleAsked(reader, controller, subject)
  if (!people) return emptyPage
  const [first, last] = people
  return pageOf({
    list: 'promotional-uses',
    paging,
    start: [first, -1],
    more: (key, count) => reader.all(promotionalUseReads.list, position, ...key, last, count),
    keyOf: (row) => row.slice(0, 2).map(Number),
    answer: (row) => promotionalUseRow(reader, row, position),
  })
}

function promotionalUseRow(reader: Reader, row: Row, knownAt: number): PromotionalUseRow {
  const [person, position, purpose, at, onDay, optOutOffered, permitted] = row.map(
    Number,
  ) as Numbers
  const consent = stoodAt(reader, person, CONSENT, purpose, knownAt, at)
  const objection = stoodAt(reader, person, OBJECTION, purpose, knownAt, at)
  const over = consent?.status === 'given' && consent.expires !== null && onDay >= consent.expires
  return {
    event: unpackEventId(row[7] as Uint8Array),
    position: position as Position,
    subject: reader.subject(person),
    purpose: reader.text(purpose) as PurposeKey,
    at: unpackInstant(at),
    optOutOffered: optOutOffered === 1,
    judged: permitted === 1 ? 'permitted' : 'violated',
    consent: over ? 'expired' : ((consent?.status ?? 'none') as PromotionalUseRow['consent']),
    objection: objection?.status === 'made' ? 'made' : 'none',
  }
}

type Numbers = [number, number, number, number, number, number, number]

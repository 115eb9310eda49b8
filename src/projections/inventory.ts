import {
  assertNever,
  type CategoryKey,
  type Channel,
  type Day,
  type Lot,
  type Position,
  type Property,
  type PurposeKey,
  type RuleId,
  type SourceId,
  type SubjectKind,
} from '../domain/values.ts'
import { momentOf, peopleAsked } from './asking.ts'
import { emptyPage, pageOf } from './cursor.ts'
import { peopleOf } from './facts.ts'
import { unpackEventId, unpackInstant } from './packing.ts'
import type { Reader, Row } from './reader.ts'
import type { AsOf, InventoryRow, Page, Paging, Views } from './views.ts'
import { defineProjection, unchanged, type Change, type Folded } from './projection.ts'
import { insertInto, type Table } from './table.ts'

/**
 * What is held on whom, as intervals (N3): a row for each category of each collection, from the
 * collection until its lot is destroyed. A transient collection never enters it (S19).
 */
const table: Table = {
  name: 'inventory',
  columns: {
    subject: 'subject',
    lot: 'lot',
    category: 'term',
    began: 'position',
    began_at: 'instant',
    /** The tuple of `Manner`. */
    manner: 'value',
    fields: 'value',
    ended: { holds: 'position', optional: true },
    ended_at: { holds: 'instant', optional: true },
  },
  key: ['subject', 'lot', 'category', 'began'],
}

/** What is the same in every collection of one manner. */
export type Manner = readonly [
  kind: string,
  property: string,
  channel: string,
  source: string,
  purposes: readonly string[],
  permitted: 0 | 1,
  policyVersion: string | null,
  rules: readonly string[],
  basis: string | null,
]

type Followed = 'DataCollected' | 'DataDeleted' | 'SubjectErased'
type Write = 'hold' | 'destroy' | 'erase'

export const inventory = defineProjection<Followed, Write, never>({
  name: 'inventory',
  tables: [table],
  indexes: [],
  follows: ['DataCollected', 'DataDeleted', 'SubjectErased'],
  writes: {
    hold: insertInto(table, 'OR IGNORE'),
    destroy: `UPDATE inventory SET ended = ?, ended_at = ?
      WHERE subject = ? AND lot = ? AND category = ? AND ended IS NULL`,
    erase: `UPDATE inventory SET ended = ?, ended_at = ? WHERE subject = ? AND ended IS NULL`,
  },
  lookups: {},
  changes,
})

function changes(folded: Folded<Followed>): readonly Change<Write>[] {
  const { event, position, at, person, names } = folded
  if (!person) return unchanged
  switch (event.type) {
    case 'DataCollected': {
      const { items, transient } = event.data
      if (transient) return unchanged
      const manner = names.value(mannerOf(event.data))
      return items.map(({ lot, category, fields }) => [
        'hold',
        [
          person.number,
          names.lot(person, lot).number,
          names.term(category),
          position,
          at,
          manner,
          names.value(fields),
          null,
          null,
        ],
      ])
    }
    case 'DataDeleted':
      return event.data.lots.flatMap(({ lot, categories }) =>
        categories.map((category): Change<Write> => {
          const key = [person.number, names.lot(person, lot).number, names.term(category)]
          return ['destroy', [position, at, ...key]]
        }),
      )
    case 'SubjectErased':
      return [['erase', [position, at, person.number]]]
    default:
      return assertNever(event)
  }
}

type Collected = Folded<'DataCollected'>['event']['data']

function mannerOf({ act, source, judgement }: Collected): Manner {
  const authority = judgement.outcome === 'permitted' ? judgement.authority : null
  return [
    act.kind,
    act.property,
    act.channel,
    source,
    act.purposes,
    authority ? 1 : 0,
    authority?.policyVersion ?? null,
    authority?.rules ?? [],
    authority?.basis ?? null,
  ]
}

const rowColumns = `inventory.subject, inventory.lot, category, inventory.began, began_at, manner, fields, ended, ended_at,
  audit.event, lot.name`

/**
 * Of the rows, those that the ledger knew at ?1 (position) and that were true at ?2 (moment). Nothing had
 * ended at the position that ended behind it.
 */
const asOf = `inventory.began <= ?1 AND began_at <= ?2
  AND (ended IS NULL OR ended > ?1 OR ended_at > ?2)`

export const inventoryReads = {
  list: `SELECT ${rowColumns} FROM inventory JOIN audit ON audit.position = inventory.began
    JOIN lot ON lot.number = inventory.lot
    WHERE (inventory.subject, inventory.lot, category, inventory.began) > (?3, ?4, ?5, ?6)
    AND inventory.subject <= ?7 AND ${asOf}
    AND (?8 IS NULL OR category = ?8)
    ORDER BY inventory.subject, inventory.lot, category, inventory.began LIMIT ?9`,
  summary: `SELECT category, count(DISTINCT subject), count(*) FROM inventory
    WHERE subject BETWEEN ?3 AND ?4 AND ${asOf} GROUP BY category`,
} as const

type Filter = Parameters<Views['inventory']>[2]

/** A page of what was held, by person. */
export function inventoryPage(
  reader: Reader,
  controller: number,
  { position, moment }: AsOf,
  { subject, category, kind, property }: Filter,
  paging: Paging,
): Page<InventoryRow> {
  const people = peopleAsked(reader, controller, subject)
  const term = category === undefined ? null : reader.term(category)
  if (!people || (category !== undefined && term === null)) return emptyPage
  const [first, last] = people
  const at = momentOf(moment)
  return pageOf({
    list: 'inventory',
    paging,
    start: [first, -1, -1, -1],
    more: (key, count) => reader.all(inventoryReads.list, position, at, ...key, last, term, count),
    keyOf: (row) => row.slice(0, 4).map(Number),
    wanted: (row) => {
      const [ofKind, ofProperty] = reader.value(Number(row[5])) as Manner
      return (!kind || kind === ofKind) && (!property || property === ofProperty)
    },
    answer: (row) => inventoryRow(reader, row, position),
  })
}

/** How many people and items are held, by category. */
export function inventorySummary(
  reader: Reader,
  controller: number,
  { position, moment }: AsOf,
): ReturnType<Views['inventorySummary']> {
  const people = peopleOf(controller)
  return reader
    .all(inventoryReads.summary, position, momentOf(moment), ...people)
    .map(([category, subjects, items]) => ({
      category: reader.text(Number(category)) as CategoryKey,
      subjects: Number(subjects),
      items: Number(items),
    }))
    .sort((a, b) => (a.category < b.category ? -1 : 1))
}

function inventoryRow(reader: Reader, row: Row, position: number): InventoryRow {
  const [subject, , category, began, beganAt, manner, fields, ended, endedAt, event, lot] = row
  const [kind, property, channel, source, purposes, permitted, policyVersion, rules, basis] =
    reader.value(Number(manner)) as Manner
  const over = ended !== null && Number(ended) <= position
  return {
    subject: reader.subject(Number(subject)),
    category: reader.text(Number(category)) as CategoryKey,
    lot: reader.text(Number(lot)) as Lot,
    collection: unpackEventId(event as Uint8Array),
    kind: kind as SubjectKind,
    property: property as Property,
    channel: channel as Channel,
    source: source as SourceId,
    purposes: purposes as readonly PurposeKey[],
    fields: reader.value(Number(fields)) as string[],
    permitted: permitted === 1,
    policyVersion: policyVersion as Day | null,
    rules: rules as readonly RuleId[],
    basis,
    began: Number(began) as Position,
    beganAt: unpackInstant(Number(beganAt)),
    ended: over ? (Number(ended) as Position) : null,
    endedAt: over ? unpackInstant(Number(endedAt)) : null,
  }
}

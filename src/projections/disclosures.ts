import type {
  CategoryKey,
  Day,
  Position,
  PurposeKey,
  RecipientId,
  RuleId,
} from '../domain/values.ts'
import { momentOf } from './asking.ts'
import { emptyPage, pageOf } from './cursor.ts'
import { unpackEventId, unpackInstant } from './packing.ts'
import type { Reader, Row } from './reader.ts'
import type { AsOf, DisclosureRow, Page, Paging, Views } from './views.ts'
import { defineProjection, type Change, type Folded } from './projection.ts'
import { insertInto, type Table } from './table.ts'

/** What was disclosed to whom, for what and on what ground (S6, S7, S12). */
const table: Table = {
  name: 'disclosure',
  columns: {
    position: 'position',
    controller: 'controller',
    subject: { holds: 'subject', optional: true },
    recipient: 'term',
    at: 'instant',
    /** The tuple of `Disclosed`. */
    what: 'value',
    document: { holds: 'text', optional: true },
    approver: { holds: 'text', optional: true },
  },
  key: ['position'],
}

/** What is the same in every disclosure of one manner. */
export type Disclosed = readonly [
  recipientClass: string | null,
  purpose: string,
  categories: readonly string[],
  ground: string | null,
  permitted: 0 | 1,
  policyVersion: string | null,
  rules: readonly string[],
]

type Followed = 'DataShared' | 'AggregateShared'

export const disclosures = defineProjection<Followed, 'disclose', never>({
  name: 'disclosures',
  tables: [table],
  indexes: [
    'CREATE INDEX disclosure_order ON disclosure (controller, position)',
    'CREATE INDEX disclosure_recipient ON disclosure (controller, recipient, position)',
  ],
  // Whoever must hear of an erasure is looked up while it is folded.
  foldingIndexes: [
    'CREATE INDEX disclosure_subject ON disclosure (subject, position) WHERE subject IS NOT NULL',
  ],
  follows: ['DataShared', 'AggregateShared'],
  writes: { disclose: insertInto(table) },
  lookups: {},
  changes,
})

function changes(folded: Folded<Followed>): readonly Change<'disclose'>[] {
  const { event, position, at, controller, person, names } = folded
  const { act, recipientClass, judgement } = event.data
  const authority = judgement.outcome === 'permitted' ? judgement.authority : null
  const disclosed: Disclosed = [
    recipientClass,
    act.purpose,
    act.categories,
    act.ground ?? null,
    authority ? 1 : 0,
    authority?.policyVersion ?? null,
    authority?.rules ?? [],
  ]
  const who = [controller.number, person?.number ?? null, names.term(act.recipient)]
  const on = [act.document ?? null, act.approver ?? null]
  return [['disclose', [position, ...who, at, names.value(disclosed), ...on]]]
}

const columns = `SELECT disclosure.position, disclosure.subject, recipient, at, what, document, approver,
    audit.event FROM disclosure`
const named = 'JOIN audit ON audit.position = disclosure.position'
const select = `${columns} ${named}`
/** Without figures of the table SQLite would take the index of the order. */
const toRecipient = `${columns} INDEXED BY disclosure_recipient ${named}`
const behind = `disclosure.position > ?3 AND disclosure.position <= ?1 AND at <= ?2
  ORDER BY disclosure.position LIMIT ?4`

export const disclosureReads = {
  all: `${select} WHERE disclosure.controller = ?5 AND ${behind}`,
  ofPerson: `${select} WHERE disclosure.subject = ?5 AND ${behind}`,
  toRecipient: `${toRecipient} WHERE disclosure.controller = ?5 AND recipient = ?6 AND ${behind}`,
  ofPersonToRecipient: `${select} WHERE disclosure.subject = ?5 AND +recipient = ?6 AND ${behind}`,
} as const

type Filter = Parameters<Views['disclosures']>[2]

/** A page of what was disclosed, in the order of the ledger. */
export function disclosuresPage(
  reader: Reader,
  controller: number,
  { position, moment }: AsOf,
  { subject, recipient }: Filter,
  paging: Paging,
): Page<DisclosureRow> {
  const person = subject === undefined ? undefined : reader.person(controller, subject)
  const term = recipient === undefined ? undefined : reader.term(recipient)
  if (person === null || term === null) return emptyPage
  const sql =
    person === undefined
      ? disclosureReads[term === undefined ? 'all' : 'toRecipient']
      : disclosureReads[term === undefined ? 'ofPerson' : 'ofPersonToRecipient']
  const which = [person ?? controller, ...(term === undefined ? [] : [term])]
  return pageOf({
    list: 'disclosures',
    paging,
    start: [-1],
    more: ([after], count) => reader.all(sql, position, momentOf(moment), after!, count, ...which),
    keyOf: ([at]) => [Number(at)],
    answer: (row) => disclosureRow(reader, row),
  })
}

function disclosureRow(reader: Reader, row: Row): DisclosureRow {
  const [position, subject, recipient, at, what, document, approver, event] = row
  const [recipientClass, purpose, categories, ground, permitted, policyVersion, rules] =
    reader.value(Number(what)) as Disclosed
  return {
    event: unpackEventId(event as Uint8Array),
    position: Number(position) as Position,
    subject: subject === null ? null : reader.subject(Number(subject)),
    recipient: reader.text(Number(recipient)) as RecipientId,
    recipientClass,
    purpose: purpose as PurposeKey,
    categories: categories as readonly CategoryKey[],
    ground,
    document: document as string | null,
    approver: approver as string | null,
    permitted: permitted === 1,
    policyVersion: policyVersion as Day | null,
    rules: rules as readonly RuleId[],
    at: unpackInstant(Number(at)),
  }
}

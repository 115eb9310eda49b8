import type { Mode } from '../domain/judgement.ts'
import type { CategoryKey, Day, Position, Reference } from '../domain/values.ts'
import { somethingEndedBehind } from './asking.ts'
import { pageOf } from './cursor.ts'
import type { Reader, Row } from './reader.ts'
import type { Page, Paging, PendingDeletionRow } from './views.ts'
import { assertNever } from '../domain/values.ts'
import type { PersonFacts } from './facts.ts'
import { packDay, unpackDay } from './packing.ts'
import { defineProjection, unchanged, type Change, type Folded, type Look } from './projection.ts'
import { insertInto, type Table } from './table.ts'

/** Deletions from request to completion; known by the position of the request. */
const deletionTable: Table = {
  name: 'deletion',
  columns: {
    began: 'position',
    controller: 'controller',
    subject: 'subject',
    reference: 'text',
    cause: 'term',
    asked_at: 'instant',
    /** An erasure: ends when the subject is erased, not when no lot is left. */
    everything: 'flag',
    /** Since when it is one of its own lots only: the person came back while all of it was deferred. */
    came_back: { holds: 'position', optional: true },
    ended: { holds: 'position', optional: true },
  },
  key: ['began'],
}

/** A lot that is still to go, and what keeps it for now: a row ends when either changes. */
const lotTable: Table = {
  name: 'deletion_lot',
  columns: {
    lot: 'lot',
    deletion: 'position',
    began: 'position',
    ended: { holds: 'position', optional: true },
    categories: 'value',
    /** The list of holds that defer it; null: it is not deferred. */
    holds: { holds: 'value', optional: true },
    until: { holds: 'day', optional: true },
  },
  key: ['lot', 'deletion', 'began'],
}

const followed = [
  'DeletionRequested',
  'DeletionDeferred',
  'DeletionResumed',
  'DataDeleted',
  'SubjectErased',
  'DataCollected',
  'AccountOpened',
] as const
type Followed = (typeof followed)[number]
type Write = 'request' | 'await' | 'settle' | 'complete' | 'settleAll' | 'completeAll' | 'comeBack'
type Lookup = 'deletion' | 'lot' | 'lotOfAll' | 'erasing'
type Step = Change<Write>

const openLot = 'SELECT 1 FROM deletion_lot WHERE deletion = deletion.began AND ended IS NULL'

export const deletions = defineProjection<Followed, Write, Lookup>({
  name: 'deletions',
  tables: [deletionTable, lotTable],
  indexes: [
    'CREATE INDEX deletion_open ON deletion (controller, began) WHERE ended IS NULL',
    'CREATE INDEX deletion_ended ON deletion (controller, began, ended) WHERE ended IS NOT NULL',
  ],
  foldingIndexes: [
    'CREATE INDEX deletion_reference ON deletion (subject, reference, began)',
    `CREATE INDEX deletion_erasure ON deletion (subject)
      WHERE everything = 1 AND came_back IS NULL AND ended IS NULL`,
    'CREATE INDEX deletion_lots ON deletion_lot (deletion, lot)',
  ],
  follows: followed,
  writes: {
    request: insertInto(deletionTable),
    await: insertInto(lotTable, 'OR IGNORE'),
    settle: 'UPDATE deletion_lot SET ended = ? WHERE lot = ? AND deletion = ? AND began = ?',
    complete: `UPDATE deletion SET ended = ?1 WHERE began = ?2 AND ended IS NULL
      AND (everything = 0 OR came_back IS NOT NULL) AND NOT EXISTS (${openLot})`,
    settleAll: `UPDATE deletion_lot SET ended = ?1 WHERE ended IS NULL
      AND deletion IN (SELECT began FROM deletion WHERE subject = ?2)`,
    completeAll: 'UPDATE deletion SET ended = ?1 WHERE subject = ?2 AND ended IS NULL',
    comeBack: `UPDATE deletion SET came_back = ?1
      WHERE subject = ?2 AND everything = 1 AND came_back IS NULL AND ended IS NULL
      AND asked_at <= ?3 AND EXISTS (${openLot}) AND NOT EXISTS (${openLot} AND holds IS NULL)`,
  },
  lookups: {
    deletion: `SELECT began FROM deletion WHERE subject = ? AND reference = ?
      ORDER BY began DESC LIMIT 1`,
    lot: `SELECT began, categories, holds, until FROM deletion_lot
      WHERE lot = ? AND deletion = ? AND ended IS NULL`,
    erasing: `SELECT 1 FROM deletion WHERE subject = ?
      AND everything = 1 AND came_back IS NULL AND ended IS NULL`,
    lotOfAll: `SELECT deletion, began, categories, holds, until FROM deletion_lot
      WHERE lot = ? AND ended IS NULL`,
  },
  changes,
})

function changes(folded: Folded<Followed>, look: Look<Lookup>): readonly Step[] {
  const { event, position, controller, person } = folded
  if (!person) return unchanged
  switch (event.type) {
    case 'DataCollected':
      return event.data.items.length > 0
        ? cameBack(folded, event.data.mode, person, look)
        : unchanged
    case 'AccountOpened':
      return cameBack(folded, event.data.mode, person, look)
    case 'DeletionRequested':
      return requested(folded as Folded<'DeletionRequested'>, person)
    case 'DeletionDeferred':
    case 'DeletionResumed':
      return keptOrNot(folded as Folded<'DeletionDeferred' | 'DeletionResumed'>, person, look)
    case 'DataDeleted':
      controller.lastEnd = position
      return deleted(folded as Folded<'DataDeleted'>, person, look)
    case 'SubjectErased':
      controller.lastEnd = position
      return [
        ['settleAll', [position, person.number]],
        ['completeAll', [position, person.number]],
      ]
    default:
      return assertNever(event)
  }
}

/** An enforced act comes behind all that was asked for, an observed one at its own time. */
function cameBack(
  { position, at }: Folded<Followed>,
  mode: Mode,
  person: PersonFacts,
  look: Look<Lookup>,
): readonly Step[] {
  person.erasing ??= look('erasing', person.number).length > 0
  if (!person.erasing) return unchanged
  person.erasing = undefined
  const moment = mode === 'enforce' ? Number.MAX_SAFE_INTEGER : at
  return [['comeBack', [position, person.number, moment]]]
}

function requested(
  { event, position, at, controller, names }: Folded<'DeletionRequested'>,
  person: PersonFacts,
): Step[] {
  const { deletion, cause, everything, lots } = event.data
  if (everything) person.erasing = true
  const owner = [controller.number, person.number]
  const what = [deletion, names.term(cause), at, everything ? 1 : 0]
  const waiting = lots.map(({ lot, categories }): Step => {
    const { number } = names.lot(person, lot)
    return ['await', [number, position, position, null, names.value(categories), null, null]]
  })
  return [['request', [position, ...owner, ...what, null, null]], ...waiting]
}

/** Deferred, or going on: the lot's open row ends and another begins. */
function keptOrNot(
  { event, position, names }: Folded<'DeletionDeferred' | 'DeletionResumed'>,
  person: PersonFacts,
  look: Look<Lookup>,
): readonly Step[] {
  const found = look('deletion', person.number, event.data.deletion)[0]
  if (!found) return unchanged
  const deletion = Number(found[0])
  return event.data.lots.flatMap(({ lot, categories }): Step[] => {
    const { number } = names.lot(person, lot)
    const open = look('lot', number, deletion)[0]
    const end: Step[] = open ? [['settle', [position, number, deletion, Number(open[0])]]] : []
    const next = [number, deletion, position, null]
    if (event.type === 'DeletionResumed') {
      return [...end, ['await', [...next, names.value(categories), null, null]]]
    }
    if (!open) return []
    // A hold leaves a legal minimum in place, and the other way round.
    const { holds, until } = event.data
    const keeping = holds.length > 0 ? names.value(holds) : (open[2] ?? names.value([]))
    const day = until === null ? open[3]! : packDay(until)
    return [...end, ['await', [...next, open[1]!, keeping, day]]]
  })
}

/** What is gone no deletion waits for any more, whichever had asked for it. */
function deleted(
  { event, position, names }: Folded<'DataDeleted'>,
  person: PersonFacts,
  look: Look<Lookup>,
): Step[] {
  const concerned = new Set<number>()
  const steps = event.data.lots.flatMap((gone): Step[] => {
    const { number } = names.lot(person, gone.lot)
    return look('lotOfAll', number).flatMap(
      ([deletion, began, categories, holds, until]): Step[] => {
        concerned.add(Number(deletion))
        const waiting = names.read(Number(categories)) as CategoryKey[]
        const left = waiting.filter((category) => !gone.categories.includes(category))
        const end: Step = ['settle', [position, number, Number(deletion), Number(began)]]
        if (left.length === 0) return [end]
        const rest = [names.value(left), holds!, until!]
        return [end, ['await', [number, Number(deletion), position, null, ...rest]]]
      },
    )
  })
  const own = look('deletion', person.number, event.data.deletion)[0]
  if (own) concerned.add(Number(own[0]))
  return [...steps, ...[...concerned].map((it): Step => ['complete', [position, it]])]
}

const pendingColumns = 'began, subject, reference, cause'
const pendingAsOf = 'controller = ?2 AND began > ?3 AND began <= ?1'
const lotAsOf = 'began <= ?1 AND (ended IS NULL OR ended > ?1)'

export const deletionReads = {
  pending: `SELECT ${pendingColumns} FROM deletion WHERE ended IS NULL AND ${pendingAsOf}
    UNION ALL
    SELECT ${pendingColumns} FROM deletion WHERE ended IS NOT NULL AND ended > ?1 AND ${pendingAsOf}
      AND ${somethingEndedBehind}
    ORDER BY began LIMIT ?4`,
  lots: `SELECT lot, holds, until FROM deletion_lot WHERE deletion = ?2 AND ${lotAsOf} ORDER BY lot`,
  reference: 'SELECT reference FROM deletion WHERE began = ?',
  onLot: `SELECT 1 FROM deletion_lot WHERE lot = ?2 AND ${lotAsOf} LIMIT 1`,
  erasure: `SELECT 1 FROM deletion WHERE subject = ?2 AND everything = 1
    AND (came_back IS NULL OR came_back > ?1) AND ${lotAsOf} LIMIT 1`,
} as const

/** A page of the deletions that were not done at the position, in the order in which they were asked for. */
export function pendingDeletionsPage(
  reader: Reader,
  controller: number,
  position: number,
  paging: Paging,
): Page<PendingDeletionRow> {
  return pageOf({
    list: 'deletions',
    paging,
    start: [-1],
    more: ([after], count) =>
      reader.all(deletionReads.pending, position, controller, after!, count),
    keyOf: ([began]) => [Number(began)],
    answer: (row) => pendingRow(reader, row, position),
  })
}

/** The reference of the deletion that was requested at a position. */
export function deletionAt(reader: Reader, began: number): Reference {
  const found = reader.first(deletionReads.reference, began)
  if (!found) throw new Error(`couldn't find the deletion requested at ${began} in the views`)
  return found[0] as Reference
}

/** Whether a deletion was under way on the lot at the position. */
export function isBeingDeleted(reader: Reader, lot: number, position: number): boolean {
  return reader.first(deletionReads.onLot, position, lot) !== undefined
}

/** Whether the erasure of the person was under way at the position. */
export function erasurePending(reader: Reader, person: number, position: number): boolean {
  return reader.first(deletionReads.erasure, position, person) !== undefined
}

function pendingRow(reader: Reader, row: Row, position: number): PendingDeletionRow {
  const [began, subject, reference, cause] = row
  const lots = reader.all(deletionReads.lots, position, Number(began))
  const deferred = lots.filter(([, holds]) => holds !== null)
  const holds = deferred.flatMap(([, holds]) => reader.value(Number(holds)) as Reference[])
  const until = deferred.map(([, , until]) => (until === null ? null : unpackDay(Number(until))))
  return {
    subject: reader.subject(Number(subject)),
    deletion: reference as Reference,
    cause: reader.text(Number(cause)),
    // As the subject's own state has it: every lot that is still to go is deferred.
    status: lots.length > 0 && deferred.length === lots.length ? 'deferred' : 'requested',
    holds: [...new Set(holds)].sort(),
    until: until.reduce<Day | null>(
      (latest, day) => (day && day > (latest ?? '') ? day : latest),
      null,
    ),
    lots: lots.map(([lot]) => reader.lot(Number(lot))),
    since: Number(began) as Position,
  }
}

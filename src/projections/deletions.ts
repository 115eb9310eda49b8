import type { Day, Lot, Position, Reference } from '../domain/values.ts'
import { somethingEndedBehind } from './asking.ts'
import { pageOf } from './cursor.ts'
import type { Reader, Row } from './reader.ts'
import type { Page, Paging, PendingDeletionRow } from './views.ts'
import { assertNever } from '../domain/values.ts'
import type { PersonFacts } from './facts.ts'
import { packDay, unpackDay } from './packing.ts'
import {
  defineProjection,
  unchanged,
  type Change,
  type Folded,
  type Look,
  type Value,
} from './projection.ts'
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
    /** An erasure: ends when the subject is erased, not when no lot is left. */
    everything: 'flag',
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
] as const
type Followed = (typeof followed)[number]
type Write = 'request' | 'await' | 'settle' | 'complete' | 'settleAll' | 'completeAll'
type Lookup = 'deletion' | 'lot'
type Step = Change<Write>

export const deletions = defineProjection<Followed, Write, Lookup>({
  name: 'deletions',
  tables: [deletionTable, lotTable],
  indexes: [
    'CREATE INDEX deletion_open ON deletion (controller, began) WHERE ended IS NULL',
    'CREATE INDEX deletion_ended ON deletion (controller, began, ended) WHERE ended IS NOT NULL',
  ],
  foldingIndexes: [
    'CREATE INDEX deletion_reference ON deletion (subject, reference, began)',
    'CREATE INDEX deletion_lots ON deletion_lot (deletion, lot)',
  ],
  follows: followed,
  writes: {
    request: insertInto(deletionTable, 'OR IGNORE'),
    await: insertInto(lotTable, 'OR IGNORE'),
    settle: 'UPDATE deletion_lot SET ended = ? WHERE lot = ? AND deletion = ? AND began = ?',
    complete: `UPDATE deletion SET ended = ?1 WHERE began = ?2 AND everything = 0 AND NOT EXISTS (
      SELECT 1 FROM deletion_lot WHERE deletion = ?2 AND ended IS NULL)`,
    settleAll: `UPDATE deletion_lot SET ended = ?1 WHERE ended IS NULL
      AND deletion IN (SELECT began FROM deletion WHERE subject = ?2)`,
    completeAll: 'UPDATE deletion SET ended = ?1 WHERE subject = ?2 AND ended IS NULL',
  },
  lookups: {
    deletion: `SELECT began FROM deletion WHERE subject = ? AND reference = ?
      ORDER BY began DESC LIMIT 1`,
    lot: `SELECT began, categories, holds, until FROM deletion_lot
      WHERE lot = ? AND deletion = ? AND ended IS NULL`,
  },
  changes,
})

function changes(folded: Folded<Followed>, look: Look<Lookup>): readonly Step[] {
  const { event, position, controller, person, names } = folded
  if (!person) return unchanged
  if (event.type === 'DeletionRequested') {
    const { deletion, cause, everything, lots } = event.data
    const owner = [controller.number, person.number]
    const what = [deletion, names.term(cause), everything ? 1 : 0, null]
    const waiting = lots.map(({ lot, categories }): Step => {
      const number = names.lot(person, lot)
      return ['await', number, position, position, null, names.value(categories), null, null]
    })
    return [['request', position, ...owner, ...what], ...waiting]
  }
  controller.lastEnd = position
  if (event.type === 'SubjectErased') {
    return [
      ['settleAll', position, person.number],
      ['completeAll', position, person.number],
    ]
  }
  const found = look('deletion', person.number, event.data.deletion)[0]
  if (!found) return unchanged
  const deletion = Number(found[0])
  const steps = event.data.lots.flatMap((contents) =>
    lotSteps(folded as Folded<LotEvent>, person, look, deletion, contents),
  )
  return event.type === 'DataDeleted' ? [...steps, ['complete', position, deletion]] : steps
}

type LotEvent = Exclude<Followed, 'DeletionRequested' | 'SubjectErased'>
type Contents = Folded<LotEvent>['event']['data']['lots'][number]

/** What one lot's part of the event changes: its open row ends, and another begins unless it is gone. */
function lotSteps(
  { event, position, names }: Folded<LotEvent>,
  person: PersonFacts,
  look: Look<Lookup>,
  deletion: number,
  { lot, categories }: Contents,
): readonly Step[] {
  const number = names.lot(person, lot)
  const open = look('lot', number, deletion)[0]
  const steps: Step[] = open ? [['settle', position, number, deletion, Number(open[0])]] : []
  const next = (categories: Value, holds: Value, until: Value): Step[] => [
    ...steps,
    ['await', number, deletion, position, null, categories, holds, until],
  ]
  switch (event.type) {
    case 'DeletionDeferred': {
      if (!open) return unchanged
      // A hold leaves a legal minimum in place, and the other way round.
      const { holds, until } = event.data
      const before = open[2] ?? names.value([])
      const day = until ?? (open[3] === null ? null : unpackDay(Number(open[3])))
      return next(
        names.value(categories),
        holds.length > 0 ? names.value(holds) : before,
        day === null ? null : packDay(day),
      )
    }
    case 'DeletionResumed':
      return next(names.value(categories), null, null)
    case 'DataDeleted':
      return steps
    default:
      return assertNever(event)
  }
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
  /** Of several on one lot the first requested. */
  ofLot: `SELECT reference, holds FROM deletion_lot
    JOIN deletion ON deletion.began = deletion_lot.deletion
    WHERE lot = ?2 AND deletion_lot.began <= ?1
    AND (deletion_lot.ended IS NULL OR deletion_lot.ended > ?1)
    ORDER BY deletion_lot.deletion LIMIT 1`,
  erasure: `SELECT 1 FROM deletion WHERE subject = ?2 AND everything = 1 AND ${lotAsOf} LIMIT 1`,
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

/** The deletion that was under way on a lot at the position, and whether it was deferred. */
export function deletionOfLot(
  reader: Reader,
  lot: number,
  position: number,
): { deletion: Reference; deferred: boolean } | null {
  const found = reader.first(deletionReads.ofLot, position, lot)
  return found ? { deletion: found[0] as Reference, deferred: found[1] !== null } : null
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
    lots: lots.map(([lot]) => reader.lot(Number(lot)) as Lot),
    since: Number(began) as Position,
  }
}

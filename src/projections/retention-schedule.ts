import type { CategoryKey, Day, Lot, Position, RuleId, SubjectKind } from '../domain/values.ts'
import { somethingEndedBehind } from './asking.ts'
import { emptyPage, pageOf } from './cursor.ts'
import { deletionAt } from './deletions.ts'
import type { Terms } from './facts.ts'
import { packDay, unpackDay } from './packing.ts'
import type { Reader, Row } from './reader.ts'
import type { Page, Paging, RetentionRow, Views } from './views.ts'

/**
 * One row and, of that time, what the lot held (category and kind, in pairs) and the deletion that was
 * first asked for on it: its position, doubled, and one more where it was deferred.
 */
const listed = `due_on, retention.lot, began, retention.subject, terms, started_on, lot.name,
  (SELECT group_concat(category || ' ' || kind, ' ') FROM lot_content AS content
    WHERE content.lot = retention.lot AND content.began <= ?1
    AND (content.ended IS NULL OR content.ended > ?1)),
  (SELECT deletion * 2 + (holds IS NOT NULL) FROM deletion_lot AS going
    WHERE going.lot = retention.lot AND going.began <= ?1
    AND (going.ended IS NULL OR going.ended > ?1) ORDER BY deletion LIMIT 1)`
const held = 'FROM retention JOIN lot ON lot.number = retention.lot'
const due = `controller = ?2 AND (due_on, retention.lot) > (?3, ?4) AND due_on <= ?5 AND began <= ?1`

export const retentionReads = {
  /** What ended behind the position was held at it; mostly nothing did, and then that arm costs nothing. */
  due: `SELECT ${listed} ${held} WHERE ended IS NULL AND ${due}
    UNION ALL
    SELECT ${listed} ${held} WHERE ended IS NOT NULL AND ended > ?1 AND ${due}
      AND ${somethingEndedBehind}
    ORDER BY due_on, retention.lot LIMIT ?6`,
  ofPerson: `SELECT ${listed} FROM lot JOIN retention ON retention.lot = lot.number
    WHERE lot.subject = ?2 AND (due_on, lot.number) > (?3, ?4) AND due_on <= ?5
    AND began = (SELECT max(began) FROM retention WHERE lot = lot.number AND began <= ?1)
    AND (ended IS NULL OR ended > ?1)
    ORDER BY due_on, lot.number LIMIT ?6`,
  dueOfLot: `SELECT due_on, ended FROM retention
    WHERE lot = ?2 AND began <= ?1 ORDER BY began DESC LIMIT 1`,
} as const

type Filter = Parameters<Views['retention']>[2]

/** A page of the lots that were held at the position, by due day; those without one come last. */
export function retentionPage(
  reader: Reader,
  controller: number,
  position: number,
  { dueBy, subject, rule }: Filter,
  paging: Paging,
): Page<RetentionRow> {
  const person = subject === undefined ? undefined : reader.person(controller, subject)
  if (person === null) return emptyPage
  const sql = person === undefined ? retentionReads.due : retentionReads.ofPerson
  const whose = person ?? controller
  const latest = packDay(dueBy ?? null)
  return pageOf({
    list: 'retention',
    paging,
    start: [-1_000_000, -1],
    more: ([day, lot], count) => reader.all(sql, position, whose, day!, lot!, latest, count),
    keyOf: (row) => row.slice(0, 2).map(Number),
    wanted: (row) => !rule || (reader.value(Number(row[4])) as Terms)[0] === rule,
    answer: (row) => retentionRow(reader, row),
  })
}

/** The day on which a lot was due as of the position; null where it had none or was gone. */
export function dueOfLot(reader: Reader, lot: number, position: number): Day | null {
  const found = reader.first(retentionReads.dueOfLot, position, lot)
  if (!found || (found[1] !== null && Number(found[1]) <= position)) return null
  return unpackDay(Number(found[0]))
}

function retentionRow(reader: Reader, row: Row): RetentionRow {
  const [dueOn, , began, subject, terms, startedOn, lot] = row.map(Number) as Numbers
  const [rule, trigger] = reader.value(terms) as Terms
  const words = row[7] === null ? [] : String(row[7]).split(' ').map(Number)
  const distinct = (odd: 0 | 1) =>
    [...new Set(words.filter((_, index) => index % 2 === odd))].map(reader.text).sort()
  const deletion = row[8] === null ? null : Number(row[8])
  return {
    subject: reader.subject(subject),
    lot: reader.text(lot) as Lot,
    rule: rule as RuleId,
    trigger,
    categories: distinct(0) as CategoryKey[],
    kinds: distinct(1) as SubjectKind[],
    startedOn: unpackDay(startedOn),
    dueOn: unpackDay(dueOn),
    began: began as Position,
    // It was held at the position: what ended it came behind.
    ended: null,
    deletion: deletion === null ? null : deletionAt(reader, Math.floor(deletion / 2)),
    deferred: deletion !== null && deletion % 2 === 1,
  }
}

type Numbers = [number, number, number, number, number, number, number]

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { ControllerId, Lot, SubjectId } from '../domain/values.ts'
import { peopleOf } from './facts.ts'
import { packSubjectId, unpackSubjectId } from './packing.ts'
import type { Value } from './projection.ts'

export type Row = readonly Value[]

/**
 * The reading side of the views: prepared statements by their text, and names for numbers, remembered.
 * A number never comes to stand for another name, so what is remembered stays good.
 */
export type Reader = Readonly<{
  first: (sql: string, ...parameters: Value[]) => Row | undefined
  all: (sql: string, ...parameters: Value[]) => readonly Row[]
  /** A controller's number; null where the log never spoke of it. */
  controller: (name: ControllerId) => number | null
  /** A person's number in that controller; null where there is no such person. */
  person: (controller: number, subject: SubjectId) => number | null
  subject: (person: number) => SubjectId
  lot: (number: number) => Lot
  /** The number of a word; null where the log never used it. */
  term: (text: string) => number | null
  text: (term: number) => string
  /** The list or tuple that a term stands for. To be looked at, not changed. */
  value: (term: number) => unknown
}>

/** Each statement, so that a test can ask how SQLite goes about it. */
export const nameReads = {
  controller: 'SELECT number FROM controller WHERE name = ?',
  person: 'SELECT number FROM subject WHERE pseudonym = ? AND number BETWEEN ? AND ?',
  subject: 'SELECT pseudonym FROM subject WHERE number = ?',
  lot: 'SELECT text FROM lot JOIN term ON term.number = lot.name WHERE lot.number = ?',
  term: 'SELECT number FROM term WHERE text = ?',
  text: 'SELECT text FROM term WHERE number = ?',
} as const

const mostKept = 100_000

/** @param database a read-only connection */
export function createReader(database: DatabaseSync): Reader {
  const statements = new Map<string, StatementSync>()
  const prepared = (sql: string): StatementSync => {
    const known = statements.get(sql)
    if (known) return known
    const statement = database.prepare(sql)
    statement.setReturnArrays(true)
    statements.set(sql, statement)
    return statement
  }
  const first = (sql: string, ...parameters: Value[]) =>
    prepared(sql).get(...parameters) as unknown as Row | undefined
  const all = (sql: string, ...parameters: Value[]) =>
    prepared(sql).all(...parameters) as unknown as readonly Row[]
  const number = (row: Row | undefined) => (row ? Number(row[0]) : null)

  const texts = new Map<number, string>()
  const subjects = new Map<number, SubjectId>()
  const controllers = new Map<ControllerId, number>()
  const values = new Map<number, unknown>()
  const text = (term: number) =>
    kept(texts, term, () => String(must(first(nameReads.text, term), 'term', term)))

  return {
    first,
    all,
    controller(name) {
      const found = controllers.get(name) ?? number(first(nameReads.controller, name))
      if (found !== null) controllers.set(name, found)
      return found
    },
    person: (controller, subject) =>
      number(first(nameReads.person, packSubjectId(subject), ...peopleOf(controller))),
    subject: (person) =>
      kept(subjects, person, () => {
        const pseudonym = must(first(nameReads.subject, person), 'subject', person)
        return unpackSubjectId(pseudonym as Uint8Array)
      }),
    lot: (lot) => must(first(nameReads.lot, lot), 'lot', lot) as Lot,
    term: (word) => number(first(nameReads.term, word)),
    text,
    value: (term) => kept(values, term, () => JSON.parse(text(term)) as unknown),
  }
}

function must(row: Row | undefined, what: string, number: number): Value {
  if (!row || row[0] === undefined) throw new Error(`couldn't find ${what} ${number} in the views`)
  return row[0]
}

function kept<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const value = make()
  if (map.size >= mostKept) map.clear()
  map.set(key, value)
  return value
}

import type { DatabaseSync } from 'node:sqlite'
import { assertNever } from '../domain/values.ts'
import { openDatabase } from '../sqlite/open.ts'
import { tables } from './database.ts'
import { controllerOf } from './facts.ts'
import {
  unpackDay,
  unpackDigest,
  unpackEventId,
  unpackInstant,
  unpackSubjectId,
} from './packing.ts'
import type { Value } from './projection.ts'
import { columnsOf, type ColumnKind, type Table } from './table.ts'

/**
 * Every row of every table as a line of JSON, in the order of the table's key, with names spelt out. Two
 * files of the same dump answer every question alike, however they came to be.
 *
 * @param path the views' file
 * @throws Error "couldn't open <path>: …"
 */
export function* dumpViews(path: string): Generator<string, void, undefined> {
  const database = openDatabase(path, { readOnly: true })
  try {
    // One moment of the file, while a projector may go on.
    database.exec('BEGIN')
    for (const table of tables) yield* dumpTable(database, table)
  } finally {
    database.close()
  }
}

function* dumpTable(database: DatabaseSync, table: Table): Generator<string, void, undefined> {
  const columns = columnsOf(table)
  const select = columns.map(([name]) => name).join(', ')
  const rows = database.prepare(
    `SELECT ${select} FROM ${table.name} ORDER BY ${table.key.join(', ')}`,
  )
  rows.setReturnArrays(true)
  const spell = createSpelling(database)
  for (const row of rows.iterate() as Iterable<unknown> as Iterable<readonly Value[]>) {
    const spelt = columns.map(([name, { holds }], index) => [name, spell(holds, row[index]!)])
    yield JSON.stringify({ table: table.name, ...Object.fromEntries(spelt) })
  }
}

function createSpelling(database: DatabaseSync) {
  const nameOf = (sql: string) => {
    const statement = database.prepare(sql)
    statement.setReturnArrays(true)
    return (number: number) =>
      (statement.get(number) as unknown as Value[] | undefined)?.[0] ?? null
  }
  const term = nameOf('SELECT text FROM term WHERE number = ?')
  const controller = nameOf('SELECT name FROM controller WHERE number = ?')
  const pseudonym = nameOf('SELECT pseudonym FROM subject WHERE number = ?')
  const lot = nameOf('SELECT name FROM lot WHERE number = ?')
  const lotOwner = nameOf('SELECT subject FROM lot WHERE number = ?')
  const facet = nameOf('SELECT body FROM facet WHERE number = ?')
  const person = (number: number) =>
    `${String(controller(controllerOf(number)))}/${unpackSubjectId(pseudonym(number) as Uint8Array)}`

  return (holds: ColumnKind, value: Value): unknown => {
    if (value === null) return null
    switch (holds) {
      case 'position':
      case 'count':
      case 'flag':
      case 'milliseconds':
      case 'text':
        return value
      case 'instant':
        return unpackInstant(Number(value))
      case 'day':
        return unpackDay(Number(value))
      case 'term':
        return term(Number(value))
      case 'value':
        return JSON.parse(String(term(Number(value)))) as unknown
      case 'controller':
        return controller(Number(value))
      case 'subject':
        return person(Number(value))
      case 'lot':
        return `${person(Number(lotOwner(Number(value))))}/${String(term(Number(lot(Number(value)))))}`
      case 'facet':
        return JSON.parse(String(facet(Number(value)))) as unknown
      case 'event':
        return unpackEventId(value as Uint8Array)
      case 'pseudonym':
        return unpackSubjectId(value as Uint8Array)
      case 'digest':
        return unpackDigest(value as string | Uint8Array)
      default:
        return assertNever(holds)
    }
  }
}

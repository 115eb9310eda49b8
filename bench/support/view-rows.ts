import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { openDatabase } from '../../src/sqlite/open.ts'

/** Every row of the views, in the order in which the log came to them. */
export type ViewRows = Readonly<{
  /** The statements that make the tables and indexes. */
  schema: readonly string[]
  rows: readonly Readonly<{ table: string; values: SQLInputValue[] }>[]
}>

const inTransaction = 1_000

/** Reads a whole views file into memory. */
export function readRows(path: string): ViewRows {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const made = database
      .prepare(`SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid`)
      .all() as { type: string; name: string; sql: string }[]
    const tables = made.filter(({ type }) => type === 'table')
    const rows = tables.flatMap(({ name }) => rowsOf(database, name))
    rows.sort((one, other) => one.at - other.at)
    return { schema: made.map(({ sql }) => sql), rows }
  } finally {
    database.close()
  }
}

function rowsOf(database: DatabaseSync, table: string) {
  const columns = database.prepare(`SELECT name FROM pragma_table_info('${table}')`).all()
  const names = columns.map(({ name }) => String(name))
  // Names have no position; they are few, and come first.
  const place = ['position', 'began'].map((name) => names.indexOf(name)).find((at) => at >= 0)
  const statement = database.prepare(`SELECT * FROM ${table}`)
  statement.setReturnArrays(true)
  const found = statement.all() as unknown as SQLInputValue[][]
  return found.map((values) => ({
    table,
    values,
    at: place === undefined ? 0 : Number(values[place]),
  }))
}

/** Writes the rows into a new file, as barely as it can be done. How long it took, in milliseconds. */
export function upsertRows(path: string, { schema, rows }: ViewRows): number {
  const database = openDatabase(path, { synchronous: 'NORMAL' })
  try {
    database.exec('PRAGMA cache_size = -65536')
    const began = performance.now()
    for (const statement of schema) database.exec(statement)
    const upserts = new Map(
      rows.map(({ table, values }) => [table, values.map(() => '?').join(', ')]),
    )
    const statements = new Map(
      [...upserts].map(([table, marks]) => [
        table,
        database.prepare(`INSERT OR REPLACE INTO ${table} VALUES (${marks})`),
      ]),
    )
    for (let from = 0; from < rows.length; from += inTransaction) {
      database.exec('BEGIN IMMEDIATE')
      for (const { table, values } of rows.slice(from, from + inTransaction)) {
        statements.get(table)!.run(...values)
      }
      database.exec('COMMIT')
    }
    return performance.now() - began
  } finally {
    database.close()
  }
}

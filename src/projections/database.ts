import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { openDatabase } from '../sqlite/open.ts'
import { projections } from './all.ts'
import { nameIndexes, nameTables } from './names.ts'
import { createTable, type Table } from './table.ts'

/** Raise it with any change to a table or to what is put there: files of another version are refilled. */
export const schemaVersion = 5

/** How far the log was folded, and which event was the last: another log has another one there. */
const checkpointTable: Table = {
  name: 'checkpoint',
  columns: { one: 'flag', position: 'position', event: { holds: 'event', optional: true } },
  key: ['one'],
}

/** Every table of the views, in the order in which a dump gives them. */
export const tables: readonly Table[] = [
  checkpointTable,
  ...nameTables,
  ...projections.flatMap((projection) => projection.tables),
]

const indexes = projections.flatMap((projection) => projection.indexes)
const foldingIndexes = [
  ...nameIndexes,
  ...projections.flatMap((projection) => projection.foldingIndexes ?? []),
]

/**
 * Opens the views for writing and makes their tables where there are none. A file of another version is
 * emptied, in one transaction, and is filled again from the ledger: other processes may have it open, so
 * it is never unlinked.
 *
 * `synchronous=NORMAL` is enough here: rows and checkpoint commit in one transaction, and a commit that
 * a power cut takes back takes back both, so that the projector goes on from where the file stands.
 *
 * @throws Error "couldn't open <path>: …"
 */
export function openViewsDatabase(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true })
  const database = openDatabase(path, { synchronous: 'NORMAL' })
  try {
    database.exec('PRAGMA cache_size = -65536')
    refill(database, () => versionOf(database) !== schemaVersion)
    return database
  } catch (cause) {
    database.close()
    throw new Error(`couldn't open ${path}: ${(cause as Error).message}`, { cause })
  }
}

/** Makes the tables in an empty database, with no more indexes than folding needs. */
export function createTables(database: DatabaseSync): void {
  for (const table of tables) database.exec(createTable(table))
  for (const index of foldingIndexes) database.exec(index)
  database.exec('INSERT INTO checkpoint VALUES (1, 0, NULL)')
}

/** Makes the indexes of the queries and marks the file as complete. */
export function createIndexes(database: DatabaseSync): void {
  for (const index of indexes) database.exec(index)
  database.exec(`PRAGMA user_version = ${schemaVersion}`)
}

/** The version of the file's schema; 0 for an empty file. */
export function versionOf(database: DatabaseSync): number {
  return Number(Object.values(database.prepare('PRAGMA user_version').get() ?? {})[0])
}

/**
 * Empties the views, in one transaction, so that they are folded anew from the beginning.
 * @param wanted asked again inside the transaction: another process may have been faster
 */
export function refill(database: DatabaseSync, wanted: () => boolean): void {
  if (!wanted()) return
  database.exec('BEGIN IMMEDIATE')
  try {
    if (wanted()) {
      const found = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        .all()
      for (const { name } of found) database.exec(`DROP TABLE "${String(name)}"`)
      createTables(database)
      createIndexes(database)
    }
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

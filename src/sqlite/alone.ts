import { DatabaseSync } from 'node:sqlite'
import { SQLITE_BUSY, sqliteCode } from './open.ts'

/**
 * Opens a file that exists so that no other connection, of this process or another, can have it open until
 * this one is closed. Null where one has it open now. Nothing is to be written through it.
 *
 * @throws Error when the file is no SQLite file in the mode that Custody writes
 */
export function openAlone(path: string): DatabaseSync | null {
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    // In WAL mode the whole file is locked with the first transaction, and stays so.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; ROLLBACK')
    const { journal_mode: mode } = database.prepare('PRAGMA journal_mode').get() as {
      journal_mode: string
    }
    if (mode !== 'wal') throw new Error(`its journal mode is ${mode}`)
    return database
  } catch (cause) {
    database.close()
    if (sqliteCode(cause) === SQLITE_BUSY) return null
    throw new Error(`couldn't open ${path}: ${(cause as Error).message}`, { cause })
  }
}

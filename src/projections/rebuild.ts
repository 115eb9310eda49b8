import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { setImmediate as turn } from 'node:timers/promises'
import type { EventId, Position } from '../domain/values.ts'
import type { EventReader } from '../ledger/event-log.ts'
import { openDatabase, sqliteCode } from '../sqlite/open.ts'
import { createIndexes, createTables } from './database.ts'
import { createFolding } from './folding.ts'

export type RebuildOptions = Readonly<{
  reader: EventReader
  /** The views' file; it need not exist, and others may have it open. */
  path: string
  /** The position reached, after each piece. */
  onProgress?: (position: Position) => void
}>

const pieceOf = 2_000

/**
 * Folds the views anew from the whole log, beside the file, and puts them in its place at once: a reader
 * sees the old views or the new ones. Killed before that, the old views stay as they are.
 *
 * @throws UnreadableEvent, LogUnavailable or Error "couldn't rebuild …"; the old views stay
 */
export async function rebuild({
  reader,
  path,
  onProgress,
}: RebuildOptions): Promise<{ events: number }> {
  const fresh = `${path}.rebuild-${process.pid}`
  discard(fresh)
  let database: DatabaseSync | null = null
  try {
    database = openUnsafe(fresh)
    createTables(database)
    const events = await fill(database, reader, onProgress)
    createIndexes(database)
    await putInPlace(database, fresh, path)
    return { events }
  } catch (cause) {
    throw new Error(`couldn't rebuild ${path}: ${(cause as Error).message}`, { cause })
  } finally {
    if (database?.isOpen) database.close()
    discard(fresh)
  }
}

/** A file that nobody else knows of and that is made again after a crash: nothing of it is made safe. */
function openUnsafe(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;
    PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -262144`)
  return database
}

async function fill(
  database: DatabaseSync,
  reader: EventReader,
  onProgress: RebuildOptions['onProgress'],
): Promise<number> {
  const folding = createFolding(database)
  let events = 0
  let position = 0 as Position
  let event: EventId | null = null
  database.exec('BEGIN')
  for (;;) {
    const records = await reader.readAll(position, pieceOf)
    const last = records.at(-1)
    if (!last) break
    folding.foldInto(records)
    position = last.position
    event = last.id
    events += records.length
    onProgress?.(position)
    await turn()
  }
  folding.settle(position, event)
  database.exec('COMMIT')
  return events
}

/**
 * Where there is no file yet, this becomes it. A file that is there may be open elsewhere, with a
 * write-ahead log of its own, so it is never swapped by name: its pages are replaced in one transaction.
 */
async function putInPlace(database: DatabaseSync, fresh: string, path: string): Promise<void> {
  if (existsSync(path)) {
    try {
      await backup(database, path, { rate: 10_000 })
      emptyWriteAheadLog(path)
      return
    } catch (error) {
      // What is no database is nobody's views.
      if (!notDatabase.has(sqliteCode(error) ?? 0)) throw error
      discard(path)
    }
  }
  database.exec('PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL')
  database.close()
  sync(fresh)
  // Unlike a rename, this fails when somebody else was faster.
  linkSync(fresh, path)
  sync(dirname(path))
}

const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26
const notDatabase: ReadonlySet<number> = new Set([SQLITE_CORRUPT, SQLITE_NOTADB])

/** As far as readers allow; what stays is emptied later. */
function emptyWriteAheadLog(path: string): void {
  const database = openDatabase(path, { synchronous: 'NORMAL' })
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
}

function discard(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(path + suffix, { force: true })
}

function sync(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

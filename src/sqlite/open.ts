import { DatabaseSync } from 'node:sqlite'
import { pause } from './pause.ts'

export type OpenOptions = Readonly<{
  /** The file must exist and be in WAL mode. */
  readOnly?: boolean
  /** Overwrite what is deleted with zeros: the vault needs it (see the notes on the -wal file there). */
  secureDelete?: boolean
  /** `NORMAL`: the latest commits may be lost with the power, whole. Only for what can be made again. */
  synchronous?: 'FULL' | 'NORMAL'
  /** How long a statement waits for another connection's lock, in milliseconds. */
  busyTimeoutMs?: number
}>

const busyTimeoutMs = 10_000

/**
 * Opens a SQLite file the only way Custody does: write-ahead log, every commit through to the disk
 * (`synchronous=FULL`, unless less is asked for), nothing temporary on disk; and asserts each setting,
 * since a driver or a build may drop one in silence. Several connections and processes may open the same file.
 *
 * @throws Error "couldn't open <path>: …" with the cause
 */
export function openDatabase(path: string, options: OpenOptions = {}): DatabaseSync {
  let database: DatabaseSync | null = null
  const synchronous = options.synchronous ?? 'FULL'
  try {
    database = new DatabaseSync(path, {
      readOnly: options.readOnly ?? false,
      timeout: options.busyTimeoutMs ?? busyTimeoutMs,
    })
    assertSqliteVersion(database)
    if (!options.readOnly) enterWriteAheadLog(database)
    database.exec(
      `PRAGMA synchronous = ${synchronous}; PRAGMA temp_store = MEMORY;
       PRAGMA secure_delete = ${options.secureDelete ? 'ON' : 'OFF'}`,
    )
    assertSetting(database, 'journal_mode', 'wal')
    assertSetting(database, 'synchronous', synchronous === 'FULL' ? 2 : 1)
    assertSetting(database, 'temp_store', 2)
    assertSetting(database, 'secure_delete', options.secureDelete ? 1 : 0)
    return database
  } catch (cause) {
    database?.close()
    throw new Error(`couldn't open ${path}: ${(cause as Error).message}`, { cause })
  }
}

/**
 * Whether any other connection, of this process or another, has the file open. Answered by asking for
 * the whole of it, which a connection in WAL mode only gets when it is alone.
 */
export function isOpenElsewhere(path: string): boolean {
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; ROLLBACK')
    return false
  } catch (error) {
    if (sqliteCode(error) === SQLITE_BUSY) return true
    // A broken file is nobody's.
    return false
  } finally {
    database.close()
  }
}

/** The primary result code of a SQLite error (https://sqlite.org/rescode.html), null for any other. */
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error)) return null
  return typeof error.errcode === 'number' ? error.errcode & 0xff : null
}

export const SQLITE_BUSY = 5
export const SQLITE_IOERR = 10
export const SQLITE_FULL = 13

/** Earlier ones can corrupt a file when a WAL is reset while another connection writes. */
const oldestSqlite = [3, 51, 3] as const

function assertSqliteVersion(database: DatabaseSync): void {
  const { version } = database.prepare('SELECT sqlite_version() AS version').get() as {
    version: string
  }
  const found = version.split('.').map(Number)
  for (const [place, least] of oldestSqlite.entries()) {
    const part = found[place] ?? 0
    if (part > least) return
    if (part < least) throw new Error(`SQLite ${version} is older than ${oldestSqlite.join('.')}`)
  }
}

/** The busy handler is not asked when the journal mode changes, so two first openings can collide. */
function enterWriteAheadLog(database: DatabaseSync): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      database.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      if (sqliteCode(error) !== SQLITE_BUSY || attempt === 200) throw error
      pause(25)
    }
  }
}

function assertSetting(database: DatabaseSync, name: string, wanted: string | number): void {
  const found = Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]
  if (found !== wanted) throw new Error(`${name} is ${String(found)} instead of ${wanted}`)
}

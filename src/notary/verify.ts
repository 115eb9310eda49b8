import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { LogUnavailable } from '../ledger/event-log.ts'
import { openLedgerReader, type LedgerPlace } from '../ledger/place.ts'
import { assertSchema } from '../ledger/sqlite/schema.ts'
import { openDatabase, SQLITE_BUSY, SQLITE_FULL, sqliteCode } from '../sqlite/open.ts'
import { createReading } from './reading.ts'
import { openNotaryDatabase } from './schema.ts'
import { fileSource, readerSource, type LedgerSource } from './verify-source.ts'
import { TreeCheck } from './verify-tree.ts'
import type { Verification, VerifyOptions } from './verify-types.ts'
import { Walk } from './verify-walk.ts'

/**
 * Reads a ledger again, all of it, and compares it with everything that was signed of it: each event
 * can be read, positions and revisions have no gap, no id is there twice, the tree over the stored bytes has
 * at each checkpoint the root that was signed, and so has the map of the heads of the streams. Works beside a
 * process that writes; it ends at the position that was the last when it began.
 *
 * @throws Error when there is no such file, or the machine fails
 */
export async function verifyLedger(options: VerifyOptions): Promise<Verification> {
  const directory = mkdtempSync(join(tmpdir(), 'custody-verify-'))
  const opened: DatabaseSync[] = []
  const open = (database: DatabaseSync) => {
    opened.push(database)
    return database
  }
  try {
    const { ledger } = options
    if (ledger.store === 'sqlite' && !existsSync(ledger.file)) {
      throw new Error(`there is no ledger ${ledger.file}`)
    }
    const scratch = open(openNotaryDatabase(join(directory, 'trees.sqlite')))
    const followed = openFollowed(options.notaryPath, open)
    const trees = new TreeCheck(scratch, followed && createReading(followed))
    const walk = new Walk(options, trees)
    try {
      await readLedger(ledger, (source) => walk.read(source))
    } catch (error) {
      if (!isDamage(error)) throw error
      walk.unreadable(error)
    }
    return walk.result()
  } finally {
    for (const database of opened.toReversed()) database.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function readLedger(
  place: LedgerPlace,
  read: (source: LedgerSource) => Promise<void>,
): Promise<void> {
  if (place.store === 'sqlite') {
    const database = openDatabase(place.file, { readOnly: true })
    try {
      assertSchema(database)
      await read(fileSource(database))
    } finally {
      database.close()
    }
    return
  }
  const reader = await openLedgerReader(place)
  try {
    await read(readerSource(reader))
  } catch (error) {
    if (error instanceof LogUnavailable) throw error
    throw new UnreadableLedger((error as Error).message, { cause: error })
  } finally {
    await reader.close()
  }
}

/** The server answers, and what it answers is no history of ours. */
class UnreadableLedger extends Error {
  override readonly name = 'UnreadableLedger'
}

/** What SQLite says of a file that is not what it was; anything else is the machine's failure. */
function isDamage(error: unknown): error is Error {
  if (!(error instanceof Error)) return false
  if (error instanceof UnreadableLedger) return true
  if (error instanceof LogUnavailable) return false
  if ('code' in error && error.code === 'ERR_OUT_OF_RANGE') return true
  const passing: (number | null)[] = [SQLITE_BUSY, SQLITE_FULL]
  const code = sqliteCode(error) ?? sqliteCode(error.cause)
  return code === null ? error.message.includes('ledger') : !passing.includes(code)
}

/** Null where there is none that can be read. */
function openFollowed(path: string, open: (database: DatabaseSync) => DatabaseSync) {
  if (!existsSync(path)) return null
  try {
    const database = open(openDatabase(path, { readOnly: true, synchronous: 'NORMAL' }))
    createReading(database).trees()
    return database
  } catch {
    return null
  }
}

import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Position } from '../src/domain/values.ts'
import { decode } from '../src/ledger/codec.ts'
import { openSqliteEventReader } from '../src/ledger/sqlite/event-reader.ts'
import { rounded, type Measured } from './rounds.ts'
import { historyOf } from './support/histories.ts'

/**
 * P9: bytes on the disk for each event: the files of the ledger and of the views, with their write-ahead
 * logs emptied into them, beside the event as JSON with its whole envelope, as it is decoded: data,
 * sealed values, place, times and names in full. The vault is not part of it.
 */
export async function disk(scale: number): Promise<Measured> {
  const { ledgerFile, viewsFile } = await historyOf(scale)
  const ledger = sizeOf(ledgerFile)
  const views = sizeOf(viewsFile)
  const { events, bytes } = await jsonOf(ledgerFile)
  return {
    ratio: rounded((ledger + views) / bytes),
    ours: rounded((ledger + views) / events),
    limit: rounded(bytes / events),
    unit: 'bytes/event',
    ledger: rounded(ledger / events),
    views: rounded(views / events),
    events,
  }
}

function sizeOf(path: string): number {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
  return statSync(path).size
}

async function jsonOf(path: string): Promise<{ events: number; bytes: number }> {
  const reader = openSqliteEventReader(path)
  try {
    let [events, bytes, position] = [0, 0, 0 as Position]
    for (;;) {
      const records = await reader.readAll(position, 1_000)
      const last = records.at(-1)
      if (!last) return { events, bytes }
      for (const record of records) bytes += Buffer.byteLength(JSON.stringify(decode(record)))
      events += records.length
      position = last.position
    }
  } finally {
    await reader.close()
  }
}

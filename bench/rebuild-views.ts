import { join } from 'node:path'
import { openSqliteEventReader } from '../src/ledger/sqlite/event-reader.ts'
import { rebuild } from '../src/projections/rebuild.ts'
import { measure, summary, type Measured } from './rounds.ts'
import { historyOf } from './support/histories.ts'
import { readRows, upsertRows } from './support/view-rows.ts'
import { inDirectory } from './support/workspace.ts'

/**
 * P3: all views folded anew from the ledger, beside the bare writing of the rows that they come to hold:
 * one prepared `INSERT OR REPLACE` a row, in the order of the log, 1,000 in a transaction, into the same
 * tables with the same indexes, in a file of the views' own settings. `ratio` is in events a second.
 */
export async function rebuildViews(scale: number): Promise<Measured> {
  const { ledgerFile, viewsFile, events } = await historyOf(scale)
  const rows = readRows(viewsFile)
  return inDirectory(async (directory) => {
    const reader = openSqliteEventReader(ledgerFile)
    try {
      const rounds = await measure(`P3 (${scale})`, async (index) => {
        const limit = upsertRows(join(directory, `bare-${index}.sqlite`), rows)
        const began = performance.now()
        const path = join(directory, `views-${index}.sqlite`)
        const { events: folded } = await rebuild({ reader, path })
        const ours = performance.now() - began
        if (folded < events) throw new Error(`only ${folded} events were folded`)
        return { ours: (events / ours) * 1000, limit: (events / limit) * 1000 }
      })
      return { ...summary('events/s', rounds), events, rows: rows.rows.length }
    } finally {
      await reader.close()
    }
  })
}

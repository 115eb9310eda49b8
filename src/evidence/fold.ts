import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import type { Position } from '../domain/values.ts'
import type { LogRecord } from '../ledger/event-log.ts'
import { openViewsDatabase } from '../projections/database.ts'
import { createFolding } from '../projections/folding.ts'
import { openViews } from '../projections/sqlite-views.ts'
import type { Views } from '../projections/views.ts'

/** How many events are folded before others get their turn. */
const pieceOf = 500

/**
 * What the views say when these events are all that the ledger has: they are folded into a temporary file,
 * asked, and thrown away.
 *
 * @param position where the views stand then: behind the last event
 * @param answer must not keep the views
 * @throws UnreadableEvent
 */
export async function withViewsOf<T>(
  records: readonly LogRecord[],
  position: Position,
  answer: (views: Views) => T,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'custody-evidence-'))
  try {
    const path = join(directory, 'views.sqlite')
    const database = openViewsDatabase(path)
    try {
      database.exec('PRAGMA synchronous = OFF; BEGIN')
      const folding = createFolding(database)
      for (let at = 0; at < records.length; at += pieceOf) {
        folding.foldInto(records.slice(at, at + pieceOf))
        await turn()
      }
      folding.settle(position, records.at(-1)?.id ?? null)
      database.exec('COMMIT')
    } finally {
      database.close()
    }
    const views = openViews({ path })
    try {
      return answer(views)
    } finally {
      views.close()
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

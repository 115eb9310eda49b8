import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Position } from '../../src/domain/values.ts'
import { openViewsDatabase } from '../../src/projections/database.ts'
import { createProjector } from '../../src/projections/projector.ts'
import { openViews } from '../../src/projections/sqlite-views.ts'
import type { Views } from '../../src/projections/views.ts'
import { createChronicle, type Chronicle } from './envelopes.ts'
import { MemoryEventLog } from './memory-log.ts'

/** A log, what tells events into it, and the views on it in a temporary file. */
export type Scene = Readonly<{
  log: MemoryEventLog
  tell: Chronicle['tell']
  path: string
  /** The views, caught up with the log. */
  views: () => Promise<Views>
  head: () => Promise<Position>
  dispose: () => void
}>

export function openScene(): Scene {
  const directory = mkdtempSync(join(tmpdir(), 'custody-views-'))
  const path = join(directory, 'views.db')
  const log = new MemoryEventLog()
  const chronicle = createChronicle(log)
  const database = openViewsDatabase(path)
  const projector = createProjector({ reader: log, database })
  const views = openViews({ path })
  return {
    log,
    tell: (told) => chronicle.tell(told),
    path,
    async views() {
      await projector.catchUp()
      return views
    },
    head: () => log.head(),
    dispose() {
      views.close()
      database.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

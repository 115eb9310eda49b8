import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteEventLog } from '../../src/ledger/sqlite/event-log.ts'
import { eventLogContract } from '../contracts/event-log.ts'
import { MemoryEventLog } from '../support/memory-log.ts'

eventLogContract('SQLite', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'custody-log-'))
  const path = join(directory, 'ledger.db')
  const log = await openSqliteEventLog({ path })
  return {
    log,
    openAnother: () => openSqliteEventLog({ path }),
    dispose: async () => {
      await log.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
})

eventLogContract('memory', async () => {
  const log = new MemoryEventLog()
  return { log, openAnother: null, dispose: () => log.close() }
})

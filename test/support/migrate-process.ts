import { openEventStoreLog } from '../../src/ledger/eventstore/event-log.ts'
import { openSqliteEventReader } from '../../src/ledger/sqlite/event-reader.ts'
import { migrateLedger } from '../../src/migration/ledger.ts'

/**
 * Moves a ledger's file to an event store and writes a line for each append, until it is killed: so many
 * milliseconds after so many appends, by its own clock, so that it never gets to the end on a slow machine.
 */
const [path, connectionString, appends, delayMs] = process.argv.slice(2)
const source = openSqliteEventReader(path!)
const target = openEventStoreLog({ connectionString: connectionString! })
let appended = 0
await migrateLedger({
  source,
  target,
  onProgress: (step, done) => {
    if (step !== 'moving') return
    process.stdout.write(`${done}\n`)
    appended += 1
    if (appended !== Number(appends)) return
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), Number(delayMs))
  },
})

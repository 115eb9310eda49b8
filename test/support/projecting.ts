import { openSqliteEventReader } from '../../src/ledger/sqlite/event-reader.ts'
import { openViewsDatabase } from '../../src/projections/database.ts'
import { createProjector } from '../../src/projections/projector.ts'

/** A process that follows a ledger into a views file until it is killed: `projecting.ts <ledger> <views>`. */
const [ledgerPath, viewsPath] = process.argv.slice(2)
if (!ledgerPath || !viewsPath) throw new Error('usage: projecting.ts <ledger> <views>')
const projector = createProjector({
  reader: openSqliteEventReader(ledgerPath),
  database: openViewsDatabase(viewsPath),
  batch: 40,
})
await projector.run(new AbortController().signal)

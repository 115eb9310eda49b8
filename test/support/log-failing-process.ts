import type { Revision } from '../../src/domain/values.ts'
import { openSqliteEventLog } from '../../src/ledger/sqlite/event-log.ts'
import { record, stream } from './log-records.ts'

/** Appends until the log fails, tries once more, reads, and prints what happened as JSON. */
const path = process.argv[2]
if (path === undefined) throw new Error('the path of the log is missing')
let fatal = 0
const log = await openSqliteEventLog({ path, onFatal: () => (fatal += 1) })

let appended = 0
const append = async (): Promise<string | null> => {
  const one = { ...record(''), body: JSON.stringify('x'.repeat(20_000)) }
  try {
    await log.append(stream('large'), (appended - 1) as Revision, [one])
    appended += 1
    return null
  } catch (error) {
    return String(error)
  }
}

let first: string | null = null
for (let tries = 0; first === null && tries < 1000; tries += 1) first = await append()
const next = await append()
const read = (await log.readStream(stream('large'), 0 as Revision, 1000)).length
console.log(JSON.stringify({ first, next, fatal, appended, read }))
await log.close()

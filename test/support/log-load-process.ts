import { once } from 'node:events'
import { writeSync } from 'node:fs'
import type { Revision } from '../../src/domain/values.ts'
import { NO_STREAM } from '../../src/ledger/event-log.ts'
import { openSqliteEventLog } from '../../src/ledger/sqlite/event-log.ts'
import { record, stream } from './log-records.ts'

/**
 * Appends to an event log, from a first line of input until it is killed, and writes a line for each append that was acknowledged:
 * `<stream> <revision of the first> <id>,<id>,…`. Each record names its append and how many it is one of.
 */
const path = process.argv[2]
if (path === undefined) throw new Error('the path of the log is missing')
const streams = 24
await once(process.stdin, 'data')
const log = await openSqliteEventLog({ path })

async function appendTo(name: number): Promise<void> {
  let last: number = NO_STREAM
  for (let turn = 0; turn < 100_000; turn += 1) {
    const of = 1 + ((turn + name) % 5)
    const records = Array.from({ length: of }, (_, index) => {
      const plain = record('')
      return { ...plain, body: JSON.stringify({ index, of, filling: 'x'.repeat(400) }) }
    })
    const answer = await log.append(stream(name), last as Revision, records)
    if (answer.status === 'appended') {
      say(`${stream(name)} ${last + 1} ${records.map(({ id }) => id).join()}`)
      last = answer.revision
    } else {
      last = answer.actual
    }
  }
}

/** One write for each line, so that a line is there whole or not at all. */
function say(line: string): void {
  writeSync(1, `${line}\n`)
}

say('ready')
await Promise.all(Array.from({ length: streams }, (_, name) => appendTo(name)))

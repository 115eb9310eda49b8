import { once } from 'node:events'
import { writeSync } from 'node:fs'
import type { EventLog } from '../../src/ledger/event-log.ts'
import { acme, openDesk } from '../notary/support.ts'
import { randomFrom } from './seed.ts'

/**
 * From a first line of input on: appends events and asks for checkpoints, each in its own pace, and writes
 * `{"note"}` for each that was signed. Now and then it kills itself just before or after the event that
 * carries a note is appended, when the note is already kept beside the key.
 */
const [directory, seed] = process.argv.slice(2)
if (directory === undefined || seed === undefined) throw new Error('directory and seed are missing')
const random = randomFrom(Number(seed))
const deadly: (log: EventLog) => EventLog = (log) => ({
  append: async (stream, expected, records) => {
    const dies = stream.startsWith('checkpoint-') ? random() : 1
    if (dies < 0.01) process.kill(process.pid, 'SIGKILL')
    const appended = await log.append(stream, expected, records)
    if (dies < 0.02) process.kill(process.pid, 'SIGKILL')
    return appended
  },
  readStream: (stream, from, limit) => log.readStream(stream, from, limit),
  readAll: (after, limit) => log.readAll(after, limit),
  readAt: (positions) => log.readAt(positions),
  head: () => log.head(),
  follow: (after, limit, signal) => log.follow(after, limit, signal),
  close: () => log.close(),
})
const desk = await openDesk(directory, { through: deadly })
const say = (what: unknown) => writeSync(1, `${JSON.stringify(what)}\n`)
await desk.notary.check()
say('ready')
await once(process.stdin, 'data')

async function tell(): Promise<void> {
  for (;;) {
    // Another process may have told of the same person at this moment.
    await desk.tell(acme, Math.floor(random() * 40), 1 + Math.floor(random() * 3)).catch(() => {})
  }
}

async function sign(): Promise<void> {
  for (;;) {
    const signed = await desk.notary.checkpoint(acme)
    if (signed) say({ note: signed.note })
  }
}

await Promise.all([tell(), sign()])

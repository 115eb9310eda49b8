import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { ControllerId } from '../domain/values.ts'
import { openLedgerReader } from '../ledger/place.ts'
import { createFollower } from './follower.ts'
import { openNotaryDatabase } from './schema.ts'
import type { FromThread, Question, Settled, ThreadStart, ToThread } from './thread-messages.ts'

/**
 * The notary's thread: follows the ledger with connections of its own. When nobody asks it looks once in a
 * while, since many small commits cost more than a large one.
 */

const lookEveryMs = 500

const port = parentPort
if (!port) throw new Error('the notary follows in a thread of its own')
// Written by `startNotaryThread`, the only one who starts this thread.
const { ledger, notaryPath } = workerData as ThreadStart

const stopping = new AbortController()
const database = openNotaryDatabase(notaryPath)
const reader = await openLedgerReader(ledger)
const follower = createFollower(reader, database)
const asked: { number: number; question: Question }[] = []
let rest = new AbortController()

port.on('message', (message: ToThread) => {
  if (message === 'stop') stopping.abort()
  else asked.push(message)
  rest.abort()
})
say({ said: 'ready' })

while (!stopping.signal.aborted) {
  const next = asked.shift()
  if (next) {
    await answer(next.number, next.question)
    continue
  }
  // What goes wrong here goes wrong again when somebody asks, and is told to whom it concerns.
  await follower.catchUp(stopping.signal).catch(() => {})
  rest = new AbortController()
  if (asked.length > 0 || stopping.signal.aborted) continue
  await sleep(lookEveryMs, undefined, { signal: rest.signal }).catch(() => {})
}
await reader.close()
database.close()
port.close()

async function answer(number: number, question: Question): Promise<void> {
  try {
    say({ said: 'answer', number, settled: await work(question) })
  } catch (error) {
    say({ said: 'trouble', number, message: (error as Error).message })
  }
}

async function work(question: Question): Promise<Settled | null> {
  if (question.ask === 'renew') follower.renew()
  await follower.catchUp(stopping.signal)
  if (question.ask !== 'settle') return null
  return follower.settle(ControllerId.parse(question.controller), question.size)
}

function say(message: FromThread): void {
  port!.postMessage(message)
}

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { FromThread, Question, Settled, ThreadStart, ToThread } from './thread-messages.ts'

/** The thread that follows the ledger for the notary. */
export type NotaryThread = Readonly<{
  /** @throws Error saying what the thread could not do */
  ask: (question: Question) => Promise<Settled | null>
  stop: () => Promise<void>
}>

/**
 * Starts the thread; resolves when it has opened both files.
 * @throws Error when it could not open them
 */
export async function startNotaryThread(start: ThreadStart): Promise<NotaryThread> {
  const worker = new Worker(new URL('./notary-worker.ts', import.meta.url), {
    workerData: start,
    name: 'notary',
  })
  const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  try {
    await Promise.race([once(worker, 'message'), gone.then(ended)])
  } catch (cause) {
    throw new Error(`couldn't start the notary: ${(cause as Error).message}`, { cause })
  }
  type Waiting = { resolve: (settled: Settled | null) => void; reject: (error: Error) => void }
  const waiting = new Map<number, Waiting>()
  let number = 0
  let failure: Error | null = null

  worker.on('message', (message: FromThread) => {
    if (message.said === 'ready') return
    const one = waiting.get(message.number)
    waiting.delete(message.number)
    if (message.said === 'answer') one?.resolve(message.settled)
    else one?.reject(new Error(message.message))
  })
  const fail = (error: Error) => {
    failure ??= error
    for (const { reject } of waiting.values()) reject(failure)
    waiting.clear()
  }
  worker.on('error', fail)
  void gone.then(() => fail(new Error('its thread ended')))
  const post = (message: ToThread) => worker.postMessage(message)

  return {
    async ask(question) {
      if (failure) throw failure
      number += 1
      const { promise, resolve, reject } = Promise.withResolvers<Settled | null>()
      waiting.set(number, { resolve, reject })
      post({ number, question })
      return promise
    },
    async stop() {
      if (!failure) post('stop')
      await gone
    },
  }
}

function ended(): never {
  throw new Error('its thread ended')
}

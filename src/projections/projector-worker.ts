import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { openLedgerReader } from '../ledger/place.ts'
import { openViewsDatabase } from './database.ts'
import { createProjector } from './projector.ts'
import { assertSameLog } from './same-log.ts'
import type { FromThread, ThreadStart, ToThread } from './thread-messages.ts'

/** The projector's thread: follows the ledger with connections of its own, and says how far it got. */

const longestPauseMs = 5_000

/** How long the views may stay behind while nobody waits for them. */
const restMs = 100

const port = parentPort
if (!port) throw new Error('the projector is started as a thread')
const { ledger, viewsPath } = workerData as ThreadStart

const stopping = new AbortController()
const say = (message: FromThread) => port.postMessage(message)
const database = openViewsDatabase(viewsPath)
const reader = await openLedgerReader(ledger, {
  onDropped: (message) => say({ said: 'dropped', message }),
})
let waking: (() => void) | null = null
const projector = createProjector({
  reader,
  database,
  rest: () =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, restMs)
      waking = () => {
        clearTimeout(timer)
        resolve()
      }
    }),
  onAdvance: (page) => say({ said: 'advanced', ...page, kinds: [...page.kinds] }),
})

port.on('message', (message: ToThread) => {
  if (message === 'stop') stopping.abort()
  waking?.()
  reader.wake()
})
await assertSameLog(reader, database)
say({ said: 'ready', position: projector.position() })

/** A ledger that cannot be read now (or an event that this build cannot read) is tried again, more rarely. */
let pauseMs = 50
while (!stopping.signal.aborted) {
  const before = projector.position()
  try {
    await projector.run(stopping.signal)
  } catch (error) {
    const position = projector.position()
    say({ said: 'trouble', position, message: (error as Error).message })
    pauseMs = position > before ? 50 : Math.min(pauseMs * 2, longestPauseMs)
    await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => {})
  }
}
await reader.close()
database.close()
port.close()

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { StreamKind } from '../domain/envelope.ts'
import type { Position } from '../domain/values.ts'
import { behind } from './behind.ts'
import type { FoldedPage } from './projector.ts'
import type { FromThread, ThreadStart, ToThread } from './thread-messages.ts'

/** A projector on a thread of its own. */
export type ProjectorThread = Readonly<{
  /** How far the views were folded, as last heard. */
  position: () => Position
  /** Called after each batch. Answers how to stop that. */
  onAdvance: (callback: (page: FoldedPage) => void) => () => void
  /** Called when the projector could not go on; it tries again by itself. */
  onTrouble: (callback: (message: string) => void) => () => void
  /** Called when it lost its subscription to the log; it makes another by itself. */
  onDropped: (callback: (message: string) => void) => () => void
  /** Resolves when the views hold the position. @throws ViewsBehind after `milliseconds` */
  waitFor: (position: Position, milliseconds: number) => Promise<void>
  /** Something was appended: look now, not at the next poll. */
  nudge: () => void
  stop: () => Promise<void>
}>

/**
 * Starts the thread; resolves when it has opened both files and follows.
 * @throws Error when it could not open them
 */
export async function startProjectorThread(start: ThreadStart): Promise<ProjectorThread> {
  const worker = new Worker(new URL('./projector-worker.ts', import.meta.url), {
    workerData: start,
    name: 'projector',
  })
  const advanced = new Set<(page: FoldedPage) => void>()
  const troubled = new Set<(message: string) => void>()
  const dropped = new Set<(message: string) => void>()
  const waiters = createWaiters()
  let ended = false

  const stumble = (message: string) => {
    waiters.trouble(message)
    tell(troubled, message)
  }
  worker.on('message', (message: FromThread) => {
    if (message.said === 'trouble') return stumble(message.message)
    if (message.said === 'dropped') return tell(dropped, message.message)
    const position = message.position as Position
    waiters.reach(position)
    if (message.said === 'ready') return
    const { events, milliseconds } = message
    tell(advanced, { position, kinds: new Set<StreamKind>(message.kinds), events, milliseconds })
  })
  const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  try {
    await Promise.race([once(worker, 'message'), gone.then(neverFollowed)])
  } catch (cause) {
    throw new Error(`couldn't start the projector: ${(cause as Error).message}`, { cause })
  }
  worker.on('error', (error: Error) => stumble(error.message))
  void gone.then(() => (ended = true))
  const post = (message: ToThread) => {
    if (!ended) worker.postMessage(message)
  }
  return {
    position: waiters.reached,
    onAdvance: (callback) => listen(advanced, callback),
    onTrouble: (callback) => listen(troubled, callback),
    onDropped: (callback) => listen(dropped, callback),
    async waitFor(position, milliseconds) {
      if (waiters.reached() >= position) return
      post('nudge')
      await waiters.wait(position, milliseconds)
    },
    nudge: () => post('nudge'),
    async stop() {
      post('stop')
      await gone
    },
  }
}

/** Those who wait for a position. */
function createWaiters() {
  type Waiter = { position: Position; resolve: () => void }
  const waiting = new Set<Waiter>()
  let reached = 0 as Position
  let trouble: string | null = null
  return {
    reached: () => reached,
    reach(position: Position): void {
      trouble = null
      reached = position
      for (const waiter of waiting) if (waiter.position <= reached) waiter.resolve()
    },
    trouble(message: string): void {
      trouble = message
    },
    async wait(position: Position, milliseconds: number): Promise<void> {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const waiter = { position, resolve }
      waiting.add(waiter)
      const timer = setTimeout(
        () => reject(behind(reached, position, milliseconds, trouble)),
        milliseconds,
      )
      try {
        await promise
      } finally {
        clearTimeout(timer)
        waiting.delete(waiter)
      }
    },
  }
}

function listen<T>(callbacks: Set<T>, callback: T): () => void {
  callbacks.add(callback)
  return () => callbacks.delete(callback)
}

function tell<T>(callbacks: ReadonlySet<(told: T) => void>, told: T): void {
  for (const callback of callbacks) callback(told)
}

function neverFollowed(): never {
  throw new Error('its thread ended')
}

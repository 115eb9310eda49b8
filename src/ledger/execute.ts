import type { StreamName } from '../domain/envelope.ts'
import type { EventId, Instant } from '../domain/values.ts'
import { Clock } from './clock.ts'
import type { AnyAnswer, AnyAsk, Pending } from './draft.ts'
import type { EventLog } from './event-log.ts'
import type { Executor } from './execute-types.ts'
import { Lane, type LaneDeps, type PendingLoad } from './lane.ts'
import { StreamCache } from './stream-cache.ts'
import type { AnyDecider } from './stream-state.ts'

export type ExecutorOptions = Readonly<{
  log: EventLog
  now: () => Instant
  newId: () => EventId
  /** How much is remembered of streams' states: about one for each event that stands behind a state. */
  cacheWeight?: number
}>

/** An `Executor` on this log. One for each process: it decides one stream's commands one by one. */
export function createExecutor({
  log,
  now,
  newId,
  cacheWeight = 300_000,
}: ExecutorOptions): Executor {
  const lanes = new Map<StreamName, Lane>()
  const deps: LaneDeps = { log, newId, clock: new Clock(now), cache: new StreamCache(cacheWeight) }

  const enqueue = (stream: StreamName, item: Pending | PendingLoad): void => {
    let lane = lanes.get(stream)
    if (!lane) {
      const opened = new Lane(stream, deps, () => lanes.delete(stream))
      lanes.set(stream, opened)
      // What else is asked of the stream in this turn goes into the same append.
      queueMicrotask(() => void opened.run())
      lane = opened
    }
    lane.waiting.push(item)
  }

  const execute = (ask: AnyAsk): Promise<AnyAnswer> =>
    new Promise((resolve, reject) => {
      enqueue(ask.stream, { ask, eventId: newId(), resolve, reject, sealingFailed: false })
    })

  const executeMany = async (asks: readonly AnyAsk[]): Promise<readonly AnyAnswer[]> => {
    const settled = await Promise.allSettled(asks.map(execute))
    return settled.map((one) => {
      if (one.status === 'rejected') throw one.reason
      return one.value
    })
  }

  const load: Executor['load'] = (stream, decider, read) =>
    new Promise((resolve, reject) => {
      enqueue(stream, {
        decider: decider as unknown as AnyDecider,
        read: (loaded) => resolve(read(loaded as Parameters<typeof read>[0])),
        reject,
      })
    })

  // A lane hands each ask's own command and context to that ask's own decider and to no other, and
  // answers with the events that decider gave: forgetting the four types in between is sound.
  return { execute, executeMany, load } as unknown as Executor
}

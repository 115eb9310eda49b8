import { setTimeout as pause } from 'node:timers/promises'
import { downstreamKey } from '../projections/endpoints.ts'
import type { EndpointRow } from '../projections/notification-views.ts'
import { tellSystem, type NotifyingJob } from './notifying.ts'

type Keeping = Readonly<{
  /** The job of each controller, with the `signal` below. */
  jobs: () => readonly NotifyingJob[]
  /** How often it is looked what is due, in milliseconds. */
  everyMs: number
  /** How long a system that failed time after time is left alone, in milliseconds. */
  restMs: number
  /** What the machine could not do is told, and tried again. */
  onError: (error: unknown) => void
  signal: AbortSignal
}>

/** How many systems are told at once. */
const MOST_UNDER_WAY = 64

/**
 * Tells every downstream system what is due as it falls due, each in a loop of its own, so that one that
 * hangs holds up no other. Resolves after `signal` aborts, when what was begun has ended.
 */
export async function keepNotifying(keeping: Keeping): Promise<void> {
  const { jobs, everyMs, onError, signal } = keeping
  const underWay = new Map<string, Promise<void>>()
  /** Until when, by the monotonic clock. */
  const resting = new Map<string, number>()

  function begin(job: NotifyingJob, endpoint: EndpointRow): void {
    const key = `${job.caller.controller}/${downstreamKey(endpoint.downstream)}`
    const rests = (resting.get(key) ?? 0) > performance.now()
    if (rests || underWay.has(key) || underWay.size >= MOST_UNDER_WAY) return
    const telling = tellSystem(job, endpoint).then(
      ({ leftAlone }) => {
        if (leftAlone > 0) resting.set(key, performance.now() + keeping.restMs)
        else resting.delete(key)
      },
      (error: unknown) => onError(error),
    )
    underWay.set(
      key,
      telling.finally(() => underWay.delete(key)),
    )
  }

  while (!signal.aborted) {
    try {
      for (const job of jobs()) {
        const { views, caller } = job
        for (const row of views.endpoints(caller.controller, views.position())) begin(job, row)
      }
    } catch (error) {
      onError(error)
    }
    await pause(everyMs, null, { signal }).catch(() => {})
  }
  await Promise.all(underWay.values())
}

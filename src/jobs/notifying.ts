import type { Deliver, NotificationService } from '../application/notifications.ts'
import type { Caller } from '../application/services.ts'
import type { DeliveryResult } from '../domain/notification/decider.ts'
import { START, type Instant, type Position } from '../domain/values.ts'
import type { EndpointRow, NotificationRow } from '../projections/notification-views.ts'
import type { Views } from '../projections/views.ts'
import { atOnce } from './at-once.ts'
import { messageTo } from './notification-message.ts'

export type NotifyingJob = Readonly<{
  services: Readonly<{ notifications: NotificationService }>
  views: Views
  caller: Caller
  deliver: Deliver
  now: () => Instant
  /** From 0 to 1: spreads the next attempts. */
  random: () => number
  signal?: AbortSignal
}>

/** In attempts. */
export type NotifyingResult = Readonly<{
  confirmed: number
  failed: number
  abandoned: number
  /** Systems that failed so often, one time after another, that the rest waits for the next run. */
  leftAlone: number
  /** The position of the last thing the run recorded; the views hold it. */
  position: Position
}>

/** How many systems are told at once, and how many messages each gets at once. */
const SYSTEMS_AT_ONCE = 32
const MESSAGES_AT_ONCE = 4

/** How many messages of a system are taken up together. */
const PAGE_ROWS = 100

/** So many failures without a success between them, and a system is left alone for this run. */
const MOST_FAILURES = 12

const VIEWS_WAIT_MS = 60_000

/**
 * Tells every downstream system what is due by now (GDPR Art. 19; N4, S12, S48), each on its own, so that
 * a slow one holds up no other. It may be run twice, on two processes at once, and killed at any moment:
 * what was posted and not recorded is posted again under the same id, and recorded once.
 */
export async function runNotifying(job: NotifyingJob): Promise<NotifyingResult> {
  const { views, caller, signal } = job
  const progress = nothingDone()
  const endpoints = views.endpoints(caller.controller, views.position())
  await atOnce(endpoints, SYSTEMS_AT_ONCE, (it) => tell(job, it, progress), signal ?? null)
  return progress
}

/** Tells one downstream system what is due by now. */
export async function tellSystem(
  job: NotifyingJob,
  endpoint: EndpointRow,
): Promise<NotifyingResult> {
  const progress = nothingDone()
  await tell(job, endpoint, progress)
  return progress
}

type Progress = { -readonly [K in keyof NotifyingResult]: NotifyingResult[K] }

const nothingDone = (): Progress => ({
  confirmed: 0,
  failed: 0,
  abandoned: 0,
  leftAlone: 0,
  position: START,
})

/** Every attempt puts its message off or ends it, so that what is due runs out. */
async function tell(job: NotifyingJob, endpoint: EndpointRow, progress: Progress): Promise<void> {
  const { views, caller, now, signal } = job
  const { downstream } = endpoint
  /** What was told in this run is not told again in it, whatever the clock says by then. */
  const until = now()
  const state = { failures: 0, last: START }
  while (signal?.aborted !== true) {
    const due = views.dueNotifications(caller.controller, downstream, until, PAGE_ROWS)
    if (due.length === 0) return
    await atOnce(
      due,
      MESSAGES_AT_ONCE,
      async (row) => {
        if (state.failures < MOST_FAILURES) await attempt(job, endpoint, row, progress, state)
      },
      signal ?? null,
    )
    await views.waitFor(state.last, VIEWS_WAIT_MS)
    if (state.failures >= MOST_FAILURES) {
      progress.leftAlone += 1
      return
    }
  }
}

async function attempt(
  job: NotifyingJob,
  endpoint: EndpointRow,
  row: NotificationRow,
  progress: Progress,
  state: { failures: number; last: Position },
): Promise<void> {
  const { services, caller, now, random } = job
  const result = await deliverTo(job, endpoint, row)
  const report = { row, at: now(), result, jitter: random() }
  const { became, position } = await services.notifications.report(caller, report)
  state.failures = result.delivered ? 0 : state.failures + 1
  if (became !== null) progress[became] += 1
  if (position > state.last) state.last = position
  if (position > progress.position) progress.position = position
}

function deliverTo(
  { caller, deliver, now }: NotifyingJob,
  endpoint: EndpointRow,
  row: NotificationRow,
): Promise<DeliveryResult> {
  if (!endpoint.removed) return deliver(messageTo(caller.controller, endpoint, row, now()))
  const code = 'endpoint_missing'
  return Promise.resolve({ delivered: false, code, status: null, retryAfterSeconds: null })
}

import type { Decider, Decision } from '../decision.ts'
import { record, refuseStep } from '../step-refused.ts'
import { assertNever, type Instant } from '../values.ts'
import type { DeliveryFault, Notice, NotificationEvent } from './events.ts'

/** What came of one attempt. `retryAfterSeconds`: as the receiver asked; null where it did not. */
export type DeliveryResult =
  | Readonly<{ delivered: true; status: number }>
  | Readonly<{
      delivered: false
      code: DeliveryFault
      status: number | null
      retryAfterSeconds: number | null
    }>

/** What can be asked of a message. */
export type NotificationCommand =
  | {
      type: 'ReportDelivery'
      notice: Notice
      /** Which attempt it was, from 1. */
      attempt: number
      at: Instant
      result: DeliveryResult
      /** From 0 to 1: spreads the attempts of many messages. */
      jitter: number
    }
  /** `notice` is null where no such message is known. */
  | { type: 'RetryNotification'; notice: Notice | null; reason: string }

/** How a message stands; `attempts` counts all, `from` those before it was last taken up again. */
export type NotificationState = Readonly<{
  status: 'outstanding' | 'confirmed' | 'abandoned'
  attempts: number
  from: number
}>

const SECOND = 1
const MINUTE = 60
const HOUR = 3_600

/** Standard Webhooks 1.0.0, "Retry schedule": ten attempts over three days. In seconds. */
const delays = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
]

/** How long a receiver may put an attempt off, in seconds. */
const longestRetryAfter = 24 * HOUR

/** The life of one message: outstanding until it is confirmed, or given up after the last attempt. */
export const notificationDecider: Decider<
  NotificationState,
  NotificationCommand,
  NotificationEvent,
  undefined
> = {
  initialState: () => ({ status: 'outstanding', attempts: 0, from: 0 }),
  decide(command, state) {
    switch (command.type) {
      case 'ReportDelivery':
        return report(command, state)
      case 'RetryNotification':
        return retry(command, state)
      default:
        return assertNever(command)
    }
  },
  evolve(state, event) {
    switch (event.type) {
      case 'NotificationConfirmed':
        return { ...state, status: 'confirmed', attempts: event.data.attempt }
      case 'NotificationFailed':
        return { ...state, attempts: event.data.attempt }
      case 'NotificationAbandoned':
        return { ...state, status: 'abandoned', attempts: event.data.attempts }
      case 'NotificationRetried':
        return { ...state, status: 'outstanding', from: state.attempts }
      case 'NotificationStepRefused':
        return state
      default:
        return assertNever(event)
    }
  },
}

type Command<T extends NotificationCommand['type']> = Extract<NotificationCommand, { type: T }>

/** Two processes may have made the same attempt: it counts once, and a success beats a failure. */
function report(
  { notice, attempt, at, result, jitter }: Command<'ReportDelivery'>,
  state: NotificationState,
): Decision<NotificationEvent> {
  if (state.status === 'confirmed') return record()
  if (result.delivered) {
    const data = { notice, attempt, status: result.status }
    return record<NotificationEvent>({ type: 'NotificationConfirmed', version: 1, data })
  }
  if (state.status === 'abandoned' || attempt <= state.attempts) return record()
  const { code, status, retryAfterSeconds } = result
  const delay = delays[attempt - state.from - 1]
  if (delay === undefined || code === 'gone') {
    const data = { notice, attempts: attempt, code, status }
    return record<NotificationEvent>({ type: 'NotificationAbandoned', version: 1, data })
  }
  const asked = Math.min(retryAfterSeconds ?? 0, longestRetryAfter)
  const wait = Math.max(delay * (1 + jitter / 10), asked)
  const next = new Date(Date.parse(at) + Math.ceil(wait * 1_000)).toJSON() as Instant
  const data = { notice, attempt, code, status, next }
  return record<NotificationEvent>({ type: 'NotificationFailed', version: 1, data })
}

function retry(
  command: Command<'RetryNotification'>,
  { status, attempts, from }: NotificationState,
): Decision<NotificationEvent> {
  const { notice, reason } = command
  if (!notice) {
    return refuseStep('NotificationStepRefused', command, 'not_found', 'No such notification.')
  }
  if (status === 'confirmed') {
    const explanation = 'The notification was delivered and confirmed.'
    return refuseStep('NotificationStepRefused', command, 'wrong_status', explanation)
  }
  // What was not tried since it fell due, or was taken up again, is due already.
  if (status === 'outstanding' && attempts === from) return record()
  return record<NotificationEvent>({
    type: 'NotificationRetried',
    version: 1,
    data: { notice, reason },
  })
}

import { z } from 'zod'
import { Downstream, Topic } from '../endpoint/events.ts'
import { Refusal } from '../refusal.ts'
import { EventId, Instant, Line, SubjectId } from '../values.ts'

/** A message to one downstream system about one event; it is the `webhook-id` of every attempt. */
export const NotificationId = z
  .string()
  .regex(/^msg-[0-9a-f]{32}$/, 'must be a notification: msg- and 32 hexadecimal digits')
  .brand<'NotificationId'>()
export type NotificationId = z.infer<typeof NotificationId>

/** Why an attempt failed. What the other side said is never kept beyond its status. */
export const DeliveryFault = z.enum([
  'endpoint_missing', // it was removed after the message fell due
  'url_not_allowed', // scheme or port that the configuration does not allow
  'address_not_allowed', // a private or otherwise special address
  'name_not_resolved',
  'connection_failed',
  'tls_failed',
  'timed_out',
  'answer_malformed', // not HTTP
  'redirected', // redirects are not followed
  'rejected', // any other status than 2xx
  'gone', // 410: the receiver wants no more of it
])
export type DeliveryFault = z.infer<typeof DeliveryFault>

/** What the message is about. */
export const Notice = z.strictObject({
  cause: EventId,
  subject: SubjectId,
  topic: Topic,
  downstream: Downstream,
})
export type Notice = z.infer<typeof Notice>

const attempt = z.int().positive()
const status = z.int().min(100).max(999)
const failure = { code: DeliveryFault, status: status.nullable() }

/**
 * What became of a message. Stream `notification-<controller>/<notification>`, which begins with the first
 * attempt: that a message is due follows from the event that caused it (see the projection).
 */
export const notificationEventData = {
  /** The receiver answered 2xx. */
  NotificationConfirmed: z.strictObject({ notice: Notice, attempt, status }),
  /** `next`: not before then again. */
  NotificationFailed: z.strictObject({ notice: Notice, attempt, ...failure, next: Instant }),
  /** The last attempt failed, for that reason. */
  NotificationAbandoned: z.strictObject({ notice: Notice, attempts: attempt, ...failure }),
  /** Somebody has it tried again, from now on. */
  NotificationRetried: z.strictObject({ notice: Notice, reason: Line }),
  NotificationStepRefused: z.strictObject({
    command: z.string(),
    refusals: z.array(Refusal).min(1),
  }),
} as const

type DataOf = {
  [T in keyof typeof notificationEventData]: z.infer<(typeof notificationEventData)[T]>
}
export type NotificationEvent = {
  [T in keyof DataOf]: { type: T; version: 1; data: DataOf[T] }
}[keyof DataOf]

import type { Downstream } from '../domain/endpoint/events.ts'
import {
  notificationDecider,
  type DeliveryResult,
  type NotificationCommand,
} from '../domain/notification/decider.ts'
import type { Notice, NotificationId } from '../domain/notification/events.ts'
import type { ControllerId, EventId, Instant, Position } from '../domain/values.ts'
import type { Executor } from '../ledger/execute-types.ts'
import type { NotificationRow, NotificationViews } from '../projections/notification-views.ts'
import type { Caller, Outcome } from './services.ts'
import { takeStep } from './steps.ts'

/** A message on its way: what is posted where, and the generations of the secrets that sign it. */
export type OutgoingMessage = Readonly<{
  controller: ControllerId
  downstream: Downstream
  generations: readonly number[]
  id: NotificationId
  url: string
  body: string
  at: Instant
}>

/** Posts a message once. It never throws for what the other side does. */
export type Deliver = (message: OutgoingMessage) => Promise<DeliveryResult>

/** What became of what downstream systems are told. */
export interface NotificationService {
  /** What came of one attempt. `became` is null where another process had told it before. */
  report(
    caller: Caller,
    attempt: Readonly<{
      row: NotificationRow
      at: Instant
      result: DeliveryResult
      jitter: number
    }>,
  ): Promise<Readonly<{ became: 'confirmed' | 'failed' | 'abandoned' | null; position: Position }>>
  /** Has a message tried again that was given up, or before its turn. */
  retry(caller: Caller, step: { notification: NotificationId; reason: string }): Promise<Outcome>
}

const became = {
  NotificationConfirmed: 'confirmed',
  NotificationFailed: 'failed',
  NotificationAbandoned: 'abandoned',
} as const

/** @param views tell which messages there are */
export function createNotifications(
  executor: Executor,
  views: Pick<NotificationViews, 'notification'>,
): NotificationService {
  const step = (
    caller: Caller,
    id: NotificationId,
    causation: EventId | null,
    command: NotificationCommand,
  ) =>
    takeStep(executor, caller, {
      kind: 'notification',
      id,
      decider: notificationDecider,
      command: () => command,
      context: undefined,
      causation,
    })

  return {
    async report(caller, { row, at, result, jitter }) {
      const attempt = row.attempts + 1
      const { position, events } = await step(caller, row.notification, row.cause, {
        type: 'ReportDelivery',
        ...{ notice: noticeOf(row), attempt, at, result, jitter },
      })
      const type = events[0]?.type as keyof typeof became | undefined
      return { became: type === undefined ? null : became[type], position }
    },
    retry(caller, { notification, reason }) {
      const row = views.notification(caller.controller, notification)
      const notice = row && noticeOf(row)
      const command = { type: 'RetryNotification', notice, reason } as const
      return step(caller, notification, row?.cause ?? null, command)
    },
  }
}

function noticeOf({ cause, subject, topic, downstream }: NotificationRow): Notice {
  return { cause, subject, topic, downstream }
}

import { z } from 'zod'
import { Topic } from '../domain/endpoint/events.ts'
import { notificationEventData, NotificationId } from '../domain/notification/events.ts'
import { downstreamOf } from '../projections/endpoints.ts'
import { answerOutcome, Recorded } from './answers.ts'
import { recordedQuery, waitHeaders } from './as-of.ts'
import { bearerOf, callerOf } from './auth.ts'
import { found, responses, security, written } from './documentation.ts'
import { chosen } from './filters.ts'
import type { Api } from './instance.ts'
import { NotificationRow, NotificationStatus } from './notification-rows.ts'
import { answerPage, pageOf, pagingQuery, type Reader } from './paging.ts'

const Retry = notificationEventData.NotificationRetried.pick({ reason: true }).meta({
  id: 'NotificationRetry',
})
const downstreamText = z
  .string()
  .regex(
    /^(?:recipient|source)\/[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$/,
    'must be recipient/<id> or source/<id>',
  )

const shared = { tags: ['notifications'], security }

/** What downstream systems are told, what they confirmed, and what is outstanding since when (N4). */
export function addNotifications(api: Api, reader: Reader): void {
  const { views, services } = reader.deps
  api.get(
    '/v1/notifications',
    {
      config: { action: 'notifications:read' },
      schema: {
        ...shared,
        summary: 'List what downstream systems are told, by what caused it',
        headers: waitHeaders,
        querystring: z.strictObject({
          ...recordedQuery,
          ...pagingQuery,
          status: NotificationStatus.optional().describe('As of then.'),
          topic: Topic.optional(),
          downstream: downstreamText.optional().describe('recipient/<id> or source/<id>.'),
        }),
        response: responses(found('A page of notifications.', pageOf(NotificationRow)), 'read'),
      },
    },
    (request, reply) => {
      const { status, topic, downstream: to } = request.query
      const downstream = to === undefined ? undefined : downstreamOf(to)
      const filter = chosen({ status, topic, downstream })
      return answerPage(reader, request, reply, {
        asked: request.query,
        part: 'query',
        filter,
        read: ({ position }, paging) =>
          views.notifications(bearerOf(request).controller, position, filter, paging),
      })
    },
  )
  api.post(
    '/v1/notifications/:notification/retry',
    {
      config: { action: 'notifications:write' },
      schema: {
        ...shared,
        summary: 'Have it tried again: one that was given up, or before its turn',
        params: z.strictObject({ notification: NotificationId }),
        body: Retry,
        response: responses(written(Recorded), 'write'),
      },
    },
    async (request, reply) => {
      const step = { ...request.params, ...request.body }
      return answerOutcome(reply, await services.notifications.retry(callerOf(request), step))
    },
  )
}

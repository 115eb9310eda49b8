import { z } from 'zod'
import { Day, RuleId } from '../domain/values.ts'
import { recordedQuery, waitHeaders } from './as-of.ts'
import { bearerOf } from './auth.ts'
import { found, responses, security } from './documentation.ts'
import { chosen } from './filters.ts'
import type { Api } from './instance.ts'
import { answerPage, pageOf, pagingQuery, type Reader } from './paging.ts'
import { RetentionRow } from './rows.ts'

/** What falls due, and when (S35). */
export function addRetention(api: Api, reader: Reader): void {
  const { views } = reader.deps
  api.get(
    '/v1/retention',
    {
      config: { action: 'retention:read' },
      schema: {
        summary: 'List what is kept until when, by the day it is due',
        tags: ['retention'],
        security,
        headers: waitHeaders,
        querystring: z.strictObject({
          ...recordedQuery,
          ...pagingQuery,
          dueBy: Day.optional().describe('Due on that day or before.'),
          rule: RuleId.optional(),
        }),
        response: responses(found('A page of lots.', pageOf(RetentionRow)), 'read'),
      },
    },
    (request, reply) => {
      const { dueBy, rule } = request.query
      const filter = chosen({ dueBy, rule })
      return answerPage(reader, request, reply, {
        asked: request.query,
        part: 'query',
        filter,
        read: ({ position }, paging) =>
          views.retention(bearerOf(request).controller, position, filter, paging),
      })
    },
  )
}

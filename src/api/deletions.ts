import { z } from 'zod'
import { recordedQuery, waitHeaders } from './as-of.ts'
import { bearerOf } from './auth.ts'
import { found, responses, security } from './documentation.ts'
import type { Api } from './instance.ts'
import { answerPage, pageOf, pagingQuery, type Reader } from './paging.ts'
import { PendingDeletionRow } from './rows.ts'

/** Deletions that are not done, and what they wait for (S36). */
export function addDeletions(api: Api, reader: Reader): void {
  const { views } = reader.deps
  api.get(
    '/v1/deletions',
    {
      config: { action: 'deletions:read' },
      schema: {
        summary: 'List the deletions that are pending or deferred',
        tags: ['retention'],
        security,
        headers: waitHeaders,
        querystring: z.strictObject({ ...recordedQuery, ...pagingQuery }),
        response: responses(found('A page of deletions.', pageOf(PendingDeletionRow)), 'read'),
      },
    },
    (request, reply) =>
      answerPage(reader, request, reply, {
        asked: request.query,
        part: 'query',
        filter: null,
        read: ({ position }, paging) =>
          views.pendingDeletions(bearerOf(request).controller, position, paging),
      }),
  )
}

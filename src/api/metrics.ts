import { z } from 'zod'
import { bearerOf } from './auth.ts'
import { responses, security } from './documentation.ts'
import type { Api } from './instance.ts'
import type { Reader } from './paging.ts'

const mediaType = 'text/plain'

/** `GET /metrics`: how the process and the bearer's controller fare, for Prometheus. */
export function addMetrics(api: Api, { deps: { metrics } }: Reader): void {
  api.get(
    '/metrics',
    {
      config: { action: 'metrics:read', answers: mediaType, quiet: true },
      schema: {
        summary: 'Read how the service fares, in the text format of Prometheus',
        description:
          'Counts and ages only: no pseudonym, no identifier. Scrape it with a bearer token.',
        tags: ['service'],
        security,
        response: responses(
          { 200: { description: 'The figures.', schema: z.string(), mediaType } },
          'readOne',
        ),
      },
    },
    async (request, reply) => {
      const { contentType, text } = await metrics(bearerOf(request).controller)
      return reply.header('content-type', contentType).send(text)
    },
  )
}

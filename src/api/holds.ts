import { z } from 'zod'
import { holdEventData } from '../domain/hold/events.ts'
import { Reference } from '../domain/values.ts'
import { answerOutcome, Recorded } from './answers.ts'
import { recordedQuery, waitHeaders } from './as-of.ts'
import { bearerOf, callerOf } from './auth.ts'
import { found, responses, security, written } from './documentation.ts'
import type { Api } from './instance.ts'
import { answerList, listOf, type Reader } from './paging.ts'
import { HoldRow } from './rows.ts'

const Hold = holdEventData.HoldPlaced.extend({ matter: Reference }).meta({ id: 'Hold' })
const Release = holdEventData.HoldReleased.clone().meta({ id: 'HoldRelease' })

/** Legal holds (S36). */
export function addHolds(api: Api, reader: Reader): void {
  const { services, views } = reader.deps
  const write = { config: { action: 'holds:write' } } as const
  const shared = { tags: ['holds'], security, response: responses(written(Recorded), 'write') }
  api.post(
    '/v1/holds',
    { ...write, schema: { ...shared, summary: 'Place a hold', body: Hold } },
    async (request, reply) =>
      answerOutcome(reply, await services.holds.place(callerOf(request), request.body)),
  )
  api.post(
    '/v1/holds/:matter/release',
    {
      ...write,
      schema: {
        ...shared,
        summary: 'Release a hold: what it deferred goes on',
        params: z.strictObject({ matter: Reference }),
        body: Release,
      },
    },
    async (request, reply) => {
      const step = { ...request.params, ...request.body }
      return answerOutcome(reply, await services.holds.release(callerOf(request), step))
    },
  )
  api.get(
    '/v1/holds',
    {
      config: { action: 'holds:read' },
      schema: {
        summary: 'List the holds',
        tags: ['holds'],
        security,
        headers: waitHeaders,
        querystring: z.strictObject(recordedQuery),
        response: responses(found('All holds, released ones too.', listOf(HoldRow)), 'read'),
      },
    },
    (request, reply) =>
      answerList(reader, request, reply, request.query, ({ position }) =>
        views.holds(bearerOf(request).controller, position),
      ),
  )
}

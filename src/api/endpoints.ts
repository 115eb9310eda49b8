import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { EndpointOutcome } from '../application/endpoints.ts'
import type { Invalid } from '../application/services.ts'
import { endpointEventData, type Downstream } from '../domain/endpoint/events.ts'
import { RecipientId, Reference, SourceId } from '../domain/values.ts'
import { answerOutcome, Recorded, recordedFields } from './answers.ts'
import { recordedQuery, waitHeaders } from './as-of.ts'
import { bearerOf, callerOf } from './auth.ts'
import { found, responses, security, written } from './documentation.ts'
import type { Api } from './instance.ts'
import { EndpointRow } from './notification-rows.ts'
import { answerList, listOf, type Reader } from './paging.ts'

const Endpoint = endpointEventData.EndpointRegistered.omit({ generation: true }).meta({
  id: 'Endpoint',
})
const Removal = endpointEventData.EndpointRemoved.clone().meta({ id: 'EndpointRemoval' })
const Nothing = z.strictObject({}).optional()
const EndpointRecorded = z
  .strictObject({
    ...recordedFields,
    /** Shown this once, and kept nowhere: what its messages are signed with. null: none began. */
    secret: z.string().nullable(),
  })
  .meta({ id: 'EndpointRecorded' })

const write = { config: { action: 'endpoints:write' } } as const
const shared = { tags: ['notifications'], security }

/** Where recipients and source systems are told of erasures and withdrawals (GDPR Art. 19). */
export function addEndpoints(api: Api, reader: Reader): void {
  addEndpointOf(api, reader, {
    prefix: '/v1/recipients/:recipient',
    params: z.strictObject({ recipient: RecipientId }),
    whose: 'a recipient',
    downstream: ({ recipient }) => ({ kind: 'recipient', id: Reference.parse(recipient) }),
  })
  addEndpointOf(api, reader, {
    prefix: '/v1/sources/:source',
    params: z.strictObject({ source: SourceId }),
    whose: 'a source system',
    downstream: ({ source }) => ({ kind: 'source', id: Reference.parse(source) }),
  })
  const { views } = reader.deps
  api.get(
    '/v1/endpoints',
    {
      config: { action: 'endpoints:read' },
      schema: {
        ...shared,
        summary: 'List the endpoints of recipients and source systems',
        headers: waitHeaders,
        querystring: z.strictObject(recordedQuery),
        response: responses(found('All endpoints, removed ones too.', listOf(EndpointRow)), 'read'),
      },
    },
    (request, reply) =>
      answerList(reader, request, reply, request.query, ({ position }) =>
        views.endpoints(bearerOf(request).controller, position),
      ),
  )
}

type Whose<Params extends z.ZodType> = Readonly<{
  prefix: string
  params: Params
  whose: string
  downstream: (params: z.output<Params>) => Downstream
}>

function addEndpointOf<Params extends z.ZodType>(
  api: Api,
  { deps }: Reader,
  { prefix, params, whose, downstream }: Whose<Params>,
): void {
  const { endpoints } = deps.services
  const withSecret = { ...shared, params, response: responses(written(EndpointRecorded), 'write') }
  const of = (request: { params: unknown }) => ({
    downstream: downstream(request.params as z.output<Params>),
  })
  api.post(
    `${prefix}/endpoint`,
    {
      ...write,
      schema: { ...withSecret, summary: `Register the endpoint of ${whose}`, body: Endpoint },
    },
    async (request, reply) => {
      const step = { ...of(request), ...request.body }
      return answerEndpoint(reply, await endpoints.register(callerOf(request), step))
    },
  )
  api.post(
    `${prefix}/endpoint/rotation`,
    {
      ...write,
      schema: {
        ...withSecret,
        summary: `Give the endpoint of ${whose} a new secret`,
        body: Nothing,
      },
    },
    async (request, reply) =>
      answerEndpoint(reply, await endpoints.rotate(callerOf(request), of(request))),
  )
  api.post(
    `${prefix}/endpoint/removal`,
    {
      ...write,
      schema: {
        ...shared,
        params,
        response: responses(written(Recorded), 'write'),
        summary: `Remove the endpoint of ${whose}`,
        body: Removal,
      },
    },
    async (request, reply) => {
      const step = { ...of(request), ...request.body }
      return answerOutcome(reply, await endpoints.remove(callerOf(request), step))
    },
  )
}

function answerEndpoint(reply: FastifyReply, outcome: EndpointOutcome | Invalid): FastifyReply {
  return outcome.outcome === 'invalid'
    ? answerOutcome(reply, outcome)
    : answerOutcome(reply, outcome, { secret: outcome.secret })
}

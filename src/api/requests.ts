import { z } from 'zod'
import { requestEventData, RequestKind } from '../domain/request/events.ts'
import { Channel, PurposeKey, Reference } from '../domain/values.ts'
import { answerOutcome, Recorded, recordedFields } from './answers.ts'
import { reach, recordedQuery, waitAsked, waitHeaders } from './as-of.ts'
import { bearerOf, callerOf } from './auth.ts'
import { found, responses, security, written } from './documentation.ts'
import { SubjectExport } from './exports.ts'
import type { Api } from './instance.ts'
import { answerPage, pageOf, pagingQuery, type Reader } from './paging.ts'
import { sendInvalid, sendUnknown } from './problems.ts'
import { RequestRow } from './rows.ts'
import { Subject } from './schemas.ts'

const { RequestVerified, RequestFulfilled, RequestDenied } = requestEventData
const Received = z
  .strictObject({
    request: Reference,
    kind: RequestKind,
    subject: Subject,
    channel: Channel,
    purpose: PurposeKey.nullable().default(null).describe('Of an objection: to what.'),
  })
  .meta({ id: 'PersonRequest' })
const Verification = RequestVerified.clone().meta({ id: 'RequestVerification' })
const Fulfilment = RequestFulfilled.pick({ outcome: true, handler: true }).meta({
  id: 'RequestFulfilment',
})
const Denial = RequestDenied.clone().meta({ id: 'RequestDenial' })
const RequestFulfilledAnswer = z
  .strictObject({ ...recordedFields, export: SubjectExport.nullable() })
  .meta({ id: 'RequestFulfilled', description: 'With the export, where that was asked for.' })

const path = z.strictObject({ request: Reference })
const write = { config: { action: 'requests:write' } } as const
const shared = { tags: ['requests'], security }
const recorded = { response: responses(written(Recorded), 'write') }

/** What people ask for (GDPR Art. 15 to 21; S21, S28, S30, S34). */
export function addRequests(api: Api, reader: Reader): void {
  const { requests } = reader.deps.services
  api.post(
    '/v1/requests',
    { ...write, schema: { ...shared, ...recorded, summary: 'Receive a request', body: Received } },
    async (request, reply) =>
      answerOutcome(reply, await requests.receive(callerOf(request), request.body)),
  )
  api.post(
    '/v1/requests/:request/verification',
    {
      ...write,
      schema: {
        ...shared,
        ...recorded,
        summary: 'Record that the requester is the person',
        params: path,
        body: Verification,
      },
    },
    async (request, reply) => {
      const step = { ...request.params, ...request.body }
      return answerOutcome(reply, await requests.verify(callerOf(request), step))
    },
  )
  addClosings(api, reader)
  addReads(api, reader)
}

function addClosings(api: Api, { deps }: Reader): void {
  const { requests } = deps.services
  api.post(
    '/v1/requests/:request/fulfilment',
    {
      ...write,
      schema: {
        ...shared,
        summary: 'Do what is asked, and close the request',
        params: path,
        body: Fulfilment,
        response: responses(written(RequestFulfilledAnswer), 'write'),
      },
    },
    async (request, reply) => {
      const step = { ...request.params, ...request.body }
      const outcome = await requests.fulfil(callerOf(request), step)
      return answerOutcome(reply, outcome, { export: outcome.export })
    },
  )
  api.post(
    '/v1/requests/:request/denial',
    {
      ...write,
      schema: {
        ...shared,
        ...recorded,
        summary: 'Deny a request, with the reason',
        params: path,
        body: Denial,
      },
    },
    async (request, reply) => {
      const step = { ...request.params, ...request.body }
      return answerOutcome(reply, await requests.deny(callerOf(request), step))
    },
  )
}

function addReads(api: Api, reader: Reader): void {
  const { views } = reader.deps
  const read = { config: { action: 'requests:read' } } as const
  api.get(
    '/v1/requests',
    {
      ...read,
      schema: {
        ...shared,
        summary: 'List the requests',
        headers: waitHeaders,
        querystring: z.strictObject({ ...recordedQuery, ...pagingQuery }),
        response: responses(found('A page of requests.', pageOf(RequestRow)), 'read'),
      },
    },
    (request, reply) =>
      answerPage(reader, request, reply, {
        asked: request.query,
        part: 'query',
        filter: null,
        read: ({ position }, paging) =>
          views.requests(bearerOf(request).controller, position, paging),
      }),
  )
  api.get(
    '/v1/requests/:request',
    {
      ...read,
      schema: {
        ...shared,
        summary: 'Show a request',
        headers: waitHeaders,
        params: path,
        response: responses(found('The request, as it stands.', RequestRow), 'readOne'),
      },
    },
    async (request, reply) => {
      const waited = waitAsked(request)
      if ('errors' in waited) return sendInvalid(reply, waited.errors)
      await reach(reader.deps, waited.position)
      const row = views.request(bearerOf(request).controller, request.params.request)
      return row ? reply.send(row) : sendUnknown(reply, 'not_found', 'No such request.')
    },
  )
}

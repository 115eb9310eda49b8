import { z } from 'zod'
import { ManifestSummary, TransferScope, transferEventData } from '../domain/transfer/events.ts'
import { Reference } from '../domain/values.ts'
import { answerOutcome, Recorded, recordedFields } from './answers.ts'
import { reach, recordedQuery, waitAsked, waitHeaders } from './as-of.ts'
import { bearerOf, callerOf } from './auth.ts'
import { found, responses, security, written } from './documentation.ts'
import type { Api } from './instance.ts'
import { answerList, listOf, type Reader } from './paging.ts'
import { sendInvalid, sendUnknown } from './problems.ts'
import { TransferRow } from './rows.ts'

const { TransferProposed, TransferNoticePosted, TransferExecuted, TransferAbandoned } =
  transferEventData
const Proposal = TransferProposed.extend({ transfer: Reference }).meta({ id: 'TransferProposal' })
const Scoping = z.strictObject({ scope: TransferScope }).meta({ id: 'TransferScoping' })
const Notice = TransferNoticePosted.clone().meta({ id: 'TransferNotice' })
const Execution = TransferExecuted.pick({ override: true })
  .extend({ override: TransferExecuted.shape.override.default(null) })
  .meta({ id: 'TransferExecution' })
const Abandonment = TransferAbandoned.clone().meta({ id: 'TransferAbandonment' })
const TransferRecorded = z
  .strictObject({ ...recordedFields, manifest: ManifestSummary.nullable() })
  .meta({ id: 'TransferRecorded' })

const path = z.strictObject({ transfer: Reference })
const write = { config: { action: 'transfers:write' } } as const
const shared = { tags: ['transfers'], security }
const recorded = { response: responses(written(Recorded), 'write') }
const withManifest = { response: responses(written(TransferRecorded), 'write') }

/** Business transfers (S8, S9). */
export function addTransfers(api: Api, reader: Reader): void {
  const { transfers } = reader.deps.services
  api.post(
    '/v1/transfers',
    { ...write, schema: { ...shared, ...recorded, summary: 'Propose a transfer', body: Proposal } },
    async (request, reply) =>
      answerOutcome(reply, await transfers.propose(callerOf(request), request.body)),
  )
  api.post(
    '/v1/transfers/:transfer/scope',
    {
      ...write,
      schema: {
        ...shared,
        ...withManifest,
        summary: 'Fix the scope, on a manifest taken at the present position',
        params: path,
        body: Scoping,
      },
    },
    async (request, reply) => {
      const step = { ...request.params, ...request.body }
      const outcome = await transfers.scope(callerOf(request), step)
      return answerOutcome(reply, outcome, { manifest: outcome.manifest })
    },
  )
  api.post(
    '/v1/transfers/:transfer/notices',
    {
      ...write,
      schema: {
        ...shared,
        ...recorded,
        summary: 'Record a notice on the site',
        params: path,
        body: Notice,
      },
    },
    async (request, reply) => {
      const step = { ...request.params, ...request.body }
      return answerOutcome(reply, await transfers.postNotice(callerOf(request), step))
    },
  )
  addEnds(api, reader)
  addReads(api, reader)
}

function addEnds(api: Api, { deps }: Reader): void {
  const { transfers } = deps.services
  api.post(
    '/v1/transfers/:transfer/execution',
    {
      ...write,
      schema: {
        ...shared,
        ...withManifest,
        summary: 'Execute a transfer',
        description: 'People who were not told stop it, unless `override` says who takes that on.',
        params: path,
        body: Execution,
      },
    },
    async (request, reply) => {
      const step = { ...request.params, ...request.body }
      const outcome = await transfers.execute(callerOf(request), step)
      return answerOutcome(reply, outcome, { manifest: outcome.manifest })
    },
  )
  api.post(
    '/v1/transfers/:transfer/abandonment',
    {
      ...write,
      schema: {
        ...shared,
        ...recorded,
        summary: 'Abandon a transfer',
        params: path,
        body: Abandonment,
      },
    },
    async (request, reply) => {
      const step = { ...request.params, ...request.body }
      return answerOutcome(reply, await transfers.abandon(callerOf(request), step))
    },
  )
}

function addReads(api: Api, reader: Reader): void {
  const { views } = reader.deps
  const read = { config: { action: 'transfers:read' } } as const
  api.get(
    '/v1/transfers',
    {
      ...read,
      schema: {
        ...shared,
        summary: 'List the transfers',
        headers: waitHeaders,
        querystring: z.strictObject(recordedQuery),
        response: responses(found('All transfers.', listOf(TransferRow)), 'read'),
      },
    },
    (request, reply) =>
      answerList(reader, request, reply, request.query, ({ position }) =>
        views.transfers(bearerOf(request).controller, position),
      ),
  )
  api.get(
    '/v1/transfers/:transfer',
    {
      ...read,
      schema: {
        ...shared,
        summary: 'Show a transfer',
        headers: waitHeaders,
        params: path,
        response: responses(found('The transfer, as it stands.', TransferRow), 'readOne'),
      },
    },
    async (request, reply) => {
      const waited = waitAsked(request)
      if ('errors' in waited) return sendInvalid(reply, waited.errors)
      await reach(reader.deps, waited.position)
      const row = views.transfer(bearerOf(request).controller, request.params.transfer)
      return row ? reply.send(row) : sendUnknown(reply, 'not_found', 'No such transfer.')
    },
  )
}

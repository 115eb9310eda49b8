import { z } from 'zod'
import { recipientEventData } from '../domain/recipient/events.ts'
import { RecipientId, Reference } from '../domain/values.ts'
import { answerOutcome, Recorded } from './answers.ts'
import { recordedQuery, waitHeaders } from './as-of.ts'
import { bearerOf, callerOf } from './auth.ts'
import { found, responses, security, written } from './documentation.ts'
import type { Api } from './instance.ts'
import { answerList, listOf, type Reader } from './paging.ts'
import { RecipientRow } from './rows.ts'

const { RecipientRegistered, ContractSigned, ContractEnded, RecipientSuspended } =
  recipientEventData
const Registration = RecipientRegistered.extend({
  recipient: RecipientId,
  country: RecipientRegistered.shape.country.default(null),
}).meta({ id: 'RecipientRegistration' })
const Contract = ContractSigned.extend({ until: ContractSigned.shape.until.default(null) }).meta({
  id: 'RecipientContract',
})
const ContractEnd = ContractEnded.pick({ until: true }).meta({ id: 'ContractEnd' })
const Reason = RecipientSuspended.clone().meta({ id: 'Reason' })

const recipientPath = z.strictObject({ recipient: RecipientId })
const contractPath = z.strictObject({ recipient: RecipientId, reference: Reference })
const write = { config: { action: 'recipients:write' } } as const
const shared = {
  tags: ['recipients'],
  security,
  response: responses(written(Recorded), 'write'),
}

/** Recipients and their contracts (S12, S48). */
export function addRecipients(api: Api, reader: Reader): void {
  const { services, views } = reader.deps
  const { recipients } = services
  api.post(
    '/v1/recipients',
    { ...write, schema: { ...shared, summary: 'Register a recipient', body: Registration } },
    async (request, reply) =>
      answerOutcome(reply, await recipients.register(callerOf(request), request.body)),
  )
  api.post(
    '/v1/recipients/:recipient/contracts',
    {
      ...write,
      schema: { ...shared, summary: 'Record a contract', params: recipientPath, body: Contract },
    },
    async (request, reply) => {
      const step = { ...request.params, ...request.body }
      return answerOutcome(reply, await recipients.signContract(callerOf(request), step))
    },
  )
  api.post(
    '/v1/recipients/:recipient/contracts/:reference/end',
    {
      ...write,
      schema: { ...shared, summary: 'End a contract', params: contractPath, body: ContractEnd },
    },
    async (request, reply) => {
      const step = { ...request.params, ...request.body }
      return answerOutcome(reply, await recipients.endContract(callerOf(request), step))
    },
  )
  addStanding(api, reader)
  api.get(
    '/v1/recipients',
    {
      config: { action: 'recipients:read' },
      schema: {
        summary: 'List the recipients',
        tags: ['recipients'],
        security,
        headers: waitHeaders,
        querystring: z.strictObject(recordedQuery),
        response: responses(found('All recipients.', listOf(RecipientRow)), 'read'),
      },
    },
    (request, reply) =>
      answerList(reader, request, reply, request.query, ({ position }) =>
        views.recipients(bearerOf(request).controller, position),
      ),
  )
}

function addStanding(api: Api, { deps }: Reader): void {
  const { recipients } = deps.services
  const schema = { ...shared, params: recipientPath, body: Reason }
  api.post(
    '/v1/recipients/:recipient/suspension',
    {
      ...write,
      schema: { ...schema, summary: 'Suspend a recipient: nothing may be shared with it' },
    },
    async (request, reply) => {
      const step = { ...request.params, ...request.body }
      return answerOutcome(reply, await recipients.suspend(callerOf(request), step))
    },
  )
  api.post(
    '/v1/recipients/:recipient/reinstatement',
    { ...write, schema: { ...schema, summary: 'Lift the suspension of a recipient' } },
    async (request, reply) => {
      const step = { ...request.params, ...request.body }
      return answerOutcome(reply, await recipients.reinstate(callerOf(request), step))
    },
  )
}

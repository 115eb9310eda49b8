import { z } from 'zod'
import { policyEventData } from '../domain/policy/events.ts'
import { Day, Reference } from '../domain/values.ts'
import { answerOutcome, Recorded } from './answers.ts'
import { recordedQuery, waitHeaders } from './as-of.ts'
import { bearerOf, callerOf } from './auth.ts'
import { found, responses, security, written } from './documentation.ts'
import type { Api } from './instance.ts'
import { decodeUtf8 } from './json-text.ts'
import { answerList, listOf, type Reader } from './paging.ts'
import { PolicyRow } from './rows.ts'

const Document = z.string().min(1).max(500_000)
const PolicyDocument = z
  .strictObject({ document: Document.describe('The policy, as YAML.') })
  .meta({ id: 'PolicyDocument' })

const version = z.strictObject({ policy: Reference, version: Day })
const { PolicyNoticeGiven, PolicyRetired } = policyEventData
const Notice = PolicyNoticeGiven.omit({ version: true })
  .extend({ evidence: PolicyNoticeGiven.shape.evidence.default(null) })
  .meta({ id: 'PolicyNotice' })
const Retirement = PolicyRetired.omit({ version: true }).meta({ id: 'PolicyRetirement' })
const Nothing = z.strictObject({}).optional()

/** `POST /v1/policies`: in a scope of its own, for it alone takes YAML. */
export function addPolicyPublication(api: Api, { deps }: Reader): void {
  api.addContentTypeParser('application/yaml', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, decodeUtf8(body as Buffer))
    } catch (error) {
      done(error as Error)
    }
  })
  api.post(
    '/v1/policies',
    {
      config: { action: 'policies:write' },
      schema: {
        summary: 'Publish a version of a policy',
        description: 'It judges nothing until its notice was given and it was brought into effect.',
        tags: ['policies'],
        security,
        body: {
          content: {
            'application/yaml': { schema: Document },
            'application/json': { schema: PolicyDocument },
          },
        },
        response: responses(written(Recorded), 'write'),
      },
    },
    async (request, reply) => {
      const body = z.union([Document, PolicyDocument]).parse(request.body)
      const document = typeof body === 'string' ? body : body.document
      const outcome = await deps.services.policies.publish(callerOf(request), document, null)
      return answerOutcome(reply, outcome)
    },
  )
}

/** What follows the publication of a version, and the list. */
export function addPolicies(api: Api, reader: Reader): void {
  const { services, views } = reader.deps
  const write = { config: { action: 'policies:write' } } as const
  const shared = {
    tags: ['policies'],
    security,
    params: version,
    response: responses(written(Recorded), 'write'),
  }
  api.post(
    '/v1/policies/:policy/versions/:version/notices',
    {
      ...write,
      schema: { ...shared, summary: 'Record that a version was announced', body: Notice },
    },
    async (request, reply) => {
      const step = { ...request.params, ...request.body }
      return answerOutcome(reply, await services.policies.giveNotice(callerOf(request), step))
    },
  )
  api.post(
    '/v1/policies/:policy/versions/:version/effect',
    { ...write, schema: { ...shared, summary: 'Bring a version into effect', body: Nothing } },
    async (request, reply) => {
      const step = request.params
      return answerOutcome(reply, await services.policies.bringIntoEffect(callerOf(request), step))
    },
  )
  api.post(
    '/v1/policies/:policy/versions/:version/retirement',
    { ...write, schema: { ...shared, summary: 'Retire a version', body: Retirement } },
    async (request, reply) => {
      const step = { ...request.params, ...request.body }
      return answerOutcome(reply, await services.policies.retire(callerOf(request), step))
    },
  )
  api.get(
    '/v1/policies',
    {
      config: { action: 'policies:read' },
      schema: {
        summary: 'List the versions of policies',
        tags: ['policies'],
        security,
        headers: waitHeaders,
        querystring: z.strictObject(recordedQuery),
        response: responses(found('All versions.', listOf(PolicyRow)), 'read'),
      },
    },
    (request, reply) =>
      answerList(reader, request, reply, request.query, ({ position }) =>
        views.policies(bearerOf(request).controller, position),
      ),
  )
}

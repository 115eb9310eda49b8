import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { SubjectReference } from '../application/lines.ts'
import {
  CategoryKey,
  type ControllerId,
  PurposeKey,
  RecipientId,
  Reference,
  SubjectId,
  SubjectKind,
} from '../domain/values.ts'
import type { AsOf, Page, Paging } from '../projections/views.ts'
import { asOfBody, reach, recordedBody, waitAsked, waitHeaders } from './as-of.ts'
import { auditFilter, auditFilters } from './audit.ts'
import { bearerOf, callerOf } from './auth.ts'
import { found, responses, security } from './documentation.ts'
import { SubjectExport } from './exports.ts'
import { chosen } from './filters.ts'
import type { Api } from './instance.ts'
import { answerPage, pageOf, pagingBody, type PageAsked, type Reader } from './paging.ts'
import { sendInvalid, sendUnknown } from './problems.ts'
import { AuditRow, DisclosureRow, InventoryRow, StandingRow } from './rows.ts'
import { Subject } from './schemas.ts'

const Found = z
  .strictObject({ subject: SubjectId, kinds: z.array(SubjectKind) })
  .meta({ id: 'SubjectFound' })
const FindBody = z.strictObject({ subject: Subject }).meta({ id: 'SubjectQuestion' })
const ExportBody = z
  .strictObject({
    subject: Subject,
    request: Reference.nullable().default(null),
    reason: z.enum(['subject-export', 'inspection']),
  })
  .meta({ id: 'SubjectExportQuestion' })

const read = { config: { action: 'subjects:read' } } as const
const shared = { tags: ['subjects'], security, headers: waitHeaders }

/**
 * Questions about one person. They are asked with POST: who is meant stands in the body, for what stands
 * in a URL stands in logs.
 */
export function addSubjects(api: Api, reader: Reader): void {
  const { services, views } = reader.deps
  api.post(
    '/v1/subjects/find',
    {
      ...read,
      schema: {
        ...shared,
        summary: 'Find a person',
        body: FindBody,
        response: responses(found('The pseudonym.', Found), 'readSubject'),
      },
    },
    async (request, reply) => {
      const waited = waitAsked(request)
      if ('errors' in waited) return sendInvalid(reply, waited.errors)
      await reach(reader.deps, waited.position)
      const subject = await services.subjects.find(callerOf(request), request.body.subject)
      if (subject === null) return unknown(reply)
      return reply.send({ subject, kinds: views.kindsOf(bearerOf(request).controller, subject) })
    },
  )
  api.post(
    '/v1/subjects/export',
    {
      config: { action: 'subjects:export' },
      schema: {
        ...shared,
        summary: 'Export all that is held on a person',
        description: 'With the values, in clear. That it was read is an event, written before.',
        body: ExportBody,
        response: responses(found('The export.', SubjectExport), 'readSubject'),
      },
    },
    async (request, reply) => {
      const exported = await services.subjects.export(callerOf(request), request.body)
      if (exported === null) return unknown(reply)
      return reply.header('custody-position', exported.position).send(exported)
    },
  )
  addHoldings(api, reader)
  addTrails(api, reader)
}

function addHoldings(api: Api, reader: Reader): void {
  const { views } = reader.deps
  const body = { subject: Subject, ...asOfBody, ...pagingBody }
  api.post(
    '/v1/subjects/inventory',
    {
      ...read,
      schema: {
        ...shared,
        summary: 'List what is held on a person',
        body: z.strictObject({ ...body, category: CategoryKey.optional() }),
        response: responses(found('A page of items.', pageOf(InventoryRow)), 'readSubject'),
      },
    },
    (request, reply) => {
      const filter = chosen({ category: request.body.category })
      return answerOnPerson(
        reader,
        request,
        reply,
        request.body,
        filter,
        (controller, asOf, person, paging) =>
          views.inventory(controller, asOf, { ...filter, ...person }, paging),
      )
    },
  )
  api.post(
    '/v1/subjects/consents',
    {
      ...read,
      schema: {
        ...shared,
        summary: 'List the consents and objections of a person',
        body: z.strictObject({
          ...body,
          purpose: PurposeKey.optional(),
          matter: z.enum(['consent', 'objection']).optional(),
        }),
        response: responses(found('A page of standings.', pageOf(StandingRow)), 'readSubject'),
      },
    },
    (request, reply) => {
      const { purpose, matter } = request.body
      const filter = chosen({ purpose, matter })
      return answerOnPerson(
        reader,
        request,
        reply,
        request.body,
        filter,
        (controller, asOf, person, paging) =>
          views.standings(controller, asOf, { ...filter, ...person }, paging),
      )
    },
  )
}

function addTrails(api: Api, reader: Reader): void {
  const { views } = reader.deps
  api.post(
    '/v1/subjects/disclosures',
    {
      ...read,
      schema: {
        ...shared,
        summary: 'List to whom the data of a person was disclosed',
        body: z.strictObject({
          subject: Subject,
          ...asOfBody,
          ...pagingBody,
          recipient: RecipientId.optional(),
        }),
        response: responses(found('A page of disclosures.', pageOf(DisclosureRow)), 'readSubject'),
      },
    },
    (request, reply) => {
      const filter = chosen({ recipient: request.body.recipient })
      return answerOnPerson(
        reader,
        request,
        reply,
        request.body,
        filter,
        (controller, asOf, person, paging) =>
          views.disclosures(controller, asOf, { ...filter, ...person }, paging),
      )
    },
  )
  api.post(
    '/v1/subjects/audit',
    {
      ...read,
      schema: {
        ...shared,
        summary: 'Show the audit trail of a person',
        body: z.strictObject({ subject: Subject, ...recordedBody, ...pagingBody, ...auditFilters }),
        response: responses(found('A page of events.', pageOf(AuditRow)), 'readSubject'),
      },
    },
    (request, reply) => {
      const filter = auditFilter(request.body)
      return answerOnPerson(
        reader,
        request,
        reply,
        request.body,
        filter,
        (controller, asOf, person, paging) =>
          views.audit(controller, asOf.position, { ...filter, ...person }, paging),
      )
    },
  )
}

type PersonAsked = PageAsked & Readonly<{ subject: SubjectReference }>

async function answerOnPerson(
  reader: Reader,
  request: FastifyRequest,
  reply: FastifyReply,
  asked: PersonAsked,
  filter: Readonly<Record<string, unknown>>,
  read: (
    controller: ControllerId,
    asOf: AsOf,
    person: { subject: SubjectId },
    paging: Paging,
  ) => Page<unknown>,
): Promise<FastifyReply> {
  const { controller } = bearerOf(request)
  const subject = await reader.deps.services.subjects.find(callerOf(request), asked.subject)
  if (subject === null) return unknown(reply)
  return answerPage(reader, request, reply, {
    asked,
    part: 'body',
    filter: { ...filter, subject },
    read: (asOf, paging) => read(controller, asOf, { subject }, paging),
  })
}

function unknown(reply: FastifyReply): FastifyReply {
  return sendUnknown(
    reply,
    'subject_unknown',
    'No such person is in the custody of this controller.',
  )
}

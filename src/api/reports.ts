import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { dayOf } from '../domain/policy/calendar.ts'
import { CalendarDuration, Day, Reference, type Position } from '../domain/values.ts'
import { auditReport } from '../reports/audit.ts'
import { disclosureReport } from '../reports/disclosures.ts'
import { jsonPieces } from '../reports/json.ts'
import { promotionalReport } from '../reports/promotional.ts'
import type { Report } from '../reports/report.ts'
import { retentionReport } from '../reports/retention.ts'
import { subjectReport } from '../reports/subject.ts'
import { transferReport } from '../reports/transfer.ts'
import { asOfBody, asOfQuery, resolveAsOf, waitHeaders } from './as-of.ts'
import { bearerOf, callerOf } from './auth.ts'
import { found, responses, security } from './documentation.ts'
import type { RequestPart } from './field-errors.ts'
import type { Api } from './instance.ts'
import type { Reader } from './paging.ts'
import { sendInvalid, sendUnknown } from './problems.ts'
import { Subject } from './schemas.ts'

const Cell = z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())])

/** A report as it is answered: the same position and parameters give the same bytes. */
export const ReportAnswer = z
  .strictObject({
    kind: z.string(),
    title: z.string(),
    controller: z.string(),
    position: z.int(),
    parameters: z.record(z.string(), Cell),
    figures: z.record(z.string(), z.number()),
    tables: z.record(z.string(), z.array(z.record(z.string(), Cell))),
  })
  .meta({ id: 'Report', description: 'A report at a position, whole. Its tables are streamed.' })

const position = { position: asOfQuery.position }
const aYear = CalendarDuration.parse('P1Y')
const shared = { tags: ['reports'], security, headers: waitHeaders }

/** Reports (JSON): whole, where the lists give pages. */
export function addReports(api: Api, reader: Reader): void {
  const { views } = reader.deps
  const response = responses(found('The report.', ReportAnswer), 'read')
  api.get(
    '/v1/reports/audit',
    {
      config: { action: 'audit:read' },
      schema: {
        ...shared,
        summary: 'Report the refusals and violations of a period',
        querystring: z.strictObject({
          ...position,
          from: Day.optional().describe('The first day.'),
          until: Day.optional().describe('The last day.'),
        }),
        response,
      },
    },
    async (request, reply) => {
      const { from = null, until = null } = request.query
      const zone = await reader.deps.services.policies.timeZone(callerOf(request))
      return answerReport(reader, request, reply, request.query, (at) =>
        auditReport(views, bearerOf(request).controller, at, { zone, from, until }),
      )
    },
  )
  for (const { name, summary, report } of wholeReports) {
    api.get(
      `/v1/reports/${name}`,
      {
        config: { action: 'audit:read' },
        schema: { ...shared, summary, querystring: z.strictObject(position), response },
      },
      (request, reply) =>
        answerReport(reader, request, reply, request.query, (at) =>
          report(views, bearerOf(request).controller, at),
        ),
    )
  }
  addDayReports(api, reader)
  addSubjectReport(api, reader)
}

const wholeReports = [
  {
    name: 'promotional-uses',
    summary: 'Report the consent and objection that stood at each promotional use',
    report: promotionalReport,
  },
  {
    name: 'disclosures',
    summary: 'Report to whom personal data was disclosed',
    report: disclosureReport,
  },
] as const

function addDayReports(api: Api, reader: Reader): void {
  const { views } = reader.deps
  const day = Day.optional().describe('In the time zone of the controller; today unless said.')
  api.get(
    '/v1/reports/retention',
    {
      config: { action: 'retention:read' },
      schema: {
        ...shared,
        summary: 'Report what is due, what is coming, and what is kept and why',
        querystring: z.strictObject({ ...position, day, horizon: CalendarDuration.optional() }),
        response: responses(found('The report.', ReportAnswer), 'read'),
      },
    },
    async (request, reply) => {
      const asOf = request.query.day ?? (await today(reader, request))
      const { horizon = aYear } = request.query
      return answerReport(reader, request, reply, request.query, (at) =>
        retentionReport(views, bearerOf(request).controller, at, { asOf, horizon }),
      )
    },
  )
  api.get(
    '/v1/reports/transfers/:transfer',
    {
      config: { action: 'transfers:read' },
      schema: {
        ...shared,
        summary: 'Report what would pass in a transfer, what is excluded, and who was not told',
        params: z.strictObject({ transfer: Reference }),
        querystring: z.strictObject({ ...position, day }),
        response: responses(found('The report.', ReportAnswer), 'readOne'),
      },
    },
    async (request, reply) => {
      const asOf = request.query.day ?? (await today(reader, request))
      const { transfer } = request.params
      return answerReport(reader, request, reply, request.query, (at) =>
        transferReport(views, bearerOf(request).controller, at, { transfer, asOf }),
      )
    },
  )
}

function addSubjectReport(api: Api, reader: Reader): void {
  const { views, services } = reader.deps
  api.post(
    '/v1/reports/subjects',
    {
      config: { action: 'subjects:read' },
      schema: {
        ...shared,
        summary: 'Report what was held on a person on a day, on what authority, and their trail',
        body: z.strictObject({
          subject: Subject,
          day: Day.describe('The end of that day.'),
          asOfKind: asOfBody.asOfKind,
          position: asOfBody.position,
        }),
        response: responses(found('The report.', ReportAnswer), 'readSubject'),
      },
    },
    async (request, reply) => {
      const { subject: named, day, asOfKind: sense = 'occurred', position: exact } = request.body
      if (day > (await today(reader, request))) {
        return sendInvalid(reply, [{ in: 'body', field: 'day', rule: 'must not be in the future' }])
      }
      const subject = await services.subjects.find(callerOf(request), named)
      if (subject === null) return sendUnknown(reply, 'subject_unknown', 'No such person is known.')
      const zone = await services.policies.timeZone(callerOf(request))
      const asked = { position: exact }
      const report = (at: Position) =>
        subjectReport(views, bearerOf(request).controller, at, { subject, day, zone, sense })
      return answerReport(reader, request, reply, asked, report, 'body')
    },
  )
}

async function today({ deps }: Reader, request: FastifyRequest): Promise<Day> {
  return dayOf(deps.now(), await deps.services.policies.timeZone(callerOf(request)))
}

/** Streams the report, taken once the views have reached the position. */
async function answerReport(
  { deps }: Reader,
  request: FastifyRequest,
  reply: FastifyReply,
  { position: exact }: { position?: Position | undefined },
  take: (position: Position) => Report | null,
  part: RequestPart = 'query',
): Promise<FastifyReply> {
  const resolved = await resolveAsOf(deps, request, { position: exact }, part)
  if ('errors' in resolved) return sendInvalid(reply, resolved.errors)
  const at = resolved.stated.position
  const report = take(at)
  if (!report) return sendUnknown(reply, 'not_found', 'Nothing of that name at the position.')
  reply.header('custody-position', at).header('content-type', 'application/json; charset=utf-8')
  return reply.send(Readable.from(inLargePieces(jsonPieces(report))))
}

const pieceCharacters = 64 * 1024

/** Rows are small and many: a write for each would cost more than the row. */
function* inLargePieces(pieces: Iterable<string>): Generator<string> {
  let piece = ''
  for (const one of pieces) {
    piece += one
    if (piece.length < pieceCharacters) continue
    yield piece
    piece = ''
  }
  yield piece
}

import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { StreamName } from '../domain/envelope.ts'
import {
  assertNever,
  CategoryKey,
  ControllerId,
  Day,
  EventId,
  Reference,
} from '../domain/values.ts'
import type { NoEvidence } from '../evidence/make.ts'
import { bundleFormat } from '../proof/bundle.ts'
import { bearerOf, callerOf } from './auth.ts'
import { found, responses, security } from './documentation.ts'
import type { Api } from './instance.ts'
import type { Reader } from './paging.ts'
import { mayDo } from './permissions.ts'
import { sendFault, sendInvalid, sendUnknown } from './problems.ts'
import { Subject } from './schemas.ts'

const optionalDay = Day.nullable().default(null)
const Question = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('subject'),
      subject: Subject,
      day: optionalDay.describe('What was held at its end; today unless said.'),
      sense: z.enum(['recorded', 'occurred']).default('occurred'),
    }),
    z.strictObject({
      kind: z.literal('transfer'),
      transfer: Reference,
      asOf: optionalDay.describe('What is due by then does not pass; today unless said.'),
    }),
    z.strictObject({ kind: z.literal('period'), from: Day, until: Day }),
    z.strictObject({
      kind: z.literal('refusals'),
      from: optionalDay.describe('Of what happened from this day on.'),
      until: optionalDay.describe('And up to this one.'),
    }),
    z.strictObject({ kind: z.enum(['promotional', 'disclosures']) }),
  ])
  .meta({ id: 'EvidenceQuestion', description: 'What the evidence is to answer.' })
type Question = z.infer<typeof Question>

const ToDisclose = z.strictObject({
  event: EventId,
  category: CategoryKey.nullable()
    .default(null)
    .describe('All categories of the event unless said.'),
})
const Body = z
  .strictObject({
    question: Question,
    disclose: z
      .array(ToDisclose)
      .max(32)
      .default([])
      .describe('Values to be opened, in clear. That they are read is an event, written before.'),
  })
  .meta({ id: 'EvidenceAsked' })

const Base64Hash = z.string().regex(/^[A-Za-z0-9+/]{43}=$/)
const Bundle = z
  .strictObject({
    format: z.literal(bundleFormat),
    derivation: z.int().nonnegative(),
    controller: ControllerId,
    checkpoint: z.string().describe('The signed note (C2SP tlog-checkpoint).'),
    question: z.strictObject({
      kind: z.string(),
      parameters: z.record(z.string(), z.string().nullable()),
    }),
    range: z.strictObject({ first: z.int(), end: z.int() }).nullable(),
    events: z.array(
      z.strictObject({
        index: z.int().describe('Of its leaf.'),
        stream: StreamName,
        revision: z.int(),
        id: EventId,
        type: z.string(),
        leaf: Base64Hash,
        body: z.string().describe('The stored bytes.'),
      }),
    ),
    hashes: z.array(Base64Hash).describe('What leads from the leaves to the root, left to right.'),
    streams: z.array(z.strictObject({ stream: StreamName, hashes: z.array(Base64Hash) })),
    disclosures: z.array(
      z.strictObject({
        event: EventId,
        category: CategoryKey,
        opening: Base64Hash,
        text: z.string(),
      }),
    ),
    report: z.string(),
    page: z.string(),
  })
  .meta({
    id: 'EvidenceBundle',
    description: 'A file that `custody verify` checks offline, by the public key of the log alone.',
  })

/** Larger bundles are cut at the console: while one is derived, others wait. */
const limits = { events: 20_000, characters: 20_000_000 }

/** Evidence for strangers: who is meant stands in the body, never in a URL. */
export function addEvidence(api: Api, { deps: { evidence } }: Reader): void {
  api.post(
    '/v1/evidence',
    {
      config: { action: 'evidence:make' },
      schema: {
        tags: ['proofs'],
        security,
        summary: 'Cut evidence that a stranger can verify',
        description:
          'Signs what is new. To have values disclosed takes the role that may export them.',
        body: Body,
        response: responses(found('The file, as it is to be kept.', Bundle), 'readSubject'),
      },
    },
    async (request, reply) => {
      const { question, disclose } = request.body
      const { role } = bearerOf(request)
      if (disclose.length > 0 && !mayDo(role, 'subjects:export')) {
        const detail = `A token of the role ${role} may not have values opened.`
        return sendFault(reply, 'role_not_permitted', { detail })
      }
      if (question.kind === 'period' && question.until < question.from) {
        return invalid(reply, 'question.until', 'must not be before from')
      }
      const made = await evidence.make(callerOf(request), askedOf(question), disclose, limits)
      if (!made.ok) return answerNone(reply, made)
      const name = `${question.kind}-${made.size}.custody-evidence.json`
      return reply
        .header('content-disposition', `attachment; filename="${name}"`)
        .header('content-type', 'application/json; charset=utf-8')
        .send(Buffer.from(made.text))
    },
  )
}

function askedOf(question: Question) {
  switch (question.kind) {
    case 'subject':
    case 'transfer':
    case 'period':
      return question
    case 'refusals': {
      const { from, until } = question
      return { kind: 'audit', report: 'refusals', from, until } as const
    }
    case 'promotional':
    case 'disclosures':
      return { kind: 'audit', report: question.kind } as const
    default:
      return assertNever(question)
  }
}

function answerNone(reply: FastifyReply, { problem, message }: NoEvidence): FastifyReply {
  switch (problem) {
    case 'subject_unknown':
      return sendUnknown(reply, 'subject_unknown', message)
    case 'no_such_transfer':
    case 'nothing_recorded':
      return sendUnknown(reply, 'not_found', message)
    case 'too_large':
      return invalid(reply, 'question', `must have an answer of at most ${limits.events} events`)
    case 'no_such_event':
      return invalid(reply, 'disclose', 'must name events of the answer')
    case 'no_values':
      return invalid(reply, 'disclose', 'must name values that are sealed in the event')
    case 'destroyed':
      return invalid(reply, 'disclose', 'must name values whose key was not destroyed')
    case 'no_commitment':
      return invalid(reply, 'disclose', 'must name values that were sealed with a commitment')
    default:
      return assertNever(problem)
  }
}

function invalid(reply: FastifyReply, field: string, rule: string): FastifyReply {
  return sendInvalid(reply, [{ in: 'body', field, rule }])
}

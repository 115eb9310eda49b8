import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { Refusal, type RefusalCode } from '../domain/refusal.ts'
import { Position } from '../domain/values.ts'
import { FieldError } from './field-errors.ts'
import {
  faultStatus,
  problemTitle,
  problemType,
  refusalStatus,
  type FaultCode,
} from './problem-codes.ts'

/** RFC 9457 problem details, with what is wrong field by field, or which promise refused it. */
export const Problem = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    /** The request's id: what the log knows it by. */
    instance: z.string(),
    errors: z.array(FieldError).optional(),
    refusals: z.array(Refusal.meta({ id: 'Refusal' })).optional(),
    /** Of a refusal: where it stands in the ledger. */
    position: Position.optional(),
  })
  .meta({ id: 'Problem', description: 'A problem (RFC 9457).' })
export type Problem = z.infer<typeof Problem>

export const problemMediaType = 'application/problem+json'

/** What is particular to one problem. */
export type ProblemParts = Readonly<{
  detail: string
  errors?: readonly FieldError[]
  refusals?: readonly Refusal[]
  position?: Position
}>

/** The problem of a fault, as its body. `requestId` becomes its `instance`. */
export function faultProblem(code: FaultCode, requestId: string, parts: ProblemParts): Problem {
  return problem(code, faultStatus[code], requestId, parts)
}

/** The problem of a refusal: the first refusal gives the code. */
export function refusalProblem(
  refusals: readonly Refusal[],
  requestId: string,
  position: Position | null,
): Problem {
  const [first] = refusals
  if (!first) throw new Error("couldn't answer a refusal: it names no reason")
  return problem(first.code, refusalStatus[first.code], requestId, {
    detail: first.explanation,
    refusals,
    ...(position === null ? {} : { position }),
  })
}

function problem(
  code: FaultCode | RefusalCode,
  status: number,
  requestId: string,
  { detail, errors, refusals, position }: ProblemParts,
): Problem {
  return {
    type: problemType(code),
    title: problemTitle(code),
    status,
    detail,
    instance: `urn:uuid:${requestId}`,
    ...(errors ? { errors: [...errors] } : {}),
    ...(refusals ? { refusals: [...refusals] } : {}),
    ...(position === undefined ? {} : { position }),
  }
}

/** Answers with the problem, its status and its media type. */
export function send(reply: FastifyReply, body: Problem): FastifyReply {
  return reply.code(body.status).header('content-type', problemMediaType).send(body)
}

/** Answers with the problem of a fault. */
export function sendFault(reply: FastifyReply, code: FaultCode, parts: ProblemParts): FastifyReply {
  return send(reply, faultProblem(code, reply.request.id, parts))
}

/** Answers that nothing with that name is there, as a refusal would. */
export function sendUnknown(
  reply: FastifyReply,
  code: 'not_found' | 'subject_unknown',
  explanation: string,
): FastifyReply {
  const refusal = { code, obligation: null, rule: null, explanation }
  return send(reply, refusalProblem([refusal], reply.request.id, null))
}

/** Answers that fields are not valid. */
export function sendInvalid(reply: FastifyReply, errors: readonly FieldError[]): FastifyReply {
  const [first] = errors
  const where = first ? ` ${first.in}${first.field ? ` ${first.field}` : ''}: ${first.rule}` : ''
  return sendFault(reply, 'invalid_input', { detail: `The request is not valid:${where}.`, errors })
}

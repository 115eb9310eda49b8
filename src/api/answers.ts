import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Invalid, LineOutcome, Outcome } from '../application/services.ts'
import { StreamName } from '../domain/envelope.ts'
import { Refusal } from '../domain/refusal.ts'
import { EventId, Position, Revision, SubjectId } from '../domain/values.ts'
import { refusalProblem, send, sendFault, sendInvalid } from './problems.ts'

export const EventReceipt = z
  .strictObject({ id: EventId, type: z.string(), revision: Revision, position: Position })
  .meta({ id: 'EventReceipt', description: 'One event that was written.' })

export const recordedFields = {
  outcome: z.literal('recorded'),
  /** This was said before, and this was the answer then. */
  repeated: z.boolean(),
  stream: StreamName,
  /** Hand it to a read, in `Custody-Wait-For`, to see what was written. */
  position: Position,
  events: z.array(EventReceipt),
}
export const Recorded = z
  .strictObject(recordedFields)
  .meta({ id: 'Recorded', description: 'A write that is durable.' })

export const actRecordedFields = {
  ...recordedFields,
  subject: SubjectId.nullable(),
  /** The rules that an observed act breaks. */
  flagged: z.array(Refusal),
}
export const ActRecorded = z
  .strictObject(actRecordedFields)
  .meta({ id: 'ActRecorded', description: 'An act that is durable.' })

/** Answers a write: 201 where something was written, 200 where nothing was left to write, or a problem. */
export function answerOutcome(
  reply: FastifyReply,
  outcome: Outcome | Invalid,
  more: Readonly<Record<string, unknown>> = {},
): FastifyReply {
  if (outcome.outcome === 'invalid') return answerInvalid(reply, outcome)
  const { stream, position, repeated, events } = outcome
  reply.header('custody-position', position)
  if (outcome.outcome === 'refused') {
    return send(reply, refusalProblem(outcome.refusals, reply.request.id, position))
  }
  reply.code(repeated || events.length === 0 ? 200 : 201)
  return reply.send({ outcome: 'recorded', repeated, stream, position, events, ...more })
}

/** Answers an act, as `answerOutcome` does. */
export function answerLine(reply: FastifyReply, outcome: LineOutcome): FastifyReply {
  if (outcome.outcome === 'key_reused') {
    const detail = 'This Idempotency-Key came before with another body. Nothing was recorded.'
    const errors = [{ in: 'header' as const, field: 'Idempotency-Key', rule: 'must be a new key' }]
    return sendFault(reply, 'idempotency_key_reused', { detail, errors })
  }
  if (outcome.outcome === 'invalid') return answerInvalid(reply, outcome)
  if (outcome.repeated) reply.header('idempotency-replayed', 'true')
  const { subject, flagged } = outcome
  return answerOutcome(reply, outcome, { subject, flagged })
}

function answerInvalid(reply: FastifyReply, { field, rule }: Invalid): FastifyReply {
  return sendInvalid(reply, [{ in: 'body', field, rule }])
}

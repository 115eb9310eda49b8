import type { Line } from '../application/lines.ts'
import type { Deps } from './deps.ts'
import { ActRecorded, answerLine } from './answers.ts'
import { callerOf } from './auth.ts'
import { responses, security, written } from './documentation.ts'
import type { FieldError } from './field-errors.ts'
import { idempotencyHeaders, operationOf } from './idempotency.ts'
import type { Api } from './instance.ts'
import { ActLine } from './schemas.ts'
import { sendInvalid } from './problems.ts'

/** `POST /v1/acts`: one line of a source system. */
export function addActs(api: Api, { services, now }: Deps): void {
  api.post(
    '/v1/acts',
    {
      config: { action: 'acts:record' },
      schema: {
        summary: 'Record one act, or ask whether it may be',
        description:
          'In mode `enforce` the policy is asked first, and a refusal is the answer and an event. In ' +
          'mode `observe` the act has happened: it is recorded, and flagged where it breaks a rule.',
        tags: ['acts'],
        security,
        headers: idempotencyHeaders,
        body: ActLine,
        response: responses(written(ActRecorded), 'write'),
      },
    },
    async (request, reply) => {
      const line = request.body
      const wrong = timeErrors(line, now())
      if (wrong) return sendInvalid(reply, wrong)
      const named = operationOf(request, request.bodyText)
      if ('errors' in named) return sendInvalid(reply, named.errors)
      const outcome = await services.recording.record(callerOf(request), line, named.operation)
      return answerLine(reply, outcome)
    },
  )
}

/** What is wrong with the time a line gives; null where nothing is. */
export function timeErrors({ mode, occurredAt }: Line, now: string): FieldError[] | null {
  if (occurredAt === undefined) return null
  if (mode === 'enforce') {
    const rule = 'is for observed acts only: an enforced act happens when it is asked'
    return [{ in: 'body', field: 'occurredAt', rule }]
  }
  if (occurredAt <= now) return null
  return [{ in: 'body', field: 'occurredAt', rule: 'must not be in the future' }]
}

import { z } from 'zod'
import { accessEventData } from '../domain/access/events.ts'
import { Reference } from '../domain/values.ts'
import { answerOutcome, Recorded, recordedFields } from './answers.ts'
import { callerOf } from './auth.ts'
import { responses, security, written } from './documentation.ts'
import type { Api } from './instance.ts'
import type { Reader } from './paging.ts'

const Token = accessEventData.TokenIssued.omit({ digest: true }).meta({ id: 'Token' })
const Revocation = accessEventData.TokenRevoked.omit({ token: true }).meta({
  id: 'TokenRevocation',
})
const TokenRecorded = z
  .strictObject({
    ...recordedFields,
    /** Shown this once; only its digest is kept. null: it was shown before. */
    secret: z.string().nullable(),
  })
  .meta({ id: 'TokenRecorded' })

/** Tokens of this controller. */
export function addTokens(api: Api, { deps }: Reader): void {
  const { access } = deps.services
  const write = { config: { action: 'tokens:write' } } as const
  const shared = { tags: ['tokens'], security }
  api.post(
    '/v1/tokens',
    {
      ...write,
      schema: {
        ...shared,
        summary: 'Issue a token',
        body: Token,
        response: responses(written(TokenRecorded), 'write'),
      },
    },
    async (request, reply) => {
      const outcome = await access.issue(callerOf(request), request.body)
      return answerOutcome(reply, outcome, { secret: outcome.secret })
    },
  )
  api.post(
    '/v1/tokens/:token/revocation',
    {
      ...write,
      schema: {
        ...shared,
        summary: 'Revoke a token',
        params: z.strictObject({ token: Reference }),
        body: Revocation,
        response: responses(written(Recorded), 'write'),
      },
    },
    async (request, reply) => {
      const step = { ...request.params, ...request.body }
      return answerOutcome(reply, await access.revoke(callerOf(request), step))
    },
  )
}

import { z } from 'zod'
import { Role } from '../domain/access/events.ts'
import { ControllerId, Position, Reference } from '../domain/values.ts'
import { bearerOf } from './auth.ts'
import { defaultLimits, type Deps } from './deps.ts'
import { found, responses, security } from './documentation.ts'
import type { Api } from './instance.ts'
import type { Reader } from './paging.ts'

const Alive = z.strictObject({ alive: z.literal(true) }).meta({ id: 'Alive' })
const Ready = z
  .strictObject({
    ready: z.boolean(),
    ledger: z.strictObject({ answers: z.boolean(), position: Position.nullable() }),
    vault: z.strictObject({ answers: z.boolean() }),
    views: z.strictObject({
      answers: z.boolean(),
      position: Position.nullable(),
      /** How many events of the ledger the views have still to take in. */
      behindEvents: z.int().nullable(),
    }),
  })
  .meta({ id: 'Ready' })
const Status = z
  .strictObject({
    controller: ControllerId,
    token: Reference,
    role: Role,
    /** The present position of the views. */
    position: Position,
    subjects: z.int(),
    events: z.int(),
  })
  .meta({ id: 'Status' })

const schema = { tags: ['service'], security: [] }

/** For whoever runs the process: whether it lives, and whether it should be sent requests. */
export function addHealth(api: Api, deps: Deps): void {
  const mostBehind = deps.limits?.readyBehindEvents ?? defaultLimits.readyBehindEvents
  api.get(
    '/healthz',
    {
      config: { quiet: true },
      schema: {
        ...schema,
        summary: 'Whether the process lives',
        response: responses(found('It does.', Alive), 'none'),
      },
    },
    () => ({ alive: true as const }),
  )
  api.get(
    '/readyz',
    {
      config: { quiet: true },
      schema: {
        ...schema,
        summary: 'Whether the stores answer, and how far the views are behind',
        response: responses(
          {
            200: { description: 'Ready.', schema: Ready },
            503: { description: 'Not ready: which store, or how far behind.', schema: Ready },
          },
          'none',
        ),
      },
    },
    async (_request, reply) => {
      const { ledger, vault, views } = await deps.health()
      const near = views.behindEvents !== null && views.behindEvents <= mostBehind
      const ready = ledger.answers && vault.answers && views.answers && near
      return reply.code(ready ? 200 : 503).send({ ready, ledger, vault, views })
    },
  )
}

/** `GET /v1/status`: who the token speaks for, and what there is. */
export function addStatus(api: Api, { deps }: Reader): void {
  api.get(
    '/v1/status',
    {
      config: { action: 'status:read' },
      schema: {
        summary: 'Show whom the token speaks for, and how much is in custody',
        tags: ['service'],
        security,
        response: responses(found('The status.', Status), 'none'),
      },
    },
    (request, reply) => {
      const { controller, token, role } = bearerOf(request)
      const { subjects, events } = deps.views.counts(controller)
      const position = deps.views.position()
      return reply.send({ controller, token, role, position, subjects, events })
    },
  )
}

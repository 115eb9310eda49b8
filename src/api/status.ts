import { z } from 'zod'
import { Role } from '../domain/access/events.ts'
import { ControllerId, Position, Reference } from '../domain/values.ts'
import { bearerOf } from './auth.ts'
import { defaultLimits, type Deps, type Health, type Limits } from './deps.ts'
import { found, responses, security } from './documentation.ts'
import type { Api } from './instance.ts'
import type { Reader } from './paging.ts'

const Alive = z.strictObject({ alive: z.literal(true) }).meta({ id: 'Alive' })
const store = {
  answers: z.boolean(),
  /** How long the answer took, or has been waited for. */
  milliseconds: z.int(),
  why: z.string().nullable(),
}
const Ready = z
  .strictObject({
    ready: z.boolean(),
    /** Which store stands in the way, and how; empty where none does. */
    reasons: z.array(z.string()),
    ledger: z.strictObject({
      store: z.enum(['sqlite', 'eventstore']),
      ...store,
      position: Position.nullable(),
    }),
    vault: z.strictObject({ store: z.enum(['sqlite', 'postgresql']), ...store }),
    views: z.strictObject({
      answers: z.boolean(),
      position: Position.nullable(),
      /** How many events of the ledger the views have still to take in, counted up to a bound. */
      behindEvents: z.int().nullable(),
      /** How old the first of them is. */
      behindSeconds: z.int().nullable(),
      /** What follows the ledger could not go on when it last tried; the log says why. */
      troubled: z.boolean(),
    }),
    notary: z.strictObject({ ...store, checkpointAgeSeconds: z.int().nullable() }),
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
  const limits = { ...defaultLimits, ...deps.limits }
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
        description: `Ready while every store answers, and the views are behind by at most ${limits.readyBehindEvents} events and ${limits.readyBehindSeconds} seconds. The stores are asked once a second at most, and given two seconds.`,
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
      const health = await deps.health()
      const reasons = reasonsAgainst(health, limits)
      const ready = reasons.length === 0
      return reply.code(ready ? 200 : 503).send({ ready, reasons, ...health })
    },
  )
}

/** Why the node should be sent nothing, a sentence for each store that is in the way. */
function reasonsAgainst(health: Health, limits: Limits): string[] {
  const { views } = health
  const reasons = (['ledger', 'vault', 'notary'] as const).flatMap((name) => {
    const { answers, why } = health[name]
    return answers ? [] : [`${name}: ${why ?? 'it does not answer'}`]
  })
  if (!views.answers) reasons.push('views: they cannot be read')
  else if (views.behindEvents === null) reasons.push('views: how far behind is not known')
  else if (
    views.behindEvents > limits.readyBehindEvents ||
    (views.behindSeconds ?? 0) > limits.readyBehindSeconds
  ) {
    const stuck = views.troubled ? ', and could not go on; the log says why' : ''
    reasons.push(`views: ${views.behindEvents} events and ${views.behindSeconds} s behind${stuck}`)
  }
  return reasons
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

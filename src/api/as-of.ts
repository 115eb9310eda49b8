import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { Instant, Position, START } from '../domain/values.ts'
import type { AsOf } from '../projections/views.ts'
import { defaultLimits, type Deps } from './deps.ts'
import type { FieldError, RequestPart } from './field-errors.ts'

/** Which time an as-of question means: when the ledger wrote it, or when it happened in the world. */
const AsOfKind = z.enum(['recorded', 'occurred'])

const positionText = z
  .string()
  .regex(/^[0-9]{1,16}$/, 'must be a position: a whole number')
  .transform(Number)
  .pipe(Position)

const descriptions = {
  asOf: 'An instant, or a position: the answer as of then. Left out: as of the present position.',
  asOfKind:
    '`recorded` (the default): as the ledger knew it then. `occurred`: as it was in the world then, by ' +
    'all that is known at the position.',
  position: 'The position to answer at. The read waits for it.',
}

/** In a URL, of lists that can also tell what was true at a moment of the world. */
export const asOfQuery = {
  asOf: z.union([Instant, positionText]).optional().describe(descriptions.asOf),
  asOfKind: AsOfKind.optional().describe(descriptions.asOfKind),
  position: positionText.optional().describe(descriptions.position),
}
/** In a URL, of lists that follow the ledger alone. */
export const recordedQuery = {
  asOf: asOfQuery.asOf,
  asOfKind: z.literal('recorded').optional().describe('As the ledger knew it then.'),
  position: asOfQuery.position,
}
/** The same two in a body. */
export const asOfBody = {
  asOf: z.union([Instant, Position]).optional().describe(descriptions.asOf),
  asOfKind: AsOfKind.optional().describe(descriptions.asOfKind),
  position: Position.optional().describe(descriptions.position),
}
export const recordedBody = { ...asOfBody, asOfKind: recordedQuery.asOfKind }

export type AsOfAsked = Readonly<{
  asOf?: Instant | Position | undefined
  asOfKind?: 'recorded' | 'occurred' | undefined
  position?: Position | undefined
}>

/** What an answer says of its own time. */
export const AsOfStated = z
  .strictObject({
    kind: AsOfKind,
    position: Position,
    /** Of `occurred`: the moment of the world. */
    moment: Instant.nullable(),
  })
  .meta({ id: 'AsOf', description: 'The time that the answer is of: asked again, it is the same.' })
export type AsOfStated = z.infer<typeof AsOfStated>

export type Read<T> = T | { errors: readonly FieldError[] }

/**
 * The time that a read asks for, once the views have reached it. `Custody-Wait-For` is a position that the
 * views must have reached first.
 * @throws ViewsBehind when they do not in time
 */
export async function resolveAsOf(
  deps: Deps,
  request: FastifyRequest,
  asked: AsOfAsked,
  part: RequestPart,
): Promise<Read<{ stated: AsOfStated }>> {
  const waited = waitAsked(request)
  if ('errors' in waited) return waited
  const wrong = contradiction(asked, deps.now())
  if (wrong) return invalid(part, wrong.field, wrong.rule)
  const { asOf } = asked
  const exact = asked.position ?? (typeof asOf === 'number' ? asOf : null)
  await reach(deps, Math.max(exact ?? START, waited.position) as Position)
  const controller = request.bearer?.controller
  if (controller === undefined) throw new Error("couldn't read: nobody is asking")
  const present = exact ?? deps.views.position()
  if (typeof asOf !== 'string')
    return { stated: { kind: 'recorded', position: present, moment: null } }
  if (asked.asOfKind === 'occurred') {
    return { stated: { kind: 'occurred', position: present, moment: asOf } }
  }
  const position = deps.views.positionAt(controller, asOf)
  return { stated: { kind: 'recorded', position, moment: null } }
}

/** The position that `Custody-Wait-For` asks to wait for; the start where it does not. */
export function waitAsked(request: FastifyRequest): Read<{ position: Position }> {
  const header = request.headers['custody-wait-for']
  if (header === undefined) return { position: START }
  const parsed = positionText.safeParse(header)
  if (parsed.success) return { position: parsed.data }
  return invalid('header', 'Custody-Wait-For', 'must be a position: a whole number')
}

/** The header as the document describes it. */
export const waitHeaders = z.object({
  'custody-wait-for': positionText
    .optional()
    .describe('A position, as a write answered it: the read waits until it can see that write.'),
})

/** Resolves when the views hold the position. @throws ViewsBehind when they do not in time */
export async function reach({ views, limits }: Deps, position: Position): Promise<void> {
  if (position <= views.position()) return
  await views.waitFor(position, limits?.waitMilliseconds ?? defaultLimits.waitMilliseconds)
}

function contradiction({ asOf, asOfKind, position }: AsOfAsked, now: Instant) {
  if (typeof asOf === 'string' && asOf > now) {
    return { field: 'asOf', rule: 'must not be in the future' }
  }
  if (asOfKind === 'occurred' && typeof asOf !== 'string') {
    return { field: 'asOf', rule: 'must be an instant where asOfKind is occurred' }
  }
  if (position === undefined || asOf === undefined) return null
  if (typeof asOf === 'string' && asOfKind === 'occurred') return null
  return { field: 'position', rule: 'says the same as asOf: give one of the two' }
}

/** For the views. */
export function asOfRead({ position, moment }: AsOfStated): AsOf {
  return moment === null ? { position } : { position, moment }
}

function invalid(part: RequestPart, field: string, rule: string): { errors: FieldError[] } {
  return { errors: [{ in: part, field, rule }] }
}

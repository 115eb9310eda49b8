import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { accessDecider } from '../domain/access/decider.ts'
import type { Role } from '../domain/access/events.ts'
import { streamName } from '../domain/envelope.ts'
import { ControllerId, Reference } from '../domain/values.ts'
import type { Executor } from '../ledger/execute-types.ts'
import type { AccessService, Caller } from './services.ts'
import { takeStep } from './steps.ts'

type Bearer = Readonly<{ controller: ControllerId; token: Reference; role: Role }>

/** The stream of a controller's tokens. */
const TOKENS = 'tokens'

/** `custody_<controller>_<token>_<secret>`: says whose it is, so that a look-up needs no table. */
const SECRET = /^custody_([a-z0-9.-]{1,64})_([a-z0-9.-]{1,64})_([A-Za-z0-9-]{43})$/

/** How long a verified token may be answered from memory, in milliseconds: a revocation takes as long. */
const REMEMBERED_MS = 1_000
const MOST_REMEMBERED = 1_000

/**
 * Issues, revokes and verifies tokens. Only a digest of a token is kept; it is compared in constant time.
 *
 * @param monotonic milliseconds from a clock that never goes back
 */
export function createAccess(executor: Executor, monotonic: () => number): AccessService {
  const remembered = new Map<string, { bearer: Bearer; until: number }>()

  const step = (caller: Caller, command: Parameters<typeof accessDecider.decide>[0]) =>
    takeStep(executor, caller, {
      kind: 'access',
      id: TOKENS,
      decider: accessDecider,
      command: () => command,
      context: undefined,
    })

  return {
    async issue(caller, { token, role, label }) {
      // base64url has an underscore, which parts a token: take the dash for both.
      const random = randomBytes(32).toString('base64url').replaceAll('_', '-')
      const secret = `custody_${caller.controller}_${token}_${random}`
      const outcome = await step(caller, {
        type: 'IssueToken',
        token,
        role,
        label,
        digest: digestOf(secret),
      })
      return { ...outcome, secret: outcome.outcome === 'recorded' ? secret : null }
    },

    async revoke(caller, { token, reason }) {
      const outcome = await step(caller, { type: 'RevokeToken', token, reason })
      remembered.clear()
      return outcome
    },

    async identify(secret) {
      const now = monotonic()
      const known = remembered.get(secret)
      if (known && known.until > now) return known.bearer
      const bearer = await verify(executor, secret)
      if (!bearer) return null
      if (remembered.size >= MOST_REMEMBERED) remembered.clear()
      remembered.set(secret, { bearer, until: now + REMEMBERED_MS })
      return bearer
    },
  }
}

async function verify(executor: Executor, secret: string): Promise<Bearer | null> {
  const [, controllerPart, tokenPart] = SECRET.exec(secret) ?? []
  const controller = ControllerId.safeParse(controllerPart)
  const token = Reference.safeParse(tokenPart)
  if (!controller.success || !token.success) return null
  const stream = streamName('access', controller.data, TOKENS)
  return executor.load(stream, accessDecider, ({ state }) => {
    const issued = state.tokens.get(token.data)
    if (!issued || issued.status !== 'issued') return null
    const same = timingSafeEqual(
      Buffer.from(issued.digest, 'hex'),
      Buffer.from(digestOf(secret), 'hex'),
    )
    return same ? { controller: controller.data, token: token.data, role: issued.role } : null
  })
}

function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

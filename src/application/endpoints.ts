import type { EndpointCommand } from '../domain/endpoint/decider.ts'
import type { Downstream, EndpointUrl, Topic } from '../domain/endpoint/events.ts'
import { streamName } from '../domain/envelope.ts'
import { recipientDecider } from '../domain/recipient/decider.ts'
import { sourceDecider } from '../domain/source/decider.ts'
import type { ControllerId } from '../domain/values.ts'
import type { Executor } from '../ledger/execute-types.ts'
import type { Caller, Invalid, Outcome } from './services.ts'
import { takeStep } from './steps.ts'

/** `secret`, `whsec_…`: shown where a new one began, and never again; null where none did. */
export type EndpointOutcome = Outcome & Readonly<{ secret: string | null }>

/** Where recipients and source systems are told of erasures, withdrawals, objections and corrections. */
export interface EndpointService {
  /** `invalid` where Custody may not post to the URL. It takes the place of the endpoint there was. */
  register(
    caller: Caller,
    step: { downstream: Downstream; url: EndpointUrl; topics: readonly Topic[] },
  ): Promise<EndpointOutcome | Invalid>
  /** A new secret; the one before it signs as well for a day. */
  rotate(caller: Caller, step: { downstream: Downstream }): Promise<EndpointOutcome>
  remove(caller: Caller, step: { downstream: Downstream; reason: string }): Promise<Outcome>
}

type Deps = Readonly<{
  executor: Executor
  /** Whether the configuration lets Custody post there, as far as the URL tells. */
  mayAsk: (url: EndpointUrl) => boolean
  /** The secret of that generation, as its receiver is told it. */
  secretOf: (controller: ControllerId, downstream: Downstream, generation: number) => string
}>

/** Registers endpoints in the streams of recipients and source systems. */
export function createEndpoints({ executor, mayAsk, secretOf }: Deps): EndpointService {
  function step(caller: Caller, downstream: Downstream, command: EndpointCommand) {
    const { kind, id } = downstream
    const common = { id, command: () => command, context: undefined }
    return kind === 'recipient'
      ? takeStep(executor, caller, { kind, decider: recipientDecider, ...common })
      : takeStep(executor, caller, { kind, decider: sourceDecider, ...common })
  }

  async function withSecret(
    { controller }: Caller,
    downstream: Downstream,
    outcome: Outcome,
  ): Promise<EndpointOutcome> {
    const began = outcome.outcome === 'recorded' && outcome.events.length > 0
    if (!began) return { ...outcome, secret: null }
    const generation = await generationOf(executor, controller, downstream)
    return { ...outcome, secret: secretOf(controller, downstream, generation) }
  }

  return {
    async register(caller, { downstream, url, topics }) {
      if (!mayAsk(url)) {
        const rule =
          'must lead to where Custody may post: over https, to port 443 of a public address, or as ' +
          'CUSTODY_WEBHOOK_ALLOW says'
        return { outcome: 'invalid', field: 'url', rule }
      }
      const command = { type: 'RegisterEndpoint', url, topics } as const
      return withSecret(caller, downstream, await step(caller, downstream, command))
    },
    async rotate(caller, { downstream }) {
      const outcome = await step(caller, downstream, { type: 'RotateEndpointSecret' })
      return withSecret(caller, downstream, outcome)
    },
    remove: (caller, { downstream, reason }) =>
      step(caller, downstream, { type: 'RemoveEndpoint', reason }),
  }
}

function generationOf(
  executor: Executor,
  controller: ControllerId,
  { kind, id }: Downstream,
): Promise<number> {
  const stream = streamName(kind, controller, id)
  return kind === 'recipient'
    ? executor.load(stream, recipientDecider, ({ state }) =>
        state.status === 'unknown' ? 0 : state.endpoint.generation,
      )
    : executor.load(stream, sourceDecider, ({ state }) => state.generation)
}

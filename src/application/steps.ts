import type { Decider } from '../domain/decision.ts'
import { streamName, type LedgerEvent, type StreamKind } from '../domain/envelope.ts'
import type { Day, EventId, Instant } from '../domain/values.ts'
import type { Executor, Given } from '../ledger/execute-types.ts'
import type { Caller, Outcome } from './services.ts'

/** One step in the life of something that has a stream of its own. */
export type Step<State, Command, Event extends LedgerEvent, Context> = Readonly<{
  kind: StreamKind
  id: string
  decider: Decider<State, Command, Event, Context>
  command: (given: Given) => Command
  context: Context
  /** When it happened; null: now. */
  at?: Instant | null
  policyVersion?: Day | null
  /** The event that led to it. */
  causation?: EventId | null
}>

/** Takes a step: decided on its stream and recorded, or refused. */
export async function takeStep<State, Command, Event extends LedgerEvent, Context>(
  executor: Executor,
  caller: Caller,
  step: Step<State, Command, Event, Context>,
): Promise<Outcome> {
  const answer = await executor.execute({
    stream: streamName(step.kind, caller.controller, step.id),
    decider: step.decider,
    meta: {
      controller: caller.controller,
      principal: caller.principal,
      correlation: caller.correlation,
      causation: step.causation ?? null,
      occurredAt: step.at ?? null,
      operation: null,
    },
    prepare: (given) => ({
      command: step.command(given),
      context: step.context,
      policyVersion: step.policyVersion ?? null,
    }),
  })
  if (answer.outcome === 'key_reused') throw new Error('unreachable: a step carries no key')
  const { written: _, revision: __, ...outcome } = answer
  return outcome
}

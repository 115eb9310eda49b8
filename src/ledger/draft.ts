import type { Decision } from '../domain/decision.ts'
import type { LedgerEvent, Sealed } from '../domain/envelope.ts'
import type { Day, EventId, Instant, Revision } from '../domain/values.ts'
import { encode } from './codec.ts'
import type { NewRecord } from './event-log.ts'
import type { Answer, Ask, KeyReused } from './execute-types.ts'
import type { Operation, StreamState } from './stream-state.ts'

export type AnyAsk = Ask<unknown, unknown, LedgerEvent, unknown>
export type AnyAnswer = Answer<LedgerEvent> | KeyReused

/** A command that waits for its answer. */
export type Pending = {
  readonly ask: AnyAsk
  readonly eventId: EventId
  readonly resolve: (answer: AnyAnswer) => void
  readonly reject: (error: unknown) => void
  /** Sealing failed once: perhaps we decided on a state that another process has moved on. */
  sealingFailed: boolean
}

/** A command that was decided, or need not be, and is not yet answered. */
export type Draft = Readonly<{ pending: Pending }> &
  (
    | {
        readonly kind: 'decided'
        readonly decision: Decision<LedgerEvent>
        readonly policyVersion: Day | null
        readonly at: Instant
        readonly ids: readonly EventId[]
        /** For each event; empty until it is sealed. */
        sealed: readonly (readonly Sealed[])[]
      }
    | Readonly<{ kind: 'repeated'; operation: Operation }>
    | Readonly<{ kind: 'key_reused' }>
  )

export type DecidedDraft = Extract<Draft, { kind: 'decided' }>

/** What a command's key says before anything is decided; null where it must be decided. */
export function draftByKey(pending: Pending, known: ReadonlyMap<string, Operation>): Draft | null {
  const { operation } = pending.ask.meta
  const before = operation && known.get(operation.key)
  if (!before) return null
  return before.body === operation.body
    ? { pending, kind: 'repeated', operation: before }
    : { pending, kind: 'key_reused' }
}

/** The records of the events of a draft, in the bytes that will be stored. */
export function recordsOf(draft: DecidedDraft, recordedAt: Instant): NewRecord[] {
  const { meta } = draft.pending.ask
  return draft.decision.events.map((event, index) => {
    const id = draft.ids[index] as EventId
    const body = encode({
      ...event,
      id,
      controller: meta.controller,
      occurredAt: draft.at,
      recordedAt,
      principal: meta.principal,
      correlation: meta.correlation,
      causation: meta.causation,
      policyVersion: draft.policyVersion,
      operation: meta.operation,
      sealed: draft.sealed[index] as Sealed[],
    })
    return { id, type: event.type, body }
  })
}

/** Folds the events of a draft into the state. */
export function evolveBy(state: StreamState, draft: DecidedDraft): void {
  for (const [index, event] of draft.decision.events.entries()) {
    state.evolve(event, draft.ids[index] as EventId, draft.at)
    const { operation } = draft.pending.ask.meta
    if (operation) state.remember(operation, state.revision as Revision)
  }
}

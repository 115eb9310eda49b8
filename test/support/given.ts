import type { Decider, Decision } from '../../src/domain/decision.ts'
import type { Refusal } from '../../src/domain/refusal.ts'
import { EventId, Instant, Revision } from '../../src/domain/values.ts'

/** An event of the past, with the moment it happened where that is not the next minute. */
export type Past<E> = E | readonly [event: E, at: string]

/** What has happened, ready for a command. */
export type Given<State, Command, Event, Context> = Readonly<{
  state: State
  /** Decides the command on the state; nothing is recorded. */
  when: (command: Command, context: Context) => Decision<Event>
  /** What has happened, and then this as well. */
  and: (...later: readonly Past<Event>[]) => Given<State, Command, Event, Context>
}>

const BEGINNING = Date.parse('2014-07-01T00:00:00.000Z')

/** Folds the past of a stream: revision by revision, a minute after another unless it says when. */
export function given<State, Command, Event, Context>(
  decider: Decider<State, Command, Event, Context>,
  ...past: readonly Past<Event>[]
): Given<State, Command, Event, Context> {
  let state = decider.initialState()
  past.forEach((entry, index) => {
    const [event, at] = isTimed(entry) ? entry : [entry, minutes(index)]
    const recorded = {
      id: nthEventId(index),
      revision: Revision.parse(index),
      occurredAt: Instant.parse(at),
    }
    state = decider.evolve(state, event, recorded)
  })
  return {
    state,
    when: (command, context) => decider.decide(command, state, context),
    and: (...later) => given(decider, ...past, ...later),
  }
}

/** The id of the n-th event that a test makes. */
export function nthEventId(number: number): EventId {
  return EventId.parse(`01890000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`)
}

/** The decision to record exactly these events. */
export function recorded(...events: readonly unknown[]): unknown {
  return { outcome: 'recorded', events }
}

/** The refusals of a decision as `code obligation`; empty where it was recorded. */
export function refusalsOf(decision: Decision<unknown>): string[] {
  const refusals: readonly Refusal[] = decision.outcome === 'refused' ? decision.refusals : []
  return refusals.map(({ code, obligation }) => (obligation ? `${code} ${obligation}` : code))
}

function isTimed<E>(entry: Past<E>): entry is readonly [event: E, at: string] {
  return Array.isArray(entry)
}

function minutes(index: number): string {
  return new Date(BEGINNING + index * 60_000).toJSON()
}

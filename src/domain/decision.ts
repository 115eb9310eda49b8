import type { Refusal } from './refusal.ts'

/**
 * What a decider answers. `recorded`: these events. `refused`: the refusal is the answer, and the events
 * are what an auditor will see of the attempt. An empty `recorded` means that nothing was left to do.
 */
export type Decision<E> =
  | { outcome: 'recorded'; events: readonly E[] }
  | { outcome: 'refused'; refusals: readonly Refusal[]; events: readonly E[] }

/** A pure rule for one kind of stream. `evolve` owns the state it is handed (see `SubjectState`). */
export type Decider<State, Command, Event, Context> = Readonly<{
  initialState: () => State
  decide: (command: Command, state: State, context: Context) => Decision<Event>
  evolve: (state: State, event: Event, recorded: Recorded) => State
}>

/** What the ledger adds to an event when it is written, as far as folding may use it. */
export type Recorded = Readonly<{
  id: import('./values.ts').EventId
  revision: import('./values.ts').Revision
  occurredAt: import('./values.ts').Instant
}>

import type { Decider } from '../domain/decision.ts'
import type { LedgerEvent, Sealed, StreamName } from '../domain/envelope.ts'
import type { Refusal } from '../domain/refusal.ts'
import type {
  ControllerId,
  Day,
  EventId,
  Instant,
  Position,
  Principal,
  Revision,
} from '../domain/values.ts'
import type { NO_STREAM } from './event-log.ts'

/**
 * One command for one stream, as `execute` takes it. `prepare` says what is asked once it is known under
 * which id and when; it is synchronous, and called again whenever the command is decided again.
 */
export type Ask<State, Command, Event extends LedgerEvent, Context> = Readonly<{
  stream: StreamName
  decider: Decider<State, Command, Event, Context>
  prepare: (given: Given) => Prepared<Command, Context>
  meta: AskMeta
  /**
   * Seals the personal values that belong to the event. Called after deciding and before anything is
   * stored. Answer a plain value where no waiting is needed: it costs no turn of the event loop.
   * What it throws, `execute` throws, and nothing of the command is recorded.
   */
  seal?: (event: Event, eventId: EventId) => readonly Sealed[] | Promise<readonly Sealed[]>
}>

export type Given = Readonly<{
  /** The id that the first event of this command will bear. */
  eventId: EventId
  /** When it happened: `meta.occurredAt`, or now. */
  at: Instant
}>

export type Prepared<Command, Context> = Readonly<{
  command: Command
  context: Context
  /** S1: the version of the policy in force at `at`; null where none is concerned. */
  policyVersion: Day | null
}>

export type AskMeta = Readonly<{
  controller: ControllerId
  principal: Principal
  correlation: string
  causation: EventId | null
  /** null: it happens now, when the ledger writes it. */
  occurredAt: Instant | null
  /** Keyed digests of the client's idempotency key and of the body it came with. */
  operation: Readonly<{ key: string; body: string }> | null
}>

export type Receipt = Readonly<{
  id: EventId
  type: string
  revision: Revision
  position: Position
}>

/**
 * What became of one command. `recorded` without events: nothing was left to do, and `revision` and
 * `position` say where the stream stood. `repeated`: its key was seen before with the same body; this is
 * the answer from then, and nothing was written.
 */
export type Answer<Event extends LedgerEvent> = Readonly<
  {
    stream: StreamName
    revision: Revision | typeof NO_STREAM
    position: Position
    repeated: boolean
    events: readonly Receipt[]
    /** The events behind the receipts, in their order. */
    written: readonly Event[]
  } & ({ outcome: 'recorded' } | { outcome: 'refused'; refusals: readonly Refusal[] })
>

/** The operation's key was used with another body. Nothing was recorded. */
export type KeyReused = Readonly<{ outcome: 'key_reused' }>

/** A stream's state as of its last event. It lives in the cache: look, and do not change or keep it. */
export type Loaded<State> = Readonly<{
  state: State
  revision: Revision | typeof NO_STREAM
  position: Position
}>

/** Decides and records. One for each process; safe under any number of concurrent calls. */
export interface Executor {
  /**
   * Decides a command on its stream's state and records the events durably. Commands on one stream are
   * decided one after the other, in the order they were asked; those that wait are appended together.
   *
   * @throws LogUnavailable when it is not known, or known not, to be recorded
   * @throws Contended when other writers were faster time after time
   */
  execute<State, Command, Event extends LedgerEvent, Context>(
    ask: Ask<State, Command, Event, Context>,
  ): Promise<Answer<Event> | KeyReused>

  /**
   * `execute` for many: in order for each stream, all streams at once in one group commit. The answers
   * are in the order of the asks. When one throws, so does this, after all have come to their end.
   * The same as calling `execute` for each in one go; use that where each needs its own `catch`.
   */
  executeMany<State, Command, Event extends LedgerEvent, Context>(
    asks: readonly Ask<State, Command, Event, Context>[],
  ): Promise<readonly (Answer<Event> | KeyReused)[]>

  /** What `read` makes of the stream's present state, caught up with what other processes wrote. */
  load<State, Command, Event extends LedgerEvent, Context, Result>(
    stream: StreamName,
    decider: Decider<State, Command, Event, Context>,
    read: (loaded: Loaded<State>) => Result,
  ): Promise<Result>
}

/** Other writers kept appending to the stream between our read and our append. Ask again later. */
export class Contended extends Error {
  override readonly name = 'Contended'
}

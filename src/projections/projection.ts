import type { Envelope, LedgerEvent, StreamKind } from '../domain/envelope.ts'
import type { Names } from './names.ts'
import type { ControllerFacts, PersonFacts } from './facts.ts'
import type { Table } from './table.ts'

/** What SQLite stores and answers here. */
export type Value = number | string | null | Uint8Array

/** One step of folding an event into a table: the name of a prepared statement and its parameters. */
export type Change<Write extends string = string> = readonly [
  write: Write,
  values: readonly Value[],
]

export type EventType = LedgerEvent['type']
type EventOf<Type extends EventType> = Envelope<Extract<LedgerEvent, { type: Type }>>

/** An event as projections see it: with its numbers, and what is known of its person, this event included. */
export type Folded<Type extends EventType = EventType> = Readonly<{
  event: EventOf<Type>
  position: number
  /** occurredAt in milliseconds. */
  at: number
  stream: Readonly<{ kind: StreamKind; id: string }>
  controller: ControllerFacts
  person: PersonFacts | null
  /** Whether the event moved what the person's retention clocks run from. */
  clockMoved: boolean
  names: Names
}>

/** The rows that a look-up answers, as arrays in the order of its columns. */
export type Look<Lookup extends string = string> = (
  lookup: Lookup,
  ...parameters: Value[]
) => readonly (readonly Value[])[]

/**
 * One read model. Its tables are written only by the changes it makes of the events that it follows, so
 * that a table is a pure function of the log. Raise `schemaVersion` (database.ts) with any change.
 */
export type Projection<
  Type extends EventType = EventType,
  Write extends string = string,
  Lookup extends string = string,
> = Readonly<{
  name: string
  tables: readonly Table[]
  /** Statements that create the indexes that queries walk. A rebuild makes them at the end. */
  indexes: readonly string[]
  /** The same of those that folding itself needs. */
  foldingIndexes?: readonly string[]
  follows: readonly Type[] | 'everything'
  writes: Readonly<Record<Write, string>>
  /** What making the changes asks of the tables, as they are before them. */
  lookups: Readonly<Record<Lookup, string>>
  changes: (folded: Folded<Type>, look: Look<Lookup>) => readonly Change<Write>[]
}>

/** A projection of any events, as the projector holds it. */
export type AnyProjection = Projection<never, string, string>

/** Checks a projection against its own words and forgets them. */
export function defineProjection<Type extends EventType, W extends string, L extends string>(
  projection: Projection<Type, W, L>,
): AnyProjection {
  return projection as unknown as AnyProjection
}

/** Nothing changes. */
export const unchanged: readonly never[] = []

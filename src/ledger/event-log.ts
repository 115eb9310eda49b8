import type { StreamName } from '../domain/envelope.ts'
import type { EventId, Position, Revision } from '../domain/values.ts'

/**
 * The port of the event log: an append-only sequence of records, each in one stream. Bodies are opaque
 * bytes here (the codec knows their shape), so that what is stored is what was handed in, to the byte.
 * Stores: SQLite (embedded). The contract every store keeps is `test/contracts/event-log.ts`.
 */
export interface EventLog {
  /**
   * Appends all records or none, after the stream's revision `expected` (`NO_STREAM`: the stream has no
   * event yet). Resolves when the records are durable. A repeated append of the same ids at the same
   * place answers what the first did and writes nothing.
   *
   * @throws LogUnavailable when it is not known, or known not, to be durable; ask again with the same ids.
   */
  append(
    stream: StreamName,
    expected: Revision | typeof NO_STREAM,
    records: readonly NewRecord[],
  ): Promise<Appended>

  /** Records of one stream from `from` on, ascending, at most `limit`. A missing stream is empty. */
  readStream(stream: StreamName, from: Revision, limit: number): Promise<readonly LogRecord[]>

  /** Records of all streams with a position greater than `after`, ascending, at most `limit`. */
  readAll(after: Position, limit: number): Promise<readonly LogRecord[]>

  /** The records at exactly these positions, in their order; a position that holds none is left out. */
  readAt(positions: readonly Position[]): Promise<readonly LogRecord[]>

  /** The position of the last record; `START` when there is none. */
  head(): Promise<Position>

  /**
   * All records after `after`, then new ones as they become durable, in pages of at most `limit`, until
   * `signal` aborts. Also sees what other processes append. Never skips and never repeats a record.
   */
  follow(after: Position, limit: number, signal: AbortSignal): AsyncIterable<readonly LogRecord[]>

  /** Finishes what was begun and lets go of the store. */
  close(): Promise<void>
}

/** The log for those that only read: a projector's thread, the notary, the command line. */
export type EventReader = Omit<EventLog, 'append'>

/** The expected revision of a stream that does not exist. */
export const NO_STREAM = -1

export type NewRecord = Readonly<{
  id: EventId
  type: string
  /** UTF-8 JSON, as the codec wrote it. */
  body: string
}>

export type LogRecord = NewRecord &
  Readonly<{ stream: StreamName; revision: Revision; position: Position }>

export type Appended =
  | { status: 'appended'; revision: Revision; positions: readonly Position[] }
  /** `actual` is where the stream was seen to be: read it before you trust it. */
  | { status: 'conflict'; actual: Revision | typeof NO_STREAM }

/** The store could not do it: disk full, failed fsync, connection lost. */
export class LogUnavailable extends Error {
  override readonly name = 'LogUnavailable'
}

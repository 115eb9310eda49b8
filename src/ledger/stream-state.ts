import { setImmediate as turn } from 'node:timers/promises'
import type { Decider } from '../domain/decision.ts'
import type { LedgerEvent, StreamName } from '../domain/envelope.ts'
import {
  START,
  type EventId,
  type Instant,
  type Position,
  type Revision,
} from '../domain/values.ts'
import { decode } from './codec.ts'
import { NO_STREAM, type EventReader } from './event-log.ts'

export type AnyDecider = Decider<unknown, unknown, LedgerEvent, unknown>

/** Where an operation's events stand in its stream. */
export type Operation = { readonly body: string; readonly revision: Revision; count: number }

const operationsKept = 1000
const pageSize = 500

/** A stream's state, folded by a decider up to a revision, and what the executor needs beside it. */
export class StreamState {
  readonly stream: StreamName
  readonly decider: AnyDecider
  /** The last operations of the stream, by key, oldest first. */
  readonly operations = new Map<string, Operation>()
  state: unknown
  revision: Revision | typeof NO_STREAM = NO_STREAM
  position: Position = START
  recordedAt: Instant | null = null

  constructor(stream: StreamName, decider: AnyDecider) {
    this.stream = stream
    this.decider = decider
    this.state = decider.initialState()
  }

  /** Roughly what it costs to remember: a state grows with its events, but not for ever. */
  get weight(): number {
    return 16 + Math.min(this.revision + 1, 4096) + this.operations.size
  }

  /**
   * Folds what the log has beyond this state, page by page. Whether there was anything.
   * @throws UnreadableEvent where an event cannot be decoded
   */
  async catchUp(log: EventReader): Promise<boolean> {
    const before = this.revision
    for (;;) {
      const page = await log.readStream(this.stream, (this.revision + 1) as Revision, pageSize)
      for (const record of page) {
        const envelope = decode(record)
        this.evolve(envelope, envelope.id, envelope.occurredAt)
        this.position = envelope.position
        this.recordedAt = envelope.recordedAt
        if (envelope.operation) this.remember(envelope.operation, envelope.revision)
      }
      if (page.length < pageSize) return this.revision !== before
      await turn()
    }
  }

  /** Folds the next event of the stream. */
  evolve(event: LedgerEvent, id: EventId, occurredAt: Instant): void {
    this.revision = (this.revision + 1) as Revision
    this.state = this.decider.evolve(this.state, event, { id, revision: this.revision, occurredAt })
  }

  /** Every event of a command carries its operation, so that the group is found again in the stream. */
  remember({ key, body }: { key: string; body: string }, revision: Revision): void {
    const known = this.operations.get(key)
    if (known && known.revision + known.count === revision) {
      known.count += 1
      return
    }
    this.operations.delete(key)
    this.operations.set(key, { body, revision, count: 1 })
    if (this.operations.size <= operationsKept) return
    for (const oldest of this.operations.keys()) {
      this.operations.delete(oldest)
      return
    }
  }
}

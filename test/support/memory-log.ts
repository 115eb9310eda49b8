import type { StreamName } from '../../src/domain/envelope.ts'
import { START, type Position, type Revision } from '../../src/domain/values.ts'
import type {
  Appended,
  EventLog,
  LogRecord,
  NewRecord,
  NO_STREAM,
} from '../../src/ledger/event-log.ts'

/** Positions are sparse, as EventStoreDB's are: nothing may count on the next one being one more. */
const steps = [7, 64, 13, 1009]

/**
 * An event log in memory that keeps the contract of `test/contracts/event-log.ts`. For tests of what
 * stands on the port; nothing is durable.
 */
export class MemoryEventLog implements EventLog {
  readonly #records: LogRecord[] = []
  readonly #streams = new Map<StreamName, LogRecord[]>()
  #closed = false
  #grown = Promise.withResolvers<void>()

  async append(
    stream: StreamName,
    expected: Revision | typeof NO_STREAM,
    records: readonly NewRecord[],
  ): Promise<Appended> {
    this.#assertOpen()
    if (records.length === 0) throw new RangeError(`couldn't append to ${stream}: no records`)
    const known = this.#streams.get(stream) ?? []
    const there = known.slice(expected + 1, expected + 1 + records.length)
    const last = (expected + records.length) as Revision
    if (there.length > 0 || expected >= known.length) {
      const same =
        there.length === records.length && there.every(({ id }, index) => id === records[index]?.id)
      return same
        ? { status: 'appended', revision: last, positions: there.map(({ position }) => position) }
        : { status: 'conflict', actual: (known.length - 1) as Revision }
    }
    this.#streams.set(stream, known)
    const positions = records.map(({ id, type, body }) => {
      const position = this.#nextPosition()
      const revision = known.length as Revision
      const record = { id, type, body, stream, revision, position }
      known.push(record)
      this.#records.push(record)
      return position
    })
    this.#wake()
    return { status: 'appended', revision: last, positions }
  }

  async readStream(stream: StreamName, from: Revision, limit: number) {
    this.#assertOpen()
    return (this.#streams.get(stream) ?? []).slice(from, from + limit)
  }

  async readAll(after: Position, limit: number) {
    this.#assertOpen()
    return this.#after(after, limit)
  }

  async readAt(positions: readonly Position[]) {
    this.#assertOpen()
    return positions.flatMap((position) => {
      const record = this.#records[this.#firstAfter((position - 1) as Position)]
      return record?.position === position ? [record] : []
    })
  }

  async head() {
    this.#assertOpen()
    return this.#records.at(-1)?.position ?? START
  }

  async *follow(after: Position, limit: number, signal: AbortSignal) {
    this.#assertOpen()
    const wake = () => this.#wake()
    signal.addEventListener('abort', wake)
    try {
      let reached = after
      while (!signal.aborted && !this.#closed) {
        const grown = this.#grown.promise
        const page = this.#after(reached, limit)
        const last = page.at(-1)
        if (last) {
          reached = last.position
          yield page
        } else {
          await grown
        }
      }
    } finally {
      signal.removeEventListener('abort', wake)
    }
  }

  async close() {
    this.#closed = true
    this.#wake()
  }

  #wake(): void {
    this.#grown.resolve()
    this.#grown = Promise.withResolvers()
  }

  #after(position: Position, limit: number): LogRecord[] {
    const first = this.#firstAfter(position)
    return this.#records.slice(first, first + limit)
  }

  #nextPosition(): Position {
    const step = steps[this.#records.length % steps.length] ?? 1
    return ((this.#records.at(-1)?.position ?? START) + step) as Position
  }

  /** The index of the first record behind a position: a binary search. */
  #firstAfter(position: Position): number {
    let low = 0
    let high = this.#records.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#records[middle]?.position ?? Infinity) > position) high = middle
      else low = middle + 1
    }
    return low
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error("couldn't use the event log: it is closed")
  }
}

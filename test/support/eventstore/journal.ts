import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs'

export type NewEvent = Readonly<{ id: string; type: string; contentType: string; data: Buffer }>
export type StoredEvent = NewEvent & Readonly<{ stream: string; revision: number; place: number }>

export type JournalAnswer =
  | { status: 'appended'; last: number; place: number }
  /** The same events stood there already. */
  | { status: 'again'; last: number }
  | { status: 'conflict'; actual: number }

/** What an append of a server expects of a stream: a revision, nothing (-1), or whatever there is. */
export type Expected = number | 'any'

/**
 * The log of the stand-in for EventStoreDB: in memory, and in a file where one is named, so that a killed
 * process finds again what it acknowledged. Places are sparse, as EventStoreDB's are.
 */
export class Journal {
  readonly #streams = new Map<string, StoredEvent[]>()
  readonly #file: number | null
  readonly #waiting = new Set<() => void>()
  #events: StoredEvent[] = []

  constructor(path: string | null) {
    if (path && existsSync(path)) this.#recover(path)
    this.#file = path ? openSync(path, 'a') : null
  }

  get events(): readonly StoredEvent[] {
    return this.#events
  }

  stream(name: string): readonly StoredEvent[] {
    return this.#streams.get(name) ?? []
  }

  /** As EventStoreDB does: a repeat is seen by its ids, and half a repeat is a conflict. */
  append(stream: string, expected: Expected, events: readonly NewEvent[]): JournalAnswer {
    const known = this.stream(stream)
    const last = known.length - 1
    const after = expected === 'any' ? last : expected
    if (after !== last) {
      const there = known.slice(after + 1, after + 1 + events.length)
      const same =
        there.length === events.length && there.every(({ id }, at) => id === events[at]?.id)
      return same
        ? { status: 'again', last: after + events.length }
        : { status: 'conflict', actual: last }
    }
    if (this.#file !== null) {
      const written = events.map((one) => ({ ...one, data: one.data.toString('base64') }))
      writeSync(this.#file, `${JSON.stringify({ stream, events: written })}\n`)
    }
    this.#add(stream, events)
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
    return { status: 'appended', last: after + events.length, place: this.#events.at(-1)!.place }
  }

  /** The index of the first event whose place is at least this. */
  indexOf(place: number): number {
    let [low, high] = [0, this.#events.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#events[middle]!.place < place) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Resolves when something is appended. */
  grown(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve))
  }

  /** Forgets everything; only of a journal without a file. */
  reset(): void {
    this.#events = []
    this.#streams.clear()
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file)
  }

  #add(stream: string, events: readonly NewEvent[]): void {
    const known = this.#streams.get(stream) ?? []
    this.#streams.set(stream, known)
    for (const event of events) {
      const place = (this.#events.at(-1)?.place ?? 1_000) + 60 + event.data.length
      const stored = { ...event, stream, revision: known.length, place }
      known.push(stored)
      this.#events.push(stored)
    }
  }

  /** A line that was cut off was never acknowledged. */
  #recover(path: string): void {
    const lines = readFileSync(path, 'utf8').split('\n')
    for (const line of lines.slice(0, -1)) {
      if (!line.endsWith('}')) continue
      const { stream, events } = JSON.parse(line)
      this.#add(
        stream,
        events.map((one: NewEvent & { data: unknown }) => ({
          ...one,
          data: Buffer.from(String(one.data), 'base64'),
        })),
      )
    }
  }
}

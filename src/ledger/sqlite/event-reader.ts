import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as turn } from 'node:timers/promises'
import { StreamName } from '../../domain/envelope.ts'
import { START, type EventId, type Position, type Revision } from '../../domain/values.ts'
import { openDatabase } from '../../sqlite/open.ts'
import type { EventReader, LogRecord } from '../event-log.ts'
import { assertSchema } from './schema.ts'

/** position, stream, revision, type, id in hexadecimal, body */
type Row = [number, number, number, number, string, string]

/** How long another process's append may stay unseen by a follower. */
const pollEveryMs = 30
const namesRemembered = 100_000

/**
 * Opens a ledger file that exists for reading, on the calling thread and without a worker.
 * @throws Error when there is no such file or it is no ledger
 */
export function openSqliteEventReader(path: string): SqliteEventReader {
  const database = openDatabase(path, { readOnly: true })
  try {
    assertSchema(database)
    return new SqliteEventReader(database)
  } catch (cause) {
    database.close()
    throw new Error(`couldn't open ${path}: ${(cause as Error).message}`, { cause })
  }
}

/** Reads a ledger file. No read stays open between two calls, so the write-ahead log can be emptied. */
export class SqliteEventReader implements EventReader {
  readonly #database: DatabaseSync
  readonly #statements: ReturnType<typeof prepare>
  /** Numbers and names never change once they are written. */
  readonly #streamNames = new Map<number, StreamName>()
  readonly #streamNumbers = new Map<string, number>()
  readonly #types = new Map<number, string>()
  readonly #waiting = new Set<() => void>()
  #closed = false
  #poll: NodeJS.Timeout | null = null

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#statements = prepare(database)
  }

  async readStream(stream: StreamName, from: Revision, limit: number) {
    this.#assertOpen()
    const number = this.#streamNumber(stream)
    if (number === null) return []
    return this.#records(this.#statements.stream.all(number, from, limit))
  }

  async readAll(after: Position, limit: number) {
    return this.#readAll(after, limit)
  }

  async readAt(positions: readonly Position[]) {
    this.#assertOpen()
    return this.#records(positions.flatMap((position) => this.#statements.at.all(position)))
  }

  async head() {
    this.#assertOpen()
    const { last } = this.#statements.head.get() as { last: number | null }
    return (last ?? START) as Position
  }

  async *follow(after: Position, limit: number, signal: AbortSignal) {
    this.#assertOpen()
    const wake = () => this.wake()
    signal.addEventListener('abort', wake)
    try {
      let reached = after
      while (!signal.aborted && !this.#closed) {
        const version = this.#version()
        const page = this.#readAll(reached, limit)
        const last = page.at(-1)
        if (last) {
          reached = last.position
          yield page
          // A long catching-up lets others have their turn.
          await turn()
        } else {
          await this.#changedSince(version)
        }
      }
    } finally {
      signal.removeEventListener('abort', wake)
    }
  }

  /** Tells followers that there may be something to see. */
  wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resolve of waiting) resolve()
    this.#stopPolling()
  }

  async close() {
    if (this.#closed) return
    this.#closed = true
    this.wake()
    this.#database.close()
  }

  #readAll(after: Position, limit: number): LogRecord[] {
    this.#assertOpen()
    return this.#records(this.#statements.all.all(after, limit))
  }

  /** Until the file differs from what it was at `version`, or somebody wakes us. */
  async #changedSince(version: number): Promise<void> {
    this.#poll ??= setInterval(() => {
      if (this.#version() !== version) this.wake()
    }, pollEveryMs)
    await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  #stopPolling(): void {
    if (this.#poll) clearInterval(this.#poll)
    this.#poll = null
  }

  #version(): number {
    const { data_version: version } = this.#statements.version.get() as { data_version: number }
    return version
  }

  #records(rows: unknown[]): LogRecord[] {
    // The layout's columns are STRICT: what stands in a row has the type that the schema says.
    return (rows as Row[]).map(([position, stream, revision, type, id, body]) => ({
      id: uuidOf(id),
      type: this.#type(type),
      body,
      stream: this.#streamName(stream),
      revision: revision as Revision,
      position: position as Position,
    }))
  }

  #streamNumber(stream: StreamName): number | null {
    const known = this.#streamNumbers.get(stream)
    if (known !== undefined) return known
    const row = this.#statements.streamNumber.get(stream) as { number: number } | undefined
    if (!row) return null
    if (this.#streamNumbers.size === namesRemembered) this.#streamNumbers.clear()
    this.#streamNumbers.set(stream, row.number)
    return row.number
  }

  #streamName(number: number): StreamName {
    const known = this.#streamNames.get(number)
    if (known !== undefined) return known
    const { name } = this.#statements.streamName.get(number) as { name: string }
    const stream = StreamName.parse(name)
    if (this.#streamNames.size === namesRemembered) this.#streamNames.clear()
    this.#streamNames.set(number, stream)
    return stream
  }

  #type(number: number): string {
    const known = this.#types.get(number)
    if (known !== undefined) return known
    const { name } = this.#statements.typeName.get(number) as { name: string }
    this.#types.set(number, name)
    return name
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error("couldn't read the event log: it is closed")
  }
}

function uuidOf(hex: string): EventId {
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)]
  return `${parts.join('-')}-${hex.slice(20)}` as EventId
}

function prepare(database: DatabaseSync) {
  const columns = 'position, stream, revision, type, lower(hex(id)), body'
  const rows = (where: string) => {
    const statement = database.prepare(`SELECT ${columns} FROM event WHERE ${where}`)
    statement.setReturnArrays(true)
    return statement
  }
  return {
    stream: rows('stream = ? AND revision >= ? ORDER BY revision LIMIT ?'),
    all: rows('position > ? ORDER BY position LIMIT ?'),
    at: rows('position = ?'),
    head: database.prepare('SELECT max(position) AS last FROM event'),
    version: database.prepare('PRAGMA data_version'),
    streamNumber: database.prepare('SELECT number FROM stream WHERE name = ?'),
    streamName: database.prepare('SELECT name FROM stream WHERE number = ?'),
    typeName: database.prepare('SELECT name FROM type WHERE number = ?'),
  }
}

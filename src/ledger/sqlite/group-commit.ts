import type { DatabaseSync } from 'node:sqlite'
import { NO_STREAM } from '../event-log.ts'
import type { PackedAppend, PackedRecord } from './messages.ts'

type Stream = { readonly number: number; revision: number }

const streamsRemembered = 100_000

/**
 * Commits groups of appends to one file, each group in one transaction. Whether an append is in conflict
 * is seen by comparing revisions inside the transaction, so that one bad append costs the others nothing.
 */
export class GroupCommit {
  readonly #database: DatabaseSync
  readonly #statements: ReturnType<typeof prepare>
  /** What is known of streams and types while no other connection has written. */
  readonly #streams = new Map<string, Stream>()
  readonly #types = new Map<string, number>()
  #version: number | null = null
  #lastPosition = 0

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#statements = prepare(database)
  }

  /**
   * Durable when it returns; nothing is written when it throws. The answers are as in `messages.ts`.
   * @throws the error of node:sqlite
   */
  commit(appends: readonly PackedAppend[]): number[] {
    this.#statements.begin.run()
    try {
      this.#noticeOthers()
      const answers: number[] = []
      for (const append of appends) answers.push(append.number, ...this.#append(append))
      this.#statements.commit.run()
      return answers
    } catch (error) {
      this.#forget()
      // A failed write may have rolled back by itself; the first error is the one that counts.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  /** The answer to one append, without its number. */
  #append({ stream: name, expected, records }: PackedAppend): number[] {
    const stream = this.#stream(name, expected)
    if (!stream) return [0, NO_STREAM, 0]
    if (stream.revision !== expected) return this.#repeat(stream, expected, records)
    const positions = records.map(({ id, type, body }) => {
      const position = (this.#lastPosition += 1)
      const revision = (stream.revision += 1)
      this.#statements.insert.run(position, stream.number, revision, this.#type(type), id, body)
      return position
    })
    return [1, stream.revision, positions.length, ...positions]
  }

  /** The first answer, where exactly these records already stand at this place; a conflict otherwise. */
  #repeat(stream: Stream, expected: number, records: readonly PackedRecord[]): number[] {
    const conflict = [0, stream.revision, 0]
    if (expected + records.length > stream.revision) return conflict
    const last = expected + records.length
    const there = this.#statements.idsBetween.all(stream.number, expected, last) as {
      id: string
      position: number
    }[]
    const same = there.every(({ id }, index) => id === records[index]?.id.replaceAll('-', ''))
    if (!same) return conflict
    return [1, last, there.length, ...there.map(({ position }) => position)]
  }

  /** Null where there is no such stream, and the append does not want to begin it. */
  #stream(name: string, expected: number): Stream | null {
    const known = this.#streams.get(name)
    if (known) return known
    const found = this.#statements.stream.get(name) as Stream | undefined
    if (!found && expected !== NO_STREAM) return null
    const number = found?.number ?? Number(this.#statements.newStream.run(name).lastInsertRowid)
    const stream = { number, revision: found?.revision ?? NO_STREAM }
    if (this.#streams.size === streamsRemembered) this.#streams.clear()
    this.#streams.set(name, stream)
    return stream
  }

  #type(name: string): number {
    const known = this.#types.get(name)
    if (known !== undefined) return known
    const found = this.#statements.type.get(name) as { number: number } | undefined
    const number = found?.number ?? Number(this.#statements.newType.run(name).lastInsertRowid)
    this.#types.set(name, number)
    return number
  }

  #noticeOthers(): void {
    const { data_version: version } = this.#statements.version.get() as { data_version: number }
    if (version === this.#version) return
    this.#forget()
    this.#version = version
    const { last } = this.#statements.lastPosition.get() as { last: number }
    this.#lastPosition = last
  }

  #forget(): void {
    this.#version = null
    this.#streams.clear()
    this.#types.clear()
  }
}

function prepare(database: DatabaseSync) {
  return {
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    version: database.prepare('PRAGMA data_version'),
    lastPosition: database.prepare('SELECT coalesce(max(position), 0) AS last FROM event'),
    stream: database.prepare(
      `SELECT number, coalesce((SELECT max(revision) FROM event WHERE stream = number), -1) AS revision
       FROM stream WHERE name = ?`,
    ),
    newStream: database.prepare('INSERT INTO stream (name) VALUES (?)'),
    type: database.prepare('SELECT number FROM type WHERE name = ?'),
    newType: database.prepare('INSERT INTO type (name) VALUES (?)'),
    // The body goes in as the bytes that were handed over, without a detour over a string.
    insert: database.prepare(
      `INSERT INTO event (position, stream, revision, type, id, body)
       VALUES (?, ?, ?, ?, unhex(?, '-'), CAST(? AS TEXT))`,
    ),
    idsBetween: database.prepare(
      `SELECT lower(hex(id)) AS id, position FROM event
       WHERE stream = ? AND revision > ? AND revision <= ? ORDER BY revision`,
    ),
  }
}

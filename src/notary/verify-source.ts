import type { DatabaseSync } from 'node:sqlite'
import { streamParts } from '../domain/envelope.ts'
import type { Position } from '../domain/values.ts'
import type { EventReader, LogRecord } from '../ledger/event-log.ts'
import { RowCheck, type Row } from './verify-rows.ts'
import type { Finding } from './verify-types.ts'

type Pages<T> = Iterable<readonly T[]> | AsyncIterable<readonly T[]>

/** What a verification reads: each part of the ledger anew, whenever it is asked for. */
export type LedgerSource = Readonly<{
  /** Whether each position is one more than that before. */
  dense: boolean
  /** The last position there is. */
  last: () => Promise<number>
  /** All rows up to a position, in its order. */
  pages: (until: number) => Pages<Row>
  /** The records of the checkpoint streams. */
  signed: (until: number) => Pages<LogRecord>
  /** What the store says of its own indexes. */
  damage: () => readonly Finding[]
}>

const rowsAtOnce = 1_000

/**
 * Reads all rows up to a position in pages, so that whoever writes meanwhile does not wait.
 *
 * @param stream only those of the stream with this number
 */
function* readRows(
  database: DatabaseSync,
  until: number,
  stream: number | null = null,
): Generator<readonly Row[]> {
  const statement = database.prepare(
    `SELECT event.position, event.stream, stream.name, event.revision, type.name,
       lower(hex(event.id)), CAST(event.body AS BLOB)
     FROM event LEFT JOIN stream ON stream.number = event.stream
       LEFT JOIN type ON type.number = event.type
     WHERE event.position > ? AND event.position <= ? ${stream === null ? '' : 'AND event.stream = ?'}
     ORDER BY event.position LIMIT ?`,
  )
  statement.setReturnArrays(true)
  for (let after = -1; ;) {
    const page = (
      statement.all(
        ...[after, until, ...(stream === null ? [] : [stream]), rowsAtOnce],
      ) as unknown as unknown[][]
    ).map(rowOf)
    const last = page.at(-1)
    if (!last) return
    yield page
    // A damaged file can answer what was not asked for; then this ends all the same.
    if (last.position <= after) return
    after = last.position
  }
}

function rowOf([position, streamNumber, stream, revision, type, id, body]: unknown[]): Row {
  const bytes = body as Uint8Array | null
  return {
    position: Number(position),
    streamKey: Number(streamNumber),
    stream: typeof stream === 'string' ? stream : null,
    revision: Number(revision),
    type: typeof type === 'string' ? type : null,
    id: String(id),
    body: Buffer.from(bytes ?? []),
  }
}

/** The file of an embedded ledger. Its calls throw the error of node:sqlite where it cannot be read. */
export function fileSource(database: DatabaseSync): LedgerSource {
  return {
    dense: true,
    async last() {
      const { last } = database.prepare('SELECT max(position) AS last FROM event').get() ?? {}
      return Number(last ?? 0)
    },
    pages: (until) => readRows(database, until),
    signed: (until) => signedRecords(database, until),
    damage: () => damageOf(database),
  }
}

/** A ledger that is read through its port: positions may have gaps, and indexes are the server's own matter. */
export function readerSource(reader: EventReader): LedgerSource {
  async function* records(until: number): AsyncGenerator<readonly LogRecord[]> {
    for (let after = 0 as Position; ;) {
      const page = await reader.readAll(after, rowsAtOnce)
      const within = page.filter(({ position }) => position <= until)
      if (within.length === 0) return
      yield within
      after = within.at(-1)!.position
    }
  }
  return {
    dense: false,
    last: () => reader.head(),
    async *pages(until) {
      for await (const page of records(until)) yield page.map(rowOfRecord)
    },
    async *signed(until) {
      for await (const page of records(until)) {
        yield page.filter(({ stream }) => streamParts(stream).kind === 'checkpoint')
      }
    },
    damage: () => [],
  }
}

function rowOfRecord({ position, stream, revision, type, id, body }: LogRecord): Row {
  const hex = id.replaceAll('-', '')
  return { position, streamKey: stream, stream, revision, type, id: hex, body: Buffer.from(body) }
}

function* signedRecords(database: DatabaseSync, until: number): Generator<readonly LogRecord[]> {
  const streams = database
    .prepare("SELECT number FROM stream WHERE name GLOB 'checkpoint-*' ORDER BY number")
    .all()
  for (const { number } of streams) {
    for (const page of readRows(database, until, Number(number))) {
      const read = page.map((row) => new RowCheck(true).next(row).record)
      yield read.filter((record) => record !== null)
    }
  }
}

/** SQLite's own check: it says little of rows, and all of indexes. */
function damageOf(database: DatabaseSync): Finding[] {
  const findings: Finding[] = []
  for (const row of database.prepare('PRAGMA integrity_check(100)').all()) {
    const message = String(row['integrity_check'])
    if (message === 'ok') continue
    const [, number] = /\brow (\d+) missing from index event_by_stream/.exec(message) ?? []
    const position = number === undefined ? null : (Number(number) as Position)
    findings.push({ position, code: 'index', message: `the file is damaged: ${message}` })
  }
  return findings
}

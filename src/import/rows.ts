import { assertNever } from '../domain/values.ts'
import { parseLogLine } from './combined-log.ts'
import { CsvReader } from './csv.ts'
import type { Mapping } from './mapping.ts'
import { parseNdjsonLine } from './ndjson.ts'
import { physicalLines, type PhysicalLine } from './physical-lines.ts'
import { TextLineReader } from './text-lines.ts'
import type { RejectReason } from './reject.ts'
import type { Charset } from './charset.ts'

/** What a row says: for CSV and logs texts by column name, for NDJSON the object as it was sent. */
export type Cells = Readonly<Record<string, unknown>>

/**
 * A row that could be read. `line` is the number of its first line, from 1; a header counts as a
 * line.
 */
export type Row = Readonly<{ line: number; cells: Cells; raw: readonly PhysicalLine[] }>

/** A row that could not. */
export type UnreadableRow = Readonly<{
  line: number
  raw: readonly PhysicalLine[]
  reason: RejectReason
}>

export type RowOutcome =
  Readonly<{ readable: true; row: Row }> | Readonly<{ readable: false; row: UnreadableRow }>

/** What turns the lines of one file into rows, a group at a time. */
export interface RowReader {
  push(lines: readonly PhysicalLine[], charset: Charset): RowOutcome[]
  end(): RowOutcome[]
}

/** The rows of an export, in order, in small groups; memory is flat whatever the file's length. */
export async function* readRows(
  stream: AsyncIterable<Buffer>,
  mapping: Mapping,
): AsyncGenerator<{ rows: RowOutcome[]; charset: Charset }> {
  const reader = readerFor(mapping)
  let charset = mapping.charset
  for await (const group of physicalLines(stream, mapping.charset)) {
    charset = group.charset
    const rows = reader.push(group.lines, charset)
    if (rows.length > 0) yield { rows, charset }
  }
  const rows = reader.end()
  if (rows.length > 0) yield { rows, charset }
}

function readerFor(mapping: Mapping): RowReader {
  switch (mapping.format) {
    case 'csv':
      return new CsvReader(mapping.delimiter)
    case 'ndjson':
      return new TextLineReader(parseNdjsonLine)
    case 'combined-log':
      return new TextLineReader(parseLogLine)
    default:
      return assertNever(mapping)
  }
}

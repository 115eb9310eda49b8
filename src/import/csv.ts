import { CsvError, parse } from 'csv-parse/sync'
import { lenientDecoder, strictDecoder, type Charset, type Decode } from './charset.ts'
import type { PhysicalLine } from './physical-lines.ts'
import type { RejectReason } from './reject.ts'
import type { RowOutcome, RowReader } from './rows.ts'

/** How many lines a quoted field may go over before its opening quote is held for a stray one. */
const LONGEST_RECORD_LINES = 100

/**
 * A line, decoded; `text` is null where the bytes are invalid, and `quotes` is counted all the
 * same.
 */
type DecodedLine = Readonly<{ physical: PhysicalLine; text: string | null; oddQuotes: boolean }>

/**
 * Rows of RFC 4180 with any delimiter. Lines are gathered until the quotes of a record are even,
 * and `csv-parse` takes each record apart. One stray quote must not swallow the rest of the file:
 * where a record over several lines cannot be parsed, only its first line is set aside and reading
 * begins again at the next.
 */
export class CsvReader implements RowReader {
  private header: readonly string[] | null = null
  private headerBroken = false
  private open: DecodedLine[] = []
  private openQuote = false
  private readonly delimiter: string
  private charset: Charset | null = null
  private strict: Decode = () => null
  private lenient: (bytes: Uint8Array) => string = () => ''

  constructor(delimiter: string) {
    this.delimiter = delimiter
  }

  /** The column names, once the header has been read. */
  get columns(): readonly string[] | null {
    return this.header
  }

  push(lines: readonly PhysicalLine[], charset: Charset): RowOutcome[] {
    this.useCharset(charset)
    const outcomes: RowOutcome[] = []
    this.work(
      lines.map((line) => this.decode(line)),
      outcomes,
    )
    return outcomes
  }

  end(): RowOutcome[] {
    const outcomes: RowOutcome[] = []
    while (this.open.length > 0) this.startAgain(outcomes)
    return outcomes
  }

  private work(lines: readonly DecodedLine[], outcomes: RowOutcome[]): void {
    for (const line of lines) {
      if (line.physical.cut) {
        this.setAside([line], 'line_too_long', outcomes)
        continue
      }
      this.open.push(line)
      if (line.oddQuotes) this.openQuote = !this.openQuote
      if (!this.openQuote) this.close(outcomes)
      else if (this.open.length >= LONGEST_RECORD_LINES) this.startAgain(outcomes)
    }
  }

  /** Sets the first open line aside and reads the others again as if it had not been there. */
  private startAgain(outcomes: RowOutcome[]): void {
    const [first, ...others] = this.open
    this.open = []
    this.openQuote = false
    if (first) this.setAside([first], 'broken_quotes', outcomes)
    this.work(others, outcomes)
  }

  private close(outcomes: RowOutcome[]): void {
    const record = this.open
    const fields = fieldsOf(record, this.delimiter)
    if (fields === 'broken' && record.length > 1) return this.startAgain(outcomes)
    this.open = []
    if (fields === 'blank') return
    if (fields === 'invalid') this.setAside(record, 'invalid_bytes', outcomes)
    else if (fields === 'broken') this.setAside(record, 'broken_quotes', outcomes)
    else this.take(record, fields, outcomes)
  }

  private take(record: DecodedLine[], fields: string[], outcomes: RowOutcome[]): void {
    if (!this.header && !this.headerBroken) {
      this.header = fields.map((name) => name.trim())
      return
    }
    if (!this.header) return this.setAside(record, 'no_header', outcomes)
    if (fields.length !== this.header.length) return this.setAside(record, 'column_count', outcomes)
    const cells: Record<string, string> = {}
    for (const [index, name] of this.header.entries()) cells[name] = fields[index] ?? ''
    const raw = record.map(({ physical }) => physical)
    outcomes.push({ readable: true, row: { line: lineOf(record), cells: cells, raw } })
  }

  private setAside(
    record: readonly DecodedLine[],
    reason: RejectReason,
    outcomes: RowOutcome[],
  ): void {
    if (!this.header) this.headerBroken = true
    outcomes.push(unreadable(record, reason))
  }

  private useCharset(charset: Charset): void {
    if (charset === this.charset) return
    this.charset = charset
    this.strict = strictDecoder(charset)
    this.lenient = lenientDecoder(charset)
  }

  private decode(physical: PhysicalLine): DecodedLine {
    const text = this.strict(physical.bytes)
    return {
      physical,
      text,
      oddQuotes: countQuotes(text ?? this.lenient(physical.bytes)) % 2 === 1,
    }
  }
}

function fieldsOf(
  record: readonly DecodedLine[],
  delimiter: string,
): string[] | 'blank' | 'invalid' | 'broken' {
  const texts: string[] = []
  for (const { text } of record) {
    if (text === null) return 'invalid'
    texts.push(text)
  }
  const text = texts.join('\n')
  if (text.trim() === '') return 'blank'
  if (!text.includes('"')) return text.split(delimiter)
  return parseQuoted(text, delimiter)
}

function parseQuoted(text: string, delimiter: string): string[] | 'broken' {
  try {
    const records = parse(text, {
      delimiter,
      record_delimiter: ['\n'],
      relax_column_count: true,
      max_record_size: 0,
    })
    return records.length === 1 && records[0] ? records[0] : 'broken'
  } catch (cause) {
    if (cause instanceof CsvError) return 'broken'
    throw new Error("couldn't parse a CSV record", { cause })
  }
}

function countQuotes(text: string): number {
  let count = 0
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) count += 1
  return count
}

function lineOf(record: readonly DecodedLine[]): number {
  return record[0]?.physical.number ?? 0
}

function unreadable(record: readonly DecodedLine[], reason: RejectReason): RowOutcome {
  return {
    readable: false,
    row: { line: lineOf(record), raw: record.map(({ physical }) => physical), reason },
  }
}

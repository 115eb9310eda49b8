import { strictDecoder, type Charset, type Decode } from './charset.ts'
import type { PhysicalLine } from './physical-lines.ts'
import type { RejectReason } from './reject.ts'
import type { RowOutcome, RowReader } from './rows.ts'

/** What one line of text is: a row, or why it is none. */
export type ParseLine = (text: string, line: PhysicalLine) => RowOutcome

/** Formats in which every line is a row of its own. Empty lines are passed over. */
export class TextLineReader implements RowReader {
  private charset: Charset | null = null
  private strict: Decode = () => null
  private readonly parse: ParseLine

  constructor(parse: ParseLine) {
    this.parse = parse
  }

  push(lines: readonly PhysicalLine[], charset: Charset): RowOutcome[] {
    if (charset !== this.charset) this.strict = strictDecoder(charset)
    this.charset = charset
    const outcomes: RowOutcome[] = []
    for (const line of lines) {
      const outcome = this.read(line)
      if (outcome) outcomes.push(outcome)
    }
    return outcomes
  }

  end(): RowOutcome[] {
    return []
  }

  private read(line: PhysicalLine): RowOutcome | null {
    if (line.cut) return unreadable(line, 'line_too_long')
    const text = this.strict(line.bytes)
    if (text === null) return unreadable(line, 'invalid_bytes')
    return text.trim() === '' ? null : this.parse(text, line)
  }
}

/** A line that is no row, with the reason. */
export function unreadable(line: PhysicalLine, reason: RejectReason): RowOutcome {
  return { readable: false, row: { line: line.number, raw: [line], reason } }
}

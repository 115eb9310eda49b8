import { z } from 'zod'
import { strictDecoder, type Charset, type Decode } from './charset.ts'
import type { PhysicalLine } from './physical-lines.ts'
import type { RejectReason } from './reject.ts'
import type { RowOutcome, RowReader } from './rows.ts'

const JsonObject = z.record(z.string(), z.unknown())

/** One JSON object a line. */
export class NdjsonReader implements RowReader {
  private charset: Charset | null = null
  private strict: Decode = () => null

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
    if (text.trim() === '') return null
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      return unreadable(line, 'broken_json')
    }
    const object = JsonObject.safeParse(value)
    if (!object.success) return unreadable(line, 'not_an_object')
    if (isDeeperThan(object.data, DEEPEST)) return unreadable(line, 'too_deep')
    return { readable: true, row: { line: line.number, cells: object.data, raw: [line] } }
  }
}

/** How deep objects and lists may be nested, so that walking one cannot exhaust the stack. */
const DEEPEST = 64

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1))
}

/** A line that is no row, with the reason. */
export function unreadable(line: PhysicalLine, reason: RejectReason): RowOutcome {
  return { readable: false, row: { line: line.number, raw: [line], reason } }
}

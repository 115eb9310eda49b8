import { strictDecoder, type Charset, type Decode } from './charset.ts'
import { unreadable } from './ndjson.ts'
import type { PhysicalLine } from './physical-lines.ts'
import type { RowOutcome, RowReader } from './rows.ts'

/** The columns of the Combined Log Format (Apache httpd, mod_log_config). */
export const combinedLogColumns = [
  'host',
  'identity',
  'user',
  'time',
  'method',
  'path',
  'protocol',
  'status',
  'bytes',
  'referrer',
  'agent',
] as const

/** How its times are written, in Luxon's tokens: `10/Oct/2014:13:55:36 -0700`. */
export const COMBINED_LOG_TIME = 'dd/MMM/yyyy:HH:mm:ss ZZZ'

const quoted = String.raw`"((?:[^"\\]|\\.)*)"`
const logLine = new RegExp(
  String.raw`^(\S+) (\S+) (\S+) \[([^\]]+)\] ${quoted} ([0-9]{3}) ([0-9]+|-) ${quoted} ${quoted}$`,
)

/** Lines of a web server's log; `-` is a value that is not there. */
export class CombinedLogReader implements RowReader {
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
    const parts = logLine.exec(text)
    if (!parts) return unreadable(line, 'not_log_format')
    const [, host, identity, user, time, request = '', status, bytes, referrer, agent] = parts
    const [method, path, protocol] = request.split(' ')
    const cells: Record<string, string> = {}
    const values = {
      host,
      identity,
      user,
      time,
      method,
      path,
      protocol,
      status,
      bytes,
      referrer,
      agent,
    }
    for (const [name, value] of Object.entries(values)) {
      if (value !== undefined && value !== '' && value !== '-') cells[name] = value
    }
    return { readable: true, row: { line: line.number, cells, raw: [line] } }
  }
}

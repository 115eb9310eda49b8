import type { PhysicalLine } from './physical-lines.ts'
import type { RowOutcome } from './rows.ts'
import { unreadable } from './text-lines.ts'

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

/** A line of a web server's log; `-` is a value that is not there. */
export function parseLogLine(text: string, line: PhysicalLine): RowOutcome {
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

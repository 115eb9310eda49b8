import { isUtf8 } from 'node:buffer'
import { StreamName } from '../domain/envelope.ts'
import { EventId, type Position, type Revision } from '../domain/values.ts'
import { decode, UnreadableEvent } from '../ledger/codec.ts'
import type { LogRecord } from '../ledger/event-log.ts'
import type { Finding } from './verify-types.ts'

/** A row of the ledger, as it is stored. */
export type Row = Readonly<{
  position: number
  /** What tells its stream from others: in a file a number, which may have no name. */
  streamKey: number | string
  stream: string | null
  revision: number
  type: string | null
  /** Hexadecimal digits, without dashes. */
  id: string
  body: Buffer
}>

/**
 * Checks row after row that they are one history: positions and revisions without a gap, names that there
 * are, and events that can be read.
 */
export class RowCheck {
  readonly #revisions = new Map<number | string, number>()
  readonly #dense: boolean
  #position = 0

  /** `dense`: each position is one more than that before. */
  constructor(dense: boolean) {
    this.#dense = dense
  }

  /** What is wrong with the next row, and the record in it; null where there is none to be made of it. */
  next(row: Row): { findings: Finding[]; record: LogRecord | null } {
    const findings: Finding[] = []
    const at = row.position as Position
    const report = (code: Finding['code'], message: string, position: Position = at) =>
      findings.push({ position, code, message })
    const expected = (this.#position + 1) as Position
    if (at > expected && this.#dense) {
      const many = at - expected === 1 ? 'is' : `to ${at - 1} are`
      report('missing', `position ${expected} ${many} missing`, expected)
    } else if (at < expected) {
      report('out_of_order', `position ${at} stands behind position ${this.#position}`)
    }
    this.#position = Math.max(this.#position, at)
    const due = this.#revisions.get(row.streamKey) ?? 0
    if (row.revision !== due) {
      const stream = row.stream ?? `stream ${row.streamKey}`
      report(
        'revision',
        `the next event of ${stream} is revision ${due}, and this is ${row.revision}`,
      )
    }
    this.#revisions.set(row.streamKey, Math.max(due, row.revision + 1))
    const record = recordOf(row, report)
    if (record) checkEvent(record, report)
    return { findings, record }
  }
}

type Report = (code: Finding['code'], message: string) => void

function recordOf(row: Row, report: Report): LogRecord | null {
  const stream = StreamName.safeParse(row.stream)
  if (!stream.success || row.type === null) {
    report('unknown_name', stream.success ? 'the event has no type' : 'the event has no stream')
    return null
  }
  const parts = [8, 12, 16, 20].map((end, index) => row.id.slice([0, 8, 12, 16][index], end))
  const id = EventId.safeParse(`${parts.join('-')}-${row.id.slice(20)}`)
  if (!id.success) report('unreadable_event', 'the id is no UUID of version 7')
  if (!isUtf8(row.body)) report('unreadable_event', 'the body is no UTF-8')
  if (!Number.isSafeInteger(row.revision) || row.revision < 0) return null
  if (!id.success || !isUtf8(row.body)) return null
  return {
    id: id.data,
    type: row.type,
    stream: stream.data,
    revision: row.revision as Revision,
    position: row.position as Position,
    body: row.body.toString(),
  }
}

function checkEvent(record: LogRecord, report: Report): void {
  try {
    decode(record)
  } catch (error) {
    if (!(error instanceof UnreadableEvent)) throw error
    report('unreadable_event', error.message)
  }
}

import type { LedgerEvent } from '../domain/envelope.ts'
import type { Refusal } from '../domain/refusal.ts'
import { decode } from './codec.ts'
import type { LogRecord } from './event-log.ts'
import type { Answer } from './execute-types.ts'

/**
 * The answer that a command got when it was first asked, read from the events it led to: all of them,
 * in their order, and at least one. A refusal stands in the event that an auditor sees of the attempt.
 */
export function repeatedAnswer(records: readonly LogRecord[]): Answer<LedgerEvent> {
  const written = records.map(decode)
  const last = written.at(-1)
  if (!last) throw new RangeError('a command that is repeated led to at least one event')
  const refusals = written.flatMap(refusalsOf)
  return {
    stream: last.stream,
    revision: last.revision,
    position: last.position,
    repeated: true,
    events: written.map(({ id, type, revision, position }) => ({ id, type, revision, position })),
    written,
    ...(refusals.length > 0 ? { outcome: 'refused', refusals } : { outcome: 'recorded' }),
  }
}

/** Only the events of a refused attempt hold `refusals`; an observed breach holds `violations`. */
function refusalsOf({ data }: LedgerEvent): readonly Refusal[] {
  return 'refusals' in data ? data.refusals : []
}

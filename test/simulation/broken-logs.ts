import type { StreamName } from '../../src/domain/envelope.ts'
import { START, type Position, type Revision } from '../../src/domain/values.ts'
import type { EventLog } from '../../src/ledger/event-log.ts'

/**
 * A log that does not believe a conflict: what was decided on a state that is gone is appended all the
 * same, behind whatever is there.
 */
export function withoutConflicts(log: EventLog): EventLog {
  const append: EventLog['append'] = async (stream, expected, records) => {
    let answer = await log.append(stream, expected, records)
    while (answer.status === 'conflict') {
      answer = await log.append(stream, answer.actual, records)
    }
    return answer
  }
  return { ...log, append }
}

/** A log that acknowledges an append at once, and makes it then. */
export function withoutWaiting(log: EventLog): EventLog {
  const append: EventLog['append'] = async (stream, expected, records) => {
    log.append(stream, expected, records).catch(() => {})
    const positions = records.map((): Position => START)
    return { status: 'appended', revision: (expected + records.length) as Revision, positions }
  }
  return { ...log, append }
}

/** A log that is looked at again only after a conflict: until then it tells what it told before. */
export function withoutLooking(log: EventLog): EventLog {
  const known = new Map<StreamName, Revision>()
  const append: EventLog['append'] = async (stream, expected, records) => {
    const answer = await log.append(stream, expected, records)
    if (answer.status === 'appended') known.set(stream, answer.revision)
    else known.delete(stream)
    return answer
  }
  const readStream: EventLog['readStream'] = async (stream, from, limit) => {
    const records = await log.readStream(stream, from, limit)
    const last = known.get(stream)
    if (last !== undefined) return records.filter(({ revision }) => revision <= last)
    const newest = records.at(-1)
    if (newest) known.set(stream, newest.revision)
    return records
  }
  return { ...log, append, readStream }
}

import { StreamName } from '../../domain/envelope.ts'
import { EventId, Position, Revision } from '../../domain/values.ts'
import type { LogRecord } from '../event-log.ts'

/** A place in EventStoreDB's log. Of an event of ours both are the same: the offset of its own record. */
export type LogPlace = Readonly<{ commit: bigint; prepare: bigint }>

/** An event as the driver gives it, ours or not. */
export type WireEvent = Readonly<{
  stream: string
  id: string
  type: string
  /** Null where the event was not written as bytes. */
  body: Uint8Array | null
  revision: bigint
  place: LogPlace | null
}>

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The record that an event holds; null when it is not ours: another application's, or the server's own.
 * @throws Error when it is in a stream of ours and is no record, or its place is no position
 */
export function recordOf(event: WireEvent, prefix: string): LogRecord | null {
  if (!event.stream.startsWith(prefix)) return null
  const stream = StreamName.safeParse(event.stream.slice(prefix.length))
  if (!stream.success) return null
  const where = `${event.stream}@${event.revision}`
  if (!event.body) throw new Error(`couldn't read ${where}: it was not written by Custody`)
  return {
    id: EventId.parse(event.id),
    type: event.type,
    body: utf8.decode(event.body),
    stream: stream.data,
    revision: Revision.parse(Number(event.revision)),
    position: positionOf(event.place, where),
  }
}

/**
 * The position that stands for a place: its commit offset, which is below 2^53 (decision 0003).
 * @throws Error where it would have to be rounded, or does not name one event
 */
export function positionOf(place: LogPlace | null, where: string): Position {
  if (place === null || place.commit === 0xffff_ffff_ffff_ffffn) {
    throw new Error(
      `couldn't place ${where}: the server gives no position with a stream's events, as EventStoreDB 22.6 and later do`,
    )
  }
  const { commit, prepare } = place
  if (commit !== prepare) {
    // Events of one explicit transaction share the commit offset: it would not tell them apart.
    throw new Error(`couldn't place ${where}: it was committed at ${commit}, written at ${prepare}`)
  }
  if (commit < 1n || commit > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(`couldn't place ${where}: ${commit} is no position`)
  }
  return Position.parse(Number(commit))
}

/** The place at which a record of this position stands. */
export function placeOf(position: Position): LogPlace {
  const offset = BigInt(position)
  return { commit: offset, prepare: offset }
}

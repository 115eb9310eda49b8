import { v7 } from 'uuid'
import { streamName, type StreamName } from '../../src/domain/envelope.ts'
import { ControllerId, type EventId } from '../../src/domain/values.ts'
import type { NewRecord } from '../../src/ledger/event-log.ts'

const controller = ControllerId.parse('symphony-commerce')

/** A stream of its own for each name. */
export function stream(name: string | number): StreamName {
  return streamName('subject', controller, String(name))
}

/** A record with a new id and this text in its body. */
export function record(text: string, type = 'DataUsed'): NewRecord {
  return { id: v7() as EventId, type, body: JSON.stringify({ text }) }
}

/** So many records. */
export function records(count: number, text = 'record'): NewRecord[] {
  return Array.from({ length: count }, (_, index) => record(`${text} ${index}`))
}

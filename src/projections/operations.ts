import type { Position } from '../domain/values.ts'
import { packDigest, unpackDigest } from './packing.ts'
import { defineProjection, unchanged, type EventType } from './projection.ts'
import type { Reader } from './reader.ts'
import type { Table } from './table.ts'
import type { Views } from './views.ts'

/** What was recorded under each operation key, so that a repeated write gets its first answer. */
const table: Table = {
  name: 'operation',
  columns: {
    controller: 'controller',
    key: 'digest',
    body: 'digest',
    /** Of its first event. */
    position: 'position',
    events: 'count',
  },
  key: ['controller', 'key'],
}

export const operations = defineProjection<EventType, 'record', never>({
  name: 'operations',
  tables: [table],
  indexes: [],
  follows: 'everything',
  writes: {
    record: `INSERT INTO operation VALUES (?, ?, ?, ?, 1)
      ON CONFLICT (controller, key) DO UPDATE SET events = events + 1`,
  },
  lookups: {},
  changes({ event: { operation }, controller, position }) {
    if (!operation) return unchanged
    const { key, body } = operation
    return [['record', [controller.number, packDigest(key), packDigest(body), position]]]
  },
})

export const operationReads = {
  operation: 'SELECT body, position, events FROM operation WHERE controller = ? AND key = ?',
} as const

/** What was recorded under a key: the position of its first event, and how many there are. */
export function operationOf(
  reader: Reader,
  controller: number,
  key: string,
): ReturnType<Views['operation']> {
  const found = reader.first(operationReads.operation, controller, packDigest(key))
  if (!found) return null
  const [body, position, events] = found
  return {
    body: unpackDigest(body as string | Uint8Array),
    position: Number(position) as Position,
    events: Number(events),
  }
}

import type { Position } from '../domain/values.ts'
import type { OperationFacts } from './facts.ts'
import { packDigest, unpackDigest } from './packing.ts'
import { defineProjection, unchanged, type EventType, type Look } from './projection.ts'
import type { Reader } from './reader.ts'
import { insertInto, type Table } from './table.ts'
import type { Views } from './views.ts'

/**
 * What was recorded under each operation key, so that a repeated write gets its first answer. Rows are in
 * the order of the ledger, and the index holds a part of the key only: keys are random, and an index in
 * their order is written all over.
 */
const table: Table = {
  name: 'operation',
  columns: {
    /** Of its first event. The others of one operation follow it. */
    position: 'position',
    controller: 'controller',
    key: 'digest',
    body: 'digest',
    events: 'count',
    key_part: 'count',
  },
  key: ['position'],
}

type Write = 'record' | 'count'

export const operations = defineProjection<EventType, Write, 'last'>({
  name: 'operations',
  tables: [table],
  indexes: ['CREATE INDEX operation_key ON operation (controller, key_part)'],
  follows: 'everything',
  writes: {
    record: insertInto(table),
    count: 'UPDATE operation SET events = events + 1 WHERE position = ?',
  },
  lookups: {
    last: `SELECT position, controller, key FROM operation WHERE position > 0
      ORDER BY position DESC LIMIT 1`,
  },
  changes({ event: { operation }, controller, position, names }, look) {
    if (!operation) return unchanged
    const key = packDigest(operation.key)
    const { latest } = names
    latest.operation ??= lastRow(look)
    if (latest.operation?.controller === controller.number && sameKey(latest.operation.key, key)) {
      return [['count', [latest.operation.position]]]
    }
    latest.operation = { position, controller: controller.number, key }
    const body = packDigest(operation.body)
    return [['record', [position, controller.number, key, body, 1, partOf(key)]]]
  },
})

function lastRow(look: Look<'last'>): OperationFacts | null {
  const found = look('last')[0]
  if (!found) return null
  const [position, controller, key] = found
  return {
    position: Number(position),
    controller: Number(controller),
    key: key as Uint8Array | string,
  }
}

/** 48 bits of a key, as random as the key is. */
function partOf(key: Uint8Array | string): number {
  const bytes = Buffer.from(key as string)
  return bytes.readUIntBE(Math.max(0, bytes.length - 6), Math.min(6, bytes.length))
}

function sameKey(one: Uint8Array | string, other: Uint8Array | string): boolean {
  if (typeof one === 'string' || typeof other === 'string') return one === other
  return Buffer.compare(one, other) === 0
}

export const operationReads = {
  operation: `SELECT body, position, events FROM operation
    WHERE controller = ? AND key_part = ? AND key = ? ORDER BY position LIMIT 1`,
} as const

/** What was recorded under a key: the position of its first event, and how many there are. */
export function operationOf(
  reader: Reader,
  controller: number,
  key: string,
): ReturnType<Views['operation']> {
  const packed = packDigest(key)
  const found = reader.first(operationReads.operation, controller, partOf(packed), packed)
  if (!found) return null
  const [body, position, events] = found
  return {
    body: unpackDigest(body as string | Uint8Array),
    position: Number(position) as Position,
    events: Number(events),
  }
}

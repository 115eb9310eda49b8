import type { DatabaseSync } from 'node:sqlite'
import type { Position } from '../domain/values.ts'
import type { EventReader } from '../ledger/event-log.ts'
import { refill } from './database.ts'
import { unpackEventId } from './packing.ts'

/**
 * Views say which event they folded last. Where the log has another one there, or none, they are of another
 * log (an older copy was put back, or a file was copied from a node of another ledger): they are emptied,
 * and fold anew. To be called before anything is folded or asked.
 *
 * @param database a writing connection with the views' tables
 * @returns whether they were of this log
 * @throws LogUnavailable
 */
export async function assertSameLog(reader: EventReader, database: DatabaseSync): Promise<boolean> {
  const { position, event } = lastFolded(database)
  if (event === null) return true
  const [there] = await reader.readAt([position])
  if (there?.id === event) return true
  refill(database, () => lastFolded(database).event === event)
  return false
}

function lastFolded(database: DatabaseSync): { position: Position; event: string | null } {
  const row = database.prepare('SELECT position, event FROM checkpoint WHERE one = 1').get()
  const event = row?.['event'] as Uint8Array | null | undefined
  return {
    position: Number(row?.['position'] ?? 0) as Position,
    event: event ? unpackEventId(event) : null,
  }
}

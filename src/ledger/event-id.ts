import { v7 } from 'uuid'
import type { EventId } from '../domain/values.ts'

/** A new event id: a UUID of version 7 (RFC 9562), increasing within this process. */
export function newEventId(): EventId {
  return v7() as EventId
}

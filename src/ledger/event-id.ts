import { v7 } from 'uuid'
import type { EventId } from '../domain/values.ts'

/** One call for the random bytes of many ids: it costs ten times as much as all else together. */
const pool = new Uint8Array(16 * 512)
let used = pool.length
let milliseconds = 0
let sequence = 0

/** A new event id: a UUID of version 7 (RFC 9562, method 1), increasing within this process. */
export function newEventId(): EventId {
  if (used === pool.length) {
    crypto.getRandomValues(pool)
    used = 0
  }
  const random = pool.subarray(used, (used += 16))
  const now = Date.now()
  if (now > milliseconds) {
    milliseconds = now
    // Of 32 bits the highest is left free, so that the sequence has room to grow.
    sequence = (random[0]! << 23) | (random[1]! << 15) | (random[2]! << 7) | (random[3]! >> 1)
  } else {
    sequence = (sequence + 1) >>> 0
    if (sequence === 0) milliseconds += 1
  }
  return v7({ random, msecs: milliseconds, seq: sequence }) as EventId
}

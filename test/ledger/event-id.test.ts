import { describe, expect, it } from 'vitest'
import { EventId } from '../../src/domain/values.ts'
import { newEventId } from '../../src/ledger/event-id.ts'

describe('a new event id', () => {
  it('is a UUID of version 7 that says when it was made', () => {
    const before = Date.now()
    const id = EventId.parse(newEventId())
    const at = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)
    expect(at).toBeGreaterThanOrEqual(before)
    expect(at).toBeLessThanOrEqual(Date.now() + 1)
  })

  it('comes after every id made before it, also within a millisecond', () => {
    const ids = Array.from({ length: 50_000 }, newEventId)
    expect(ids).toEqual([...new Set(ids)].sort())
  })
})

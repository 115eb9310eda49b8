import { describe, expect, it } from 'vitest'
import type { EventId, Instant } from '../../src/domain/values.ts'
import { StreamCache } from '../../src/ledger/stream-cache.ts'
import { StreamState, type AnyDecider } from '../../src/ledger/stream-state.ts'
import { journal, journalDecider } from '../support/journal-decider.ts'

const decider = journalDecider as unknown as AnyDecider

function stateOf(name: string, events = 0): StreamState {
  const state = new StreamState(journal(name), decider)
  for (let index = 0; index < events; index += 1) {
    const event = { type: 'RecipientSuspended', version: 1, data: { reason: 'x' } } as const
    state.evolve(event, 'id' as EventId, '2026-01-01T00:00:00.000Z' as Instant)
  }
  return state
}

describe('the cache of stream states', () => {
  it('hands out a state once, and again when it was put back', () => {
    const cache = new StreamCache(1000)
    const state = stateOf('a')
    cache.put(state)
    expect(cache.take(journal('a'), decider)).toBe(state)
    expect(cache.take(journal('a'), decider)).toBeNull()
    expect([cache.weight, cache.size]).toEqual([0, 0])
  })

  it('forgets the states used longest ago when it is full', () => {
    const cache = new StreamCache(3 * stateOf('a').weight)
    for (const name of ['a', 'b', 'c']) cache.put(stateOf(name))
    cache.put(cache.take(journal('a'), decider) ?? stateOf('a'))
    cache.put(stateOf('d'))
    expect(cache.take(journal('b'), decider)).toBeNull()
    for (const name of ['a', 'c', 'd']) expect(cache.take(journal(name), decider)).not.toBeNull()
  })

  it('weighs a state by its events', () => {
    const cache = new StreamCache(200)
    cache.put(stateOf('light'))
    cache.put(stateOf('heavy', 190))
    expect(cache.take(journal('light'), decider)).toBeNull()
    expect(cache.size).toBe(0)
    cache.put(stateOf('middle', 100))
    expect(cache.weight).toBe(116)
  })

  it('does not hand a state to a decider that did not fold it', () => {
    const cache = new StreamCache(1000)
    cache.put(stateOf('a'))
    expect(cache.take(journal('a'), { ...decider })).toBeNull()
  })
})

import { describe, expect, it } from 'vitest'
import { createRecent } from '../../src/vault/recent.ts'
import { randomFrom, seed } from '../support/seed.ts'

describe('a cache of recent things', () => {
  it('never holds more than twice its bound, and keeps what is in use', () => {
    const random = randomFrom(seed())
    const recent = createRecent<number>(100)
    recent.set('in use', 'ann', -1)
    for (let step = 0; step < 10_000; step += 1) {
      recent.set(`key ${Math.floor(random() * 2_000)}`, `subject ${step % 7}`, step)
      expect(recent.get('in use')).toBe(-1)
      expect(recent.size()).toBeLessThanOrEqual(200)
    }
  })

  it('forgets all that belongs to a subject and nothing else, in both generations', () => {
    const recent = createRecent<number>(4)
    recent.set('a1', 'ann', 1)
    recent.set('b1', 'bob', 2)
    recent.set('a2', 'ann', 3)
    recent.set('b2', 'bob', 4)
    recent.set('a3', 'ann', 5)
    recent.get('a1')
    recent.forget('ann')
    expect(['a1', 'a2', 'a3', 'b1', 'b2'].map((key) => recent.get(key))).toEqual([
      undefined,
      undefined,
      undefined,
      2,
      4,
    ])
    recent.clear()
    expect(recent.size()).toBe(0)
  })

  it('leaves a key that has passed to another subject with that one', () => {
    const recent = createRecent<number>(4)
    recent.set('key', 'ann', 1)
    recent.set('key', 'bob', 2)
    recent.forget('ann')
    expect(recent.get('key')).toBe(2)
    recent.forget('bob')
    expect(recent.get('key')).toBeUndefined()
  })
})

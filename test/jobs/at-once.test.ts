import { describe, expect, it } from 'vitest'
import { setTimeout as sleep } from 'node:timers/promises'
import { atOnce } from '../../src/jobs/at-once.ts'

describe('doing many things at once', () => {
  it('does each once, never more at a time than the limit', async () => {
    let now = 0
    let most = 0
    const done: number[] = []
    await atOnce(Array.from({ length: 50 }, (_, n) => n).values(), 4, async (n) => {
      now += 1
      most = Math.max(most, now)
      await sleep(n % 3)
      now -= 1
      done.push(n)
    })
    expect(most).toBe(4)
    expect(done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n))
  })

  it('takes an item only when there is room for it', async () => {
    let taken = 0
    const items = (function* () {
      for (; ; taken += 1) yield taken
    })()
    const stop = new AbortController()
    await atOnce(items, 2, async (n) => void (n === 5 && stop.abort()), stop.signal)
    expect(taken).toBeLessThan(9)
  })

  it('ends with the first error, after what was under way', async () => {
    const finished: number[] = []
    const failing = atOnce([0, 1, 2, 3, 4, 5].values(), 2, async (n) => {
      await sleep(n === 0 ? 1 : 10)
      if (n === 0) throw new Error('no')
      finished.push(n)
    })
    await expect(failing).rejects.toThrow('no')
    expect(finished).toEqual([1])
  })
})

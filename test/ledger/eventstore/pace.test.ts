import { describe, expect, it } from 'vitest'
import { Limiter } from '../../../src/ledger/eventstore/limiter.ts'
import { backOffMs, realPace } from '../../../src/ledger/eventstore/pace.ts'

describe('backing off', () => {
  it('waits twice as long each time, up to two seconds', () => {
    const longest = [1, 2, 3, 4, 5, 6, 7, 50].map((failures) => backOffMs(failures, () => 1))
    expect(longest).toEqual([50, 100, 200, 400, 800, 1_600, 2_000, 2_000])
  })

  it('leaves half of it to chance', () => {
    expect(backOffMs(3, () => 0)).toBe(100)
    expect(backOffMs(3, () => 0.5)).toBe(150)
  })

  it('ends a wait at once when it is told to', async () => {
    const began = performance.now()
    await realPace.wait(10_000, AbortSignal.timeout(5))
    await realPace.wait(10_000, AbortSignal.abort())
    expect(performance.now() - began).toBeLessThan(2_000)
  })
})

describe('a limiter', () => {
  it('lets so many run at a time, all in the end, in order, and whether they fail or not', async () => {
    const limiter = new Limiter(3)
    const began: number[] = []
    let running = 0
    let most = 0
    const works = Array.from({ length: 20 }, (_, number) =>
      limiter.run(async () => {
        began.push(number)
        running += 1
        most = Math.max(most, running)
        await new Promise((resolve) => setTimeout(resolve, 1))
        running -= 1
        if (number % 5 === 0) throw new Error('it failed')
        return number
      }),
    )
    const settled = await Promise.allSettled(works)
    expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(4)
    expect(most).toBe(3)
    expect(began).toEqual(Array.from({ length: 20 }, (_, number) => number))
    expect(await limiter.run(async () => 'later')).toBe('later')
  })
})

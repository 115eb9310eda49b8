import { describe, expect, it } from 'vitest'
import type { ControllerId } from '../../../src/domain/values.ts'
import type { ControllerKeys } from '../../../src/vault/controller-keys.ts'
import { createGathering } from '../../../src/vault/postgres/gathering.ts'

const keysOf = (number: number) =>
  ({ number, name: `controller-${number}` as ControllerId }) as ControllerKeys

class Refused extends Error {}

/** Doubles numbers; refuses a negative one, and breaks at zero. */
function doubling() {
  const runs: number[][] = []
  const gather = createGathering<number, number>(
    async (_, items) => {
      runs.push([...items])
      await new Promise((resolve) => setTimeout(resolve, 2))
      if (items.some((item) => item < 0)) throw new Refused('negative')
      if (items.includes(0)) throw new Error('broken')
      return items.map((item) => item * 2)
    },
    (error) => error instanceof Refused,
  )
  return { runs, gather }
}

describe('calls that are gathered', () => {
  it('of one turn go together, and each has its own answers in order', async () => {
    const { runs, gather } = doubling()
    const answers = await Promise.all([
      gather(keysOf(1), [1, 2]),
      gather(keysOf(1), []),
      gather(keysOf(1), [3]),
      gather(keysOf(2), [4]),
    ])
    expect(answers).toEqual([[2, 4], [], [6], [8]])
    expect(runs).toEqual([[1, 2, 3], [4]])
  })

  it('go alone when one of them is refused, so that the others are answered', async () => {
    const { runs, gather } = doubling()
    const outcomes = await Promise.allSettled([
      gather(keysOf(1), [1]),
      gather(keysOf(1), [-1]),
      gather(keysOf(1), [2]),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(runs).toEqual([[1, -1, 2], [1], [-1], [2]])
  })

  it('fail together when the store does, and later ones are tried again', async () => {
    const { gather } = doubling()
    const outcomes = await Promise.allSettled([gather(keysOf(1), [1]), gather(keysOf(1), [0])])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await gather(keysOf(1), [5])).toEqual([10])
  })

  it('are all answered when many come while others are under way', async () => {
    const { runs, gather } = doubling()
    const calls = Array.from({ length: 1_000 }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, index % 7))
      return gather(keysOf(1), [index + 1])
    })
    const answers = await Promise.all(calls)
    for (const [index, answer] of answers.entries()) expect(answer).toEqual([(index + 1) * 2])
    expect(runs.length).toBeLessThan(100)
    for (const run of runs) expect(run.length).toBeLessThanOrEqual(200)
  })
})

import { randomInt } from 'node:crypto'

/**
 * The seed of a random test: the environment variable CUSTODY_SEED, or a new one, which is printed so
 * that a failure can be had again.
 */
export function seed(): number {
  const given = process.env['CUSTODY_SEED']
  const number = given === undefined ? randomInt(2 ** 31) : Number(given)
  if (!Number.isSafeInteger(number)) throw new Error('CUSTODY_SEED must be an integer')
  console.log(`CUSTODY_SEED=${number}`)
  return number
}

/** A generator of numbers in [0, 1) from a seed: mulberry32, by Tommy Ettinger (public domain). */
export function randomFrom(start: number): () => number {
  let state = start | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

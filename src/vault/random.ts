import { randomFillSync } from 'node:crypto'

/**
 * A source of random bytes that asks the system for many at a time: a call for each nonce would cost as
 * much as the encryption. Each byte is handed out once.
 *
 * @param length how many bytes, at most 64
 */
export type RandomSource = (length: number) => Buffer

/** @param poolSize how many bytes to ask the system for at a time */
export function createRandomSource(poolSize = 16_384): RandomSource {
  const pool = Buffer.alloc(poolSize)
  let used = poolSize
  return (length) => {
    if (used + length > poolSize) {
      randomFillSync(pool)
      used = 0
    }
    const bytes = Buffer.from(pool.subarray(used, used + length))
    pool.fill(0, used, used + length)
    used += length
    return bytes
  }
}

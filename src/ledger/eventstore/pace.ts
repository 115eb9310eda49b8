import { setTimeout as timeout } from 'node:timers/promises'

/** How time passes and chance falls: handed in, so that tests need not wait. */
export type Pace = Readonly<{
  /** Resolves after so many milliseconds, or at once when the signal aborts. */
  wait: (milliseconds: number, signal?: AbortSignal) => Promise<void>
  /** A number in [0, 1). */
  random: () => number
}>

/** Real time and real chance. */
export const realPace: Pace = {
  wait: (milliseconds, signal) =>
    timeout(milliseconds, undefined, signal ? { signal } : {}).catch((error: unknown) => {
      if (!signal?.aborted) throw error
    }),
  random: Math.random,
}

const firstMs = 50
const longestMs = 2_000

/**
 * How many milliseconds to wait after so many failures in a row (1, 2, …): twice as long each time up to
 * two seconds, of which half is left to chance, so that many who lost one server don't come back at once.
 */
export function backOffMs(failures: number, random: () => number): number {
  const most = Math.min(longestMs, firstMs * 2 ** (failures - 1))
  return most / 2 + (most / 2) * random()
}

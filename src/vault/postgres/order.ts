/**
 * The order of calls on one handle, which several connections would not keep: who fences or destroys does so
 * after the calls that were made before, as on a store that takes them one by one. So a call that makes
 * something for a person never comes after the destruction that was asked for later.
 */
export type Order = Readonly<{
  /** Runs a job that makes rows. */
  making<Result>(job: () => Promise<Result>): Promise<Result>
  /** Resolves when the jobs that are running now have ended. */
  earlier(): Promise<void>
}>

/** The order of one handle. */
export function createOrder(): Order {
  const running = new Set<Promise<unknown>>()
  return {
    making: async (job) => {
      const ended = job()
      running.add(ended)
      try {
        return await ended
      } finally {
        running.delete(ended)
      }
    },
    earlier: async () => {
      await Promise.allSettled([...running])
    },
  }
}

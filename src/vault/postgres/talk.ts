const longestPauseMs = 2_000

/** Turns that are taken one after another until the signal is given. */
export type Talk = Readonly<{ start(): void; wake(): void; ended(): Promise<void> }>

/** Takes one turn after another, each after a pause or when it is woken; waits longer after failures. */
export function createTalk(on: {
  pauseMs: number
  stopping: AbortSignal
  turn: () => Promise<void>
  failed: () => void
}): Talk {
  let wake = () => undefined as void
  let isWoken = false
  let running: Promise<void> = Promise.resolve()
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const run = async (): Promise<void> => {
    let failures = 0
    while (!on.stopping.aborted) {
      if (failures > 0) {
        await pause(Math.random() * Math.min(longestPauseMs, 20 * 2 ** failures))
      } else if (!isWoken) await pause(on.pauseMs)
      isWoken = false
      if (on.stopping.aborted) return
      try {
        await on.turn()
        failures = 0
      } catch {
        failures += 1
        on.failed()
      }
    }
  }
  on.stopping.addEventListener('abort', () => wake())
  return {
    start: () => {
      running = run()
    },
    wake: () => {
      isWoken = true
      wake()
    },
    ended: () => running,
  }
}

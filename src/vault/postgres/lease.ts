type Moment = Readonly<{ steady: number; wall: number }>

/** Until when a node may answer from memory. */
export type Lease = Readonly<{
  /** Now, by both clocks: to be asked before the server is. */
  asked(): Moment
  /** @param lengthMs from the moment on */
  extend(asked: Moment, lengthMs: number): void
  holds(): boolean
  end(): void
  isEnded(): boolean
}>

/**
 * A lease by the node's own clocks. The server counts from later on than `asked`, so the lease ends here
 * first; the wall clock goes on while a machine sleeps.
 */
export function createLease(): Lease {
  let until = { steady: -Infinity, wall: -Infinity }
  let ended = false
  return {
    asked: () => ({ steady: performance.now(), wall: Date.now() }),
    extend: (asked, lengthMs) => {
      until = { steady: asked.steady + lengthMs, wall: asked.wall + lengthMs }
      ended = false
    },
    holds: () => !ended && performance.now() < until.steady && Date.now() < until.wall,
    end: () => {
      ended = true
    },
    isEnded: () => ended,
  }
}

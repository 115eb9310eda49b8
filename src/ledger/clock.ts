import type { Instant } from '../domain/values.ts'

/** Never goes back, whatever the machine's clock does. */
export class Clock {
  readonly #now: () => Instant
  #last: Instant | null = null

  constructor(now: () => Instant) {
    this.#now = now
  }

  /** Now, and not before anything this clock has said, nor before `floor`. */
  tick(floor: Instant | null): Instant {
    return this.stamp(this.#now(), floor)
  }

  /** `at`, or the first later moment that keeps the order. */
  stamp(at: Instant, floor: Instant | null = null): Instant {
    let stamped = at
    if (floor !== null && floor > stamped) stamped = floor
    if (this.#last !== null && this.#last > stamped) stamped = this.#last
    this.#last = stamped
    return stamped
  }
}

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
    let now = this.#now()
    if (floor !== null && floor > now) now = floor
    if (this.#last !== null && this.#last > now) now = this.#last
    this.#last = now
    return now
  }
}

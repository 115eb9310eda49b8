/** Lets so many run at a time; the others wait for their turn, in the order in which they came. */
export class Limiter {
  readonly #most: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(most: number) {
    this.#most = most
  }

  /** Runs the work when it is its turn, and answers what it answers. */
  async run<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    if (this.#running === this.#most) await new Promise<void>((go) => this.#waiting.push(go))
    else this.#running += 1
    try {
      return await work()
    } finally {
      // The place is handed on, so that nobody who comes in between takes it.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running -= 1
    }
  }
}

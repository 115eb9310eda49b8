import type { StreamName } from '../domain/envelope.ts'
import type { AnyDecider, StreamState } from './stream-state.ts'

/**
 * Remembers the states of the streams used last, up to a total weight. A state that is in use is taken
 * out, so that nobody else holds what is being changed, and put back when it is confirmed.
 */
export class StreamCache {
  readonly #capacity: number
  readonly #states = new Map<StreamName, { state: StreamState; weight: number }>()
  #weight = 0

  /** `capacity` in `StreamState.weight`. */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Takes out the state of a stream as this decider folds it; null where it is not remembered. */
  take(stream: StreamName, decider: AnyDecider): StreamState | null {
    const entry = this.#states.get(stream)
    if (!entry) return null
    this.#states.delete(stream)
    this.#weight -= entry.weight
    return entry.state.decider === decider ? entry.state : null
  }

  /** Puts a state back as the one used last, and forgets those used longest ago beyond the capacity. */
  put(state: StreamState): void {
    this.take(state.stream, state.decider)
    const { weight } = state
    this.#states.set(state.stream, { state, weight })
    this.#weight += weight
    for (const [stream, oldest] of this.#states) {
      if (this.#weight <= this.#capacity) return
      this.#states.delete(stream)
      this.#weight -= oldest.weight
    }
  }

  get weight(): number {
    return this.#weight
  }

  get size(): number {
    return this.#states.size
  }
}

import { setImmediate as turn } from 'node:timers/promises'
import { START, type Position } from '../../domain/values.ts'
import { LogUnavailable, type LogRecord } from '../event-log.ts'
import { backOffMs, type Pace } from './pace.ts'
import { placeOf, type LogPlace, type WireEvent } from './wire-event.ts'
import type { WireSubscription } from './wire-subscription.ts'

export type FollowingDeps = Readonly<{
  subscribe: (after: LogPlace | 'start', held: number) => WireSubscription
  recordOf: (event: WireEvent) => LogRecord | null
  /** The position of the last record there is, asked once; rejects when the server doesn't say. */
  head: () => Promise<Position>
  /** Whether a subscription that ended so is not to be tried again. */
  isFinal: (error: Error) => boolean
  /** Hears of each subscription that was lost, and why. */
  onDropped: (reason: string) => void
  pace: Pace
  /** After so long without a word it is looked whether there is something we should have been told. */
  silenceMs: number
}>

/** More would only lie in memory: the consumer takes them page by page. */
const mostHeld = 256

/**
 * Follows all records behind a position, over as many subscriptions as it takes: each begins where the last
 * record was handed on, or at a later checkpoint. What was seen already is left out, so that a server that
 * delivers twice does no harm.
 */
export class Following {
  readonly #deps: FollowingDeps
  readonly #limit: number
  readonly #signal: AbortSignal
  #reached: Position
  #from: LogPlace | 'start'
  #failures = 0
  /** Where the log's head was (`Infinity`: nobody says) when nothing had come for a while. */
  #overdue: number | null = null

  constructor(deps: FollowingDeps, after: Position, limit: number, signal: AbortSignal) {
    this.#deps = deps
    this.#limit = limit
    this.#signal = signal
    this.#reached = after
    this.#from = after === START ? 'start' : placeOf(after)
  }

  /**
   * The pages, until the signal aborts.
   * @throws LogUnavailable when the server refuses for good; Error at an event that can't be read
   */
  async *pages(): AsyncGenerator<readonly LogRecord[]> {
    while (!this.#signal.aborted) {
      const subscription = this.#deps.subscribe(this.#from, Math.min(mostHeld, this.#limit))
      const stop = () => subscription.close()
      this.#signal.addEventListener('abort', stop)
      try {
        yield* this.#pagesOf(subscription)
      } finally {
        this.#signal.removeEventListener('abort', stop)
        subscription.close()
      }
      if (this.#signal.aborted) return
      this.#failures += 1
      const delay = backOffMs(this.#failures, this.#deps.pace.random)
      await this.#deps.pace.wait(delay, this.#signal)
    }
  }

  /** The pages of one subscription, until it is over or says nothing where it should. */
  async *#pagesOf(subscription: WireSubscription): AsyncGenerator<readonly LogRecord[]> {
    while (!this.#signal.aborted) {
      // What arrives together goes into one page, and others have their turn.
      await turn()
      const changed = subscription.changed()
      const page = this.#take(subscription)
      if (page.length > 0) {
        yield page
      } else if (subscription.over) {
        const { error } = subscription.over
        if (error && this.#deps.isFinal(error)) {
          throw new LogUnavailable(`couldn't follow the event log: ${error.message}`, {
            cause: error,
          })
        }
        this.#deps.onDropped(error ? error.message : 'it ended without a word')
        return
      } else if (await this.#isSilent(changed)) {
        this.#deps.onDropped('it is silent')
        return
      }
    }
  }

  #take(subscription: WireSubscription): readonly LogRecord[] {
    const page: LogRecord[] = []
    let taken: readonly WireEvent[]
    do {
      taken = subscription.take(this.#limit - page.length)
      for (const event of taken) {
        const record = this.#deps.recordOf(event)
        if (!record || record.position <= this.#reached) continue
        this.#reached = record.position
        this.#from = placeOf(record.position)
        page.push(record)
      }
    } while (taken.length > 0 && page.length < this.#limit)
    if (page.length > 0) this.#hear()
    else this.#pass(subscription.takeCheckpoint())
    return page
  }

  #pass(checkpoint: LogPlace | null): void {
    if (!checkpoint) return
    this.#hear()
    if (this.#from === 'start' || checkpoint.commit > this.#from.commit) this.#from = checkpoint
  }

  #hear(): void {
    this.#failures = 0
    this.#overdue = null
  }

  /** Waits for a change. True when none came, and twice in a row one should have come. */
  async #isSilent(changed: Promise<void>): Promise<boolean> {
    if (await isFirst(changed, this.#deps.silenceMs)) return false
    const overdue = this.#overdue
    const head = await this.#deps.head().catch(() => Infinity)
    this.#overdue = head > this.#reached ? head : null
    return overdue !== null && overdue > this.#reached
  }
}

/** Whether it happened before so many milliseconds were over. */
async function isFirst(happened: Promise<void>, milliseconds: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => late.resolve(false), milliseconds)
  try {
    return await Promise.race([happened.then(() => true), late.promise])
  } finally {
    clearTimeout(timer)
  }
}

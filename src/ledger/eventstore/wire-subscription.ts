import type { LogPlace, WireEvent } from './wire-event.ts'

/** What the driver's subscription is to us: something that is read by pulling. */
type Source = Readonly<{
  /** Null when nothing has arrived; an event that can't be told is null in it. */
  read: () => Readonly<{ event: WireEvent | null }> | null
  onChange: (hear: () => void) => unknown
  onEnd: (hear: () => void) => unknown
  onError: (hear: (error: Error) => void) => unknown
  cancel: () => Promise<void>
}>

/**
 * One subscription of the driver, which ends once and never comes back: by `error`, or by `end` only.
 * Events wait in it until they are taken, and the server waits when there are enough of them.
 */
export class WireSubscription {
  readonly #source: Source
  #changed = Promise.withResolvers<void>()
  #checkpoint: LogPlace | null = null
  #over: { error: Error | null } | null = null

  constructor(open: (checkpointReached: (place: LogPlace) => void) => Source) {
    // A callback that throws or rejects would stall the subscription for ever: this one only remembers.
    this.#source = open((place) => {
      this.#checkpoint = place
      this.#stir()
    })
    this.#source.onChange(() => this.#stir())
    this.#source.onEnd(() => this.#end(null))
    this.#source.onError((error) => this.#end(error))
  }

  /** Not null when nothing will come any more: with the error, or without one where it only ended. */
  get over(): Readonly<{ error: Error | null }> | null {
    return this.#over
  }

  /** What has arrived, at most so many; empty when there is nothing yet. */
  take(most: number): readonly WireEvent[] {
    const events: WireEvent[] = []
    while (events.length < most) {
      const arrived = this.#source.read()
      if (!arrived) break
      if (arrived.event) events.push(arrived.event)
    }
    return events
  }

  /**
   * The last checkpoint, once. Only to be asked when `take` gave nothing: then everything that came before
   * the checkpoint has been taken.
   */
  takeCheckpoint(): LogPlace | null {
    // A stream that is over may have thrown away what came before.
    const checkpoint = this.#over ? null : this.#checkpoint
    this.#checkpoint = null
    return checkpoint
  }

  /** Resolves when something happens after this was asked. */
  changed(): Promise<void> {
    return this.#changed.promise
  }

  /** Ends the subscription; nobody waits for the server. */
  close(): void {
    this.#end(null)
    this.#source.cancel().catch(() => {})
  }

  #end(error: Error | null): void {
    this.#over ??= { error }
    this.#stir()
  }

  #stir(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}

import type { StreamName } from '../domain/envelope.ts'
import { Attempt, type AttemptDeps } from './attempt.ts'
import type { Pending } from './draft.ts'
import { Contended, type Loaded } from './execute-types.ts'
import type { StreamCache } from './stream-cache.ts'
import { StreamState, type AnyDecider } from './stream-state.ts'

export type LaneDeps = AttemptDeps & Readonly<{ cache: StreamCache }>

/** Somebody who wants to look at a stream's state, in turn with those who change it. */
export type PendingLoad = Readonly<{
  decider: AnyDecider
  read: (loaded: Loaded<unknown>) => void
  reject: (error: unknown) => void
}>

/** The longest run of commands that is decided and appended together. */
const mostTogether = 500
const mostConflicts = 20

/**
 * What waits for one stream, in order. One decision follows another on the same state, and all that
 * waits while an append is under way goes into the next one.
 */
export class Lane {
  readonly waiting: (Pending | PendingLoad)[] = []
  readonly #stream: StreamName
  readonly #deps: LaneDeps
  readonly #onIdle: () => void

  /** `onIdle` is called when nothing waits any more; the lane is not to be used from there on. */
  constructor(stream: StreamName, deps: LaneDeps, onIdle: () => void) {
    this.#stream = stream
    this.#deps = deps
    this.#onIdle = onIdle
  }

  /** Answers everything that waits, and what comes meanwhile. Never rejects. */
  async run(): Promise<void> {
    for (let next = this.waiting[0]; next; next = this.waiting[0]) {
      if ('read' in next) {
        this.waiting.shift()
        await this.#load(next)
      } else {
        await this.#settle(next.ask.decider, this.#takeTogether(next.ask.decider))
      }
    }
    this.#onIdle()
  }

  /** The commands at the head of the queue that are decided by the same decider. */
  #takeTogether(decider: AnyDecider): Pending[] {
    const together: Pending[] = []
    for (const item of this.waiting) {
      if ('read' in item || item.ask.decider !== decider || together.length === mostTogether) break
      together.push(item)
    }
    this.waiting.splice(0, together.length)
    return together
  }

  async #load({ decider, read, reject }: PendingLoad): Promise<void> {
    const { cache, log } = this.#deps
    try {
      const state = cache.take(this.#stream, decider) ?? new StreamState(this.#stream, decider)
      await state.catchUp(log)
      cache.put(state)
      read({ state: state.state, revision: state.revision, position: state.position })
    } catch (error) {
      reject(error)
    }
  }

  /** Decides and records, again after each conflict, until every command is answered. */
  async #settle(decider: AnyDecider, together: Pending[]): Promise<void> {
    const { cache, log } = this.#deps
    let open = together
    try {
      let state = cache.take(this.#stream, decider)
      let fresh = !state || together.some(({ sealingFailed }) => sealingFailed)
      state ??= new StreamState(this.#stream, decider)
      if (fresh) await state.catchUp(log)
      for (let attempts = 0; attempts <= mostConflicts + together.length; attempts += 1) {
        const attempt = new Attempt(state, this.#deps)
        const deferred = await attempt.draft(open)
        this.waiting.unshift(...deferred)
        open = attempt.open
        if ((await attempt.record(fresh)) === 'answered') {
          cache.put(state)
          return
        }
        open = attempt.open
        // A state that has taken in what was not recorded after all is of no more use.
        if (attempt.stateIsAhead) state = new StreamState(this.#stream, decider)
        await state.catchUp(log)
        fresh = true
      }
      throw new Contended(`couldn't append to ${this.#stream}: ${mostConflicts} conflicts in a row`)
    } catch (error) {
      for (const pending of open) pending.reject(error)
    }
  }
}

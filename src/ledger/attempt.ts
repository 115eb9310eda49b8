import { setTimeout as wait } from 'node:timers/promises'
import type { EventId, Instant, Position, Revision } from '../domain/values.ts'
import { repeatedAnswer } from './answer.ts'
import type { Clock } from './clock.ts'
import {
  draftByKey,
  evolveBy,
  recordsOf,
  type AnyAnswer,
  type DecidedDraft,
  type Draft,
  type Pending,
} from './draft.ts'
import {
  LogUnavailable,
  type Appended,
  type EventLog,
  type NewRecord,
  type NO_STREAM,
} from './event-log.ts'
import type { Operation, StreamState } from './stream-state.ts'

export type AttemptDeps = Readonly<{ log: EventLog; newId: () => EventId; clock: Clock }>

type Place = { revision: Revision | typeof NO_STREAM; position: Position }

/** An append whose outcome is not known is asked again with the same ids, after these milliseconds. */
const retriesAfterMs = [10, 100]

/** One attempt to decide commands on a stream's state and to append all that they led to as one. */
export class Attempt {
  readonly #state: StreamState
  readonly #deps: AttemptDeps
  readonly #before: Place
  readonly #drafts: Draft[] = []
  /** The last draft is folded only when another follows, so that a lone conflict spares the state. */
  #unfolded: DecidedDraft | null = null
  #folded = false

  constructor(state: StreamState, deps: AttemptDeps) {
    this.#state = state
    this.#deps = deps
    this.#before = { revision: state.revision, position: state.position }
  }

  /** The commands that are drafted and not yet answered. */
  get open(): Pending[] {
    return this.#drafts.map(({ pending }) => pending)
  }

  /** Whether the state has taken in events that are not known to be recorded. */
  get stateIsAhead(): boolean {
    return this.#folded
  }

  /**
   * Decides in order and seals. What cannot be decided or sealed is rejected on its own. Gives back those
   * that are to be tried again on a newer state, and all behind them, since order must hold.
   */
  async draft(pendings: readonly Pending[]): Promise<readonly Pending[]> {
    const now = this.#deps.clock.tick(this.#state.recordedAt)
    for (const [index, pending] of pendings.entries()) {
      this.#fold()
      const known = draftByKey(pending, this.#state.operations)
      const decided = known ?? this.#decide(pending, now)
      if (!decided) continue
      try {
        if (decided.kind === 'decided') {
          const sealing = sealEach(decided)
          decided.sealed = sealing instanceof Promise ? await sealing : sealing
          this.#unfolded = decided
        }
        this.#drafts.push(decided)
      } catch (error) {
        if (!pending.sealingFailed) {
          pending.sealingFailed = true
          return pendings.slice(index)
        }
        pending.reject(error)
      }
    }
    return []
  }

  /**
   * Appends, and answers every draft. `behind`: nothing was recorded, since the stream had moved on, or
   * one of the drafts fell out; decide the others again on a newer state.
   *
   * @param current whether the state is known to be the stream's last
   */
  async record(current: boolean): Promise<'answered' | 'behind'> {
    const recordedAt = this.#deps.clock.tick(this.#state.recordedAt)
    const records = this.#encode(recordedAt)
    if (!records) return 'behind'
    let positions: readonly Position[] = []
    if (records.length > 0) {
      const appended = await this.#append(records)
      if (appended.status === 'conflict') return 'behind'
      positions = appended.positions
      this.#fold()
      this.#state.position = positions.at(-1) ?? this.#state.position
      this.#state.recordedAt = recordedAt
      this.#folded = false
    } else if (!current && this.#drafts.some(({ kind }) => kind === 'decided')) {
      // Nothing to append tells us of no conflict: 'nothing to do' must hold for the stream as it is.
      if (await this.#state.catchUp(this.#deps.log)) return 'behind'
    }
    await this.#answer(positions)
    return 'answered'
  }

  #decide(pending: Pending, now: Instant): DecidedDraft | null {
    const { ask, eventId } = pending
    try {
      const at = ask.meta.occurredAt ?? now
      const { command, context, policyVersion } = ask.prepare({ eventId, at })
      const decision = ask.decider.decide(command, this.#state.state, context)
      const ids = decision.events.map((_, place) => (place === 0 ? eventId : this.#deps.newId()))
      return { kind: 'decided', pending, decision, policyVersion, at, ids, sealed: [] }
    } catch (error) {
      pending.reject(error)
      return null
    }
  }

  #fold(): void {
    if (!this.#unfolded) return
    if (this.#unfolded.decision.events.length > 0) this.#folded = true
    evolveBy(this.#state, this.#unfolded)
    this.#unfolded = null
  }

  /** The records of all drafts; null when one of them must never be stored and was rejected. */
  #encode(recordedAt: Instant): NewRecord[] | null {
    const records: NewRecord[] = []
    for (const [index, draft] of this.#drafts.entries()) {
      if (draft.kind !== 'decided') continue
      try {
        records.push(...recordsOf(draft, recordedAt))
      } catch (error) {
        draft.pending.reject(error)
        this.#drafts.splice(index, 1)
        return null
      }
    }
    return records
  }

  async #append(records: readonly NewRecord[]): Promise<Appended> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.#deps.log.append(this.#state.stream, this.#before.revision, records)
      } catch (error) {
        const delay = retriesAfterMs[tries]
        if (!(error instanceof LogUnavailable) || delay === undefined) throw error
        await wait(delay)
      }
    }
  }

  async #answer(positions: readonly Position[]): Promise<void> {
    const place = { ...this.#before }
    let used = 0
    for (const draft of this.#drafts) {
      const { pending } = draft
      switch (draft.kind) {
        case 'decided':
          pending.resolve(recordedAnswer(draft, place, positions, used))
          used += draft.decision.events.length
          break
        case 'repeated':
          await this.#repeat(pending, draft.operation)
          break
        case 'key_reused':
          pending.resolve({ outcome: 'key_reused' })
          break
      }
    }
  }

  async #repeat(pending: Pending, { revision, count }: Operation): Promise<void> {
    try {
      const records = await this.#deps.log.readStream(this.#state.stream, revision, count)
      pending.resolve(repeatedAnswer(records))
    } catch (error) {
      pending.reject(error)
    }
  }
}

/** The sealed values of each event, waiting only where the ask does. */
function sealEach(draft: DecidedDraft): DecidedDraft['sealed'] | Promise<DecidedDraft['sealed']> {
  const { seal } = draft.pending.ask
  if (!seal) return draft.decision.events.map(() => [])
  const sealing = draft.decision.events.map((event, place) =>
    seal(event, draft.ids[place] as EventId),
  )
  return sealing.every(isAtHand) ? sealing : Promise.all(sealing.map(async (one) => one))
}

function isAtHand<T>(value: T | Promise<T>): value is T {
  return !(value instanceof Promise)
}

/** Its positions begin at `first`. Moves `place` behind its events. */
function recordedAnswer(
  { pending, decision, ids }: DecidedDraft,
  place: Place,
  positions: readonly Position[],
  first: number,
): AnyAnswer {
  const events = decision.events.map(({ type }, index) => {
    const revision = (place.revision + 1) as Revision
    const position = positions[first + index] as Position
    Object.assign(place, { revision, position })
    return { id: ids[index] as EventId, type, revision, position }
  })
  const answer = {
    stream: pending.ask.stream,
    ...place,
    repeated: false,
    events,
    written: decision.events,
  }
  return decision.outcome === 'refused'
    ? { ...answer, outcome: 'refused', refusals: decision.refusals }
    : { ...answer, outcome: 'recorded' }
}

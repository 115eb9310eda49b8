import { streamKinds, type StreamName } from '../../domain/envelope.ts'
import { START, type Position, type Revision } from '../../domain/values.ts'
import {
  LogUnavailable,
  NO_STREAM,
  type Appended,
  type EventLog,
  type LogRecord,
  type NewRecord,
} from '../event-log.ts'
import { CallFailed, Driver, isFinal } from './driver.ts'
import { Following } from './following.ts'
import { Head } from './head.ts'
import { Limiter } from './limiter.ts'
import { backOffMs, realPace, type Pace } from './pace.ts'
import { placeOf, positionOf, recordOf, type WireEvent } from './wire-event.ts'

export type EventStoreLogOptions = Readonly<{
  /** `esdb://…` or `esdb+discover://…`: hosts, user, TLS, as the driver documents it. */
  connectionString: string
  /** Goes before each stream's name, so that several ledgers can share a cluster; `[a-z0-9]*`. */
  namespace?: string
  /** How long one call may take. */
  deadlineMs?: number
  /** How long what was asked is tried again while the store can't do it: a change of leader takes some seconds. */
  patienceMs?: number
  /** How many calls may be on their way at a time; the others wait. */
  concurrency?: number
  /** After so long without a word a subscription is looked after. */
  silenceMs?: number
  /** Hears of each subscription that was lost and is made anew. */
  onDropped?: (reason: string) => void
  pace?: Pace
}>

/**
 * Opens the event log of an EventStoreDB or KurrentDB cluster (22.6 or later). Nothing is asked of the
 * server yet. The user must be allowed to append and to read `$all`.
 * @throws Error when the connection string is none, or names TLS and no user
 */
export function openEventStoreLog(options: EventStoreLogOptions): EventLog {
  return new EventStoreLog(options)
}

/** Foreign events lie between ours: a page is never asked smaller than this. */
const smallestPage = 32
const largestPage = 1_000

class EventStoreLog implements EventLog {
  readonly #driver: Driver
  readonly #prefix: string
  readonly #options: Required<EventStoreLogOptions>
  readonly #limiter: Limiter
  readonly #closing = new AbortController()
  readonly #pending = new Set<Promise<unknown>>()
  readonly #head: Head

  constructor(options: EventStoreLogOptions) {
    this.#options = {
      namespace: '',
      deadlineMs: 5_000,
      patienceMs: 20_000,
      concurrency: 80,
      silenceMs: 10_000,
      onDropped: () => {},
      pace: realPace,
      ...options,
    }
    const { connectionString, namespace, deadlineMs, concurrency } = this.#options
    if (!/^[a-z0-9]*$/.test(namespace)) throw new Error(`${namespace} can't be a namespace`)
    this.#prefix = namespace === '' ? '' : `${namespace}/`
    this.#limiter = new Limiter(concurrency)
    this.#driver = new Driver(connectionString, deadlineMs)
    this.#head = new Head(this.#driver, (event) => this.#recordOf(event))
  }

  async append(
    stream: StreamName,
    expected: Revision | typeof NO_STREAM,
    records: readonly NewRecord[],
  ): Promise<Appended> {
    if (records.length === 0) throw new RangeError(`couldn't append to ${stream}: no records`)
    return this.#persist(`append to ${stream}`, () => this.#append(stream, expected, records))
  }

  async readStream(stream: StreamName, from: Revision, limit: number) {
    return this.#persist(`read ${stream}`, () => this.#readStream(stream, from, limit))
  }

  async readAll(after: Position, limit: number) {
    return this.#persist('read the event log', () => this.#readAll(after, limit))
  }

  async readAt(positions: readonly Position[]) {
    const found = await Promise.all(
      positions.map((position) =>
        this.#persist(`read position ${position}`, () => this.#readOne(position)),
      ),
    )
    return found.flat()
  }

  async head() {
    return this.#persist('find the end of the event log', () => this.#head.find())
  }

  follow(after: Position, limit: number, signal: AbortSignal) {
    this.#assertOpen()
    const { pace, silenceMs, onDropped } = this.#options
    const prefixes = streamKinds.map((kind) => `${this.#prefix}${kind}-`)
    const deps = {
      subscribe: (from: Parameters<Driver['subscribe']>[0]['after'], held: number) =>
        this.#driver.subscribe({ after: from, prefixes, held }),
      recordOf: (event: WireEvent) => this.#recordOf(event),
      head: () => this.#head.find(),
      isFinal,
      onDropped,
      pace,
      silenceMs,
    }
    const ends = AbortSignal.any([signal, this.#closing.signal])
    return new Following(deps, after, limit, ends).pages()
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    await Promise.allSettled(this.#pending)
    await this.#driver.close()
  }

  /** Does it when its turn comes, and again while the store can't. */
  #persist<Answer>(what: string, ask: () => Promise<Answer>): Promise<Answer> {
    this.#assertOpen()
    const answer = this.#limiter.run(() => this.#tryAgain(what, ask))
    this.#pending.add(answer)
    const forget = () => this.#pending.delete(answer)
    answer.then(forget, forget)
    return answer
  }

  /**
   * An append that is asked again has the same ids, at the same place: if the first did get through, the
   * server answers that it is there, or that something is there, and then it is read whether it is that.
   */
  async #tryAgain<Answer>(what: string, ask: () => Promise<Answer>): Promise<Answer> {
    const { pace, patienceMs } = this.#options
    const began = performance.now()
    for (let failures = 1; ; failures += 1) {
      try {
        return await ask()
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error
        const delay = backOffMs(failures, pace.random)
        if (error.final || performance.now() - began + delay > patienceMs) {
          throw new LogUnavailable(`couldn't ${what}: ${error.message}`, { cause: error })
        }
        await pace.wait(delay)
      }
    }
  }

  async #append(
    stream: StreamName,
    expected: Revision | typeof NO_STREAM,
    records: readonly NewRecord[],
  ): Promise<Appended> {
    const name = this.#prefix + stream
    const answer = await this.#driver.append(name, expected, records)
    const last = expected + records.length
    if (
      answer.status === 'appended' &&
      records.length === 1 &&
      answer.place &&
      answer.revision === BigInt(last)
    ) {
      const position = positionOf(answer.place, `${name}@${last}`)
      return { status: 'appended', revision: last as Revision, positions: [position] }
    }
    if (answer.status === 'conflict') {
      const actual = await this.#lastRevision(name)
      if (actual < last) return { status: 'conflict', actual }
      const there = await this.#these(stream, expected, records)
      return there ?? { status: 'conflict', actual }
    }
    // The server names the last event's place only, and none where it had the events already.
    const there = await this.#these(stream, expected, records)
    if (there) return there
    throw new Error(`couldn't append to ${name}: acknowledged, but other events stand there`)
  }

  /** What an append answers, if these very records stand there; null if it is others. */
  async #these(
    stream: StreamName,
    expected: Revision | typeof NO_STREAM,
    records: readonly NewRecord[],
  ): Promise<Appended | null> {
    const there = await this.#readStream(stream, (expected + 1) as Revision, records.length)
    const same =
      there.length === records.length && there.every(({ id }, index) => id === records[index]?.id)
    if (!same) return null
    const positions = there.map(({ position }) => position)
    return { status: 'appended', revision: (expected + records.length) as Revision, positions }
  }

  async #lastRevision(stream: string): Promise<Revision | typeof NO_STREAM> {
    const [last] = await this.#driver.read({
      stream,
      direction: 'backwards',
      from: 'end',
      count: 1,
    })
    return last ? (Number(last.revision) as Revision) : NO_STREAM
  }

  async #readStream(stream: StreamName, from: Revision, limit: number): Promise<LogRecord[]> {
    const events = await this.#driver.read({
      stream: this.#prefix + stream,
      direction: 'forwards',
      from: BigInt(from),
      count: limit,
    })
    return events.map((event, index) => {
      const record = this.#recordOf(event)
      if (record?.revision !== from + index) {
        throw new Error(`couldn't read ${stream}: revision ${from + index} is missing`)
      }
      return record
    })
  }

  async #readAll(after: Position, limit: number): Promise<LogRecord[]> {
    const records: LogRecord[] = []
    let from = after === START ? ('start' as const) : placeOf(after)
    let reached = BigInt(after)
    while (records.length < limit) {
      const wanted = limit - records.length + 1
      const count = Math.min(largestPage, Math.max(smallestPage, wanted))
      const events = await this.#driver.read({ stream: null, direction: 'forwards', from, count })
      for (const event of events) {
        // The place from which is read comes again.
        if (!event.place || event.place.commit <= reached) continue
        const record = this.#recordOf(event)
        if (record && records.length < limit) records.push(record)
      }
      const last = events.at(-1)?.place
      if (events.length < count || !last) break
      from = last
      reached = last.commit
    }
    return records
  }

  async #readOne(position: Position): Promise<LogRecord[]> {
    if (position === START) return []
    const from = placeOf(position)
    const reading = { stream: null, direction: 'forwards', from, count: 1 } as const
    const events = await this.#driver.read(reading).catch((error: unknown) => {
      // A server that finds no event at an offset may say so in its own way.
      if (error instanceof CallFailed && /invalid (?:position|read)/i.test(error.message)) return []
      throw error
    })
    return events.flatMap((event) => {
      const record = this.#recordOf(event)
      return record?.position === position ? [record] : []
    })
  }

  #recordOf(event: WireEvent): LogRecord | null {
    return recordOf(event, this.#prefix)
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw new Error("couldn't use the event log: it is closed")
  }
}

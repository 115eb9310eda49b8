import {
  BACKWARDS,
  binaryEvent,
  END,
  EventStoreDBClient,
  FORWARDS,
  isCommandError,
  NO_STREAM as DRIVER_NO_STREAM,
  START as DRIVER_START,
  streamNameFilter,
  type AllStreamResolvedEvent,
  type Credentials,
  type ResolvedEvent,
  type StreamingRead,
} from '@eventstore/db-client'
import { parseConnectionString } from '@eventstore/db-client/dist/Client/parseConnectionString.js'
import { NO_STREAM, type NewRecord } from '../event-log.ts'
import { WireSubscription } from './wire-subscription.ts'
import type { LogPlace, WireEvent } from './wire-event.ts'

export type WireAppended =
  /** `place` is that of the last event; null when the server found the same events there already. */
  | { status: 'appended'; revision: bigint; place: LogPlace | null }
  /** The revision that the server reports beside it can be off by one write: it is left out. */
  | { status: 'conflict' }

/** A reading of one stream, or of everything (`stream` null). `from` is inclusive forwards only. */
export type Reading = Readonly<{
  stream: string | null
  direction: 'forwards' | 'backwards'
  from: LogPlace | bigint | 'start' | 'end'
  count: number
}>

export type WireFollowing = Readonly<{
  after: LogPlace | 'start'
  prefixes: readonly string[]
  /** How many events may lie ready; the server waits beyond that. */
  held: number
}>

/** A call failed or took too long: whether the server did what was asked is not known, unless it is final. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed'
  /** Whether asking again can't help. */
  readonly final: boolean

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.final = isFinal(cause)
  }
}

/** A checkpoint comes after this many times the search window, of events that the filter left out. */
const searchWindow = 256
const checkpointInterval = 4

/** Nobody: only said where there is no TLS, and there the driver sends no credentials at all. */
const nobody: Credentials = { username: 'custody', password: '' }

/**
 * The one place that knows `@eventstore/db-client`. It is pinned, and these are the traps of 6.2.1 that
 * are kept away from the rest here:
 * - Without credentials of its own an append goes over one batch stream that all share: another's error
 *   rejects it, and no deadline bounds it. So each call names its credentials, and is a call of its own.
 * - A read has no deadline. Each call has one of ours, appends as well.
 * - The driver answers an error with work that nobody awaits; if that fails the process would end.
 * - A closed channel hurts whoever still reads over it: subscriptions have a client of their own.
 * - A client that can't connect waits up to two minutes before it tries again, also after the server is
 *   back: it is replaced.
 */
export class Driver {
  readonly #asking: Line
  readonly #following: Line
  readonly #credentials: Credentials
  readonly #deadlineMs: number

  /** @throws Error when the connection string is none, or names TLS and no user */
  constructor(connectionString: string, deadlineMs: number) {
    const { tls, defaultCredentials } = parsed(connectionString)
    if (tls !== false && !defaultCredentials) {
      throw new Error("couldn't open the event store: the connection string names no user")
    }
    this.#credentials = defaultCredentials ?? nobody
    this.#deadlineMs = deadlineMs
    this.#asking = new Line(connectionString)
    this.#following = new Line(connectionString)
  }

  /**
   * Asks once to append all events or none.
   * @throws CallFailed
   */
  async append(
    stream: string,
    expected: number,
    records: readonly NewRecord[],
  ): Promise<WireAppended> {
    const events = records.map(({ id, type, body }) =>
      binaryEvent({ id, type, data: Buffer.from(body, 'utf8') }),
    )
    const { client } = this.#asking
    const asked = client.appendToStream(stream, events, {
      expectedRevision: expected === NO_STREAM ? DRIVER_NO_STREAM : BigInt(expected),
      credentials: this.#credentials,
      requiresLeader: true,
      deadline: this.#deadlineMs,
    })
    try {
      const answer = await within(this.#deadlineMs, asked, () => {})
      if (!answer.success) return { status: 'conflict' }
      const { nextExpectedRevision: revision, position: place } = answer
      return { status: 'appended', revision, place: place ?? null }
    } catch (error) {
      if (typeOf(error) === 'wrong-expected-version') return { status: 'conflict' }
      this.#asking.hear(error, client)
      throw new CallFailed(error)
    }
  }

  /**
   * Reads one page, from the leader: what was acknowledged is in it. A stream that is not there is empty.
   * @throws CallFailed
   */
  async read(reading: Reading): Promise<readonly WireEvent[]> {
    const common = {
      direction: reading.direction === 'forwards' ? FORWARDS : BACKWARDS,
      maxCount: reading.count,
      credentials: this.#credentials,
      requiresLeader: true,
    } as const
    const { client } = this.#asking
    const stream =
      reading.stream === null
        ? client.readAll({ ...common, fromPosition: boundary(reading.from) as LogPlace })
        : client.readStream(reading.stream, {
            ...common,
            fromRevision: boundary(reading.from) as bigint,
          })
    try {
      return await within(this.#deadlineMs, collected(stream), () => abandon(stream))
    } catch (error) {
      if (typeOf(error) === 'stream-not-found') return []
      this.#asking.hear(error, client)
      throw new CallFailed(error)
    }
  }

  /** Subscribes once to everything in streams of these prefixes. */
  subscribe({ after, prefixes, held }: WireFollowing): WireSubscription {
    return new WireSubscription((checkpointReached) => {
      const filter = streamNameFilter({
        prefixes: [...prefixes],
        maxSearchWindow: searchWindow,
        checkpointInterval,
        checkpointReached: (_, place) => checkpointReached(place),
      })
      const fromPosition = after === 'start' ? DRIVER_START : after
      const { client } = this.#following
      const subscription = client.subscribeToAll(
        { filter, fromPosition, credentials: this.#credentials },
        { highWaterMark: held },
      )
      subscription.on('error', (error) => this.#following.hear(error, client))
      return {
        read: () => {
          const resolved = subscription.read() as AllStreamResolvedEvent | null
          return resolved && { event: wireEventOf(resolved) }
        },
        onChange: (hear) => subscription.on('readable', hear),
        onEnd: (hear) => subscription.on('end', hear).on('close', hear),
        onError: (hear) => subscription.on('error', hear),
        cancel: () => subscription.unsubscribe(),
      }
    })
  }

  /** Lets go of the connections. */
  async close(): Promise<void> {
    await Promise.all([this.#asking.client.dispose(), this.#following.client.dispose()])
  }
}

/** Whether asking again can't help: the server understood the question, and says no. */
export function isFinal(error: unknown): boolean {
  return [
    'access-denied',
    'maximum-append-size-exceeded',
    'stream-deleted',
    'invalid-argument',
    'invalid-transaction',
  ].includes(typeOf(error) ?? '')
}

function typeOf(error: unknown): string | null {
  return error instanceof Error && isCommandError(error) ? error.type : null
}

/** The driver's message has the whole connection string in it, and with it the password. */
function parsed(connectionString: string) {
  try {
    return parseConnectionString(connectionString)
  } catch {
    throw new Error("couldn't open the event store: that is no connection string esdb://…")
  }
}

/** A client, and the next one when it can't connect. */
class Line {
  readonly #connectionString: string
  #client: EventStoreDBClient
  #since = performance.now()

  constructor(connectionString: string) {
    this.#connectionString = connectionString
    this.#client = clientOf(connectionString)
  }

  get client(): EventStoreDBClient {
    return this.#client
  }

  /** Hears of an error of a client of this line. */
  hear(error: unknown, client: EventStoreDBClient): void {
    if (client !== this.#client || typeOf(error) !== 'unavailable') return
    if (performance.now() - this.#since < shortestLifeMs) return
    // What is still asked of the old one fails or is answered there; its channel is closed already.
    this.#client = clientOf(this.#connectionString)
    this.#since = performance.now()
  }
}

const shortestLifeMs = 500
const usualKeepAliveTimeoutMs = 10_000
let clients = 0

/**
 * A client with a connection that no other client of the process has had: connections are pooled by their
 * options, together with how long each is to wait before it is tried again, and so one option differs.
 */
function clientOf(connectionString: string): EventStoreDBClient {
  clients = (clients + 1) % 1_000
  const keepAliveTimeout = parsed(connectionString).keepAliveTimeout ?? usualKeepAliveTimeoutMs
  const separator = connectionString.includes('?') ? '&' : '?'
  const client = EventStoreDBClient.connectionString(
    keepAliveTimeout < 0
      ? connectionString
      : `${connectionString}${separator}keepAliveTimeout=${keepAliveTimeout + clients}`,
  )
  const reacting = client as unknown as { handleError: (...given: unknown[]) => Promise<void> }
  const react = reacting.handleError
  reacting.handleError = (...given) => react(...given).catch(() => {})
  return client
}

function boundary(from: Reading['from']) {
  return from === 'start' ? DRIVER_START : from === 'end' ? END : from
}

function collected(stream: StreamingRead<ResolvedEvent>): Promise<readonly WireEvent[]> {
  return new Promise((resolve, reject) => {
    const events: WireEvent[] = []
    // What is said after the answer is known must still find somebody who listens.
    stream.on('error', reject)
    stream.on('end', () => resolve(events))
    stream.on('data', (resolved: ResolvedEvent) => {
      const event = wireEventOf(resolved)
      if (event) events.push(event)
    })
  })
}

function abandon(stream: StreamingRead<ResolvedEvent>): void {
  stream.cancel().catch(() => {})
}

function wireEventOf({ event }: ResolvedEvent | AllStreamResolvedEvent): WireEvent | null {
  if (!event) return null
  const { streamId, id, type, isJson, data, revision, position } = event
  return {
    stream: streamId,
    id,
    type,
    body: !isJson && data instanceof Uint8Array ? data : null,
    revision,
    place: position ?? null,
  }
}

/** What was asked, or an error after so long. */
async function within<Answer>(
  milliseconds: number,
  asked: Promise<Answer>,
  abandoned: () => void,
): Promise<Answer> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    abandoned()
    late.reject(new Error(`no answer within ${milliseconds} ms`))
  }, milliseconds)
  try {
    return await Promise.race([asked, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

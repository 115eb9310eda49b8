import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { StreamName } from '../../domain/envelope.ts'
import type { Position, Revision } from '../../domain/values.ts'
import {
  LogUnavailable,
  type Appended,
  type EventLog,
  type NewRecord,
  type NO_STREAM,
} from '../event-log.ts'
import { openSqliteEventReader, type SqliteEventReader } from './event-reader.ts'
import { Packer, type Answer, type Order, type WorkerOptions } from './messages.ts'

export type SqliteEventLogOptions = Readonly<{
  /** The file; it is made where there is none. Several processes may append to it. */
  path: string
  /**
   * After a failed write or sync nobody knows what the disk holds: from here on the log refuses every
   * append, and the process should stop and start anew. Reads go on.
   */
  onFatal?: (error: LogUnavailable) => void
  /** Appends that would make the file larger are refused, as on a full disk. */
  maximumBytes?: number
}>

/**
 * Opens the embedded event log: a SQLite file that a thread of its own writes (see `commit-worker.ts`)
 * and the calling thread reads.
 * @throws Error "couldn't open …" with the cause
 */
export async function openSqliteEventLog(options: SqliteEventLogOptions): Promise<EventLog> {
  const worker = new Worker(new URL('./commit-worker.ts', import.meta.url), {
    name: 'event-log',
    workerData: {
      path: options.path,
      maximumBytes: options.maximumBytes ?? null,
    } satisfies WorkerOptions,
  })
  try {
    // The first message says that the file is open; an error is a rejection here.
    await once(worker, 'message')
    return new SqliteEventLog(worker, openSqliteEventReader(options.path), options.onFatal)
  } catch (error) {
    await worker.terminate()
    throw error
  }
}

type Waiting = { resolve: (appended: Appended) => void; reject: (error: Error) => void }

class SqliteEventLog implements EventLog {
  readonly #worker: Worker
  readonly #reader: SqliteEventReader
  readonly #onFatal: (error: LogUnavailable) => void
  readonly #packer = new Packer()
  readonly #waiting = new Map<number, Waiting>()
  readonly #ended: Promise<void>
  #number = 0
  #flushing = false
  #closed = false
  #refusing: LogUnavailable | null = null

  constructor(worker: Worker, reader: SqliteEventReader, onFatal = (_: LogUnavailable) => {}) {
    this.#worker = worker
    this.#reader = reader
    this.#onFatal = onFatal
    worker.on('message', (answer: Answer) => this.#hear(answer))
    worker.on('error', (error) => this.#refuse(unavailable('the writer failed', error)))
    this.#ended = new Promise((resolve) => {
      worker.once('exit', () => {
        if (!this.#closed) this.#refuse(unavailable('the writer ended'))
        resolve()
      })
    })
  }

  append(
    stream: StreamName,
    expected: Revision | typeof NO_STREAM,
    records: readonly NewRecord[],
  ): Promise<Appended> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new Error("couldn't append: the event log is closed")
      if (this.#refusing) throw this.#refusing
      if (records.length === 0) throw new RangeError(`couldn't append to ${stream}: no records`)
      const number = (this.#number = (this.#number + 1) >>> 0)
      this.#packer.add(number, stream, expected, records)
      this.#waiting.set(number, { resolve, reject })
      if (this.#flushing) return
      // All that is asked in one turn of the event loop crosses to the worker in one message.
      this.#flushing = true
      setImmediate(() => this.#flush())
    })
  }

  readStream(stream: StreamName, from: Revision, limit: number) {
    return this.#reader.readStream(stream, from, limit)
  }

  readAll(after: Position, limit: number) {
    return this.#reader.readAll(after, limit)
  }

  readAt(positions: readonly Position[]) {
    return this.#reader.readAt(positions)
  }

  head() {
    return this.#reader.head()
  }

  follow(after: Position, limit: number, signal: AbortSignal) {
    return this.#reader.follow(after, limit, signal)
  }

  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true
      this.#flush()
      this.#order('close')
    }
    await this.#ended
    await this.#reader.close()
  }

  #flush(): void {
    this.#flushing = false
    const packed = this.#packer.take()
    if (packed) this.#order(packed)
  }

  #order(order: Order): void {
    this.#worker.postMessage(
      order,
      order instanceof Uint8Array ? [order.buffer as ArrayBuffer] : [],
    )
  }

  #hear(answer: Answer): void {
    switch (answer.kind) {
      case 'committed':
        this.#settle(answer.answers)
        this.#reader.wake()
        break
      case 'failed': {
        const error = unavailable(answer.reason)
        for (const number of answer.numbers) this.#take(number)?.reject(error)
        if (answer.fatal) this.#refuse(error)
        break
      }
      case 'ready':
        break
    }
  }

  #settle(answers: Float64Array): void {
    for (let at = 0; at < answers.length;) {
      const [number, isAppended, revision, count] = answers.subarray(at, at + 4)
      const positions = Array.from(answers.subarray(at + 4, at + 4 + Number(count)))
      at += 4 + positions.length
      this.#take(Number(number))?.resolve(
        isAppended === 1
          ? {
              status: 'appended',
              revision: revision as Revision,
              positions: positions as Position[],
            }
          : { status: 'conflict', actual: revision as Revision },
      )
    }
  }

  #take(number: number): Waiting | undefined {
    const waiting = this.#waiting.get(number)
    this.#waiting.delete(number)
    return waiting
  }

  #refuse(error: LogUnavailable): void {
    if (this.#refusing) return
    this.#refusing = error
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
    this.#onFatal(error)
  }
}

function unavailable(reason: string, cause?: unknown): LogUnavailable {
  return new LogUnavailable(`couldn't append to the event log: ${reason}`, { cause })
}

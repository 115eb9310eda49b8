import { status, type ServerWritableStream } from '@grpc/grpc-js'
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { Journal } from './journal.ts'
import type { Counts, Faults } from './orders.ts'
import { checkpoint, confirmation, drained, error, readEvent } from './wire.ts'

type Call = ServerWritableStream<ReadReq, ReadResp>

/** The subscriptions to everything that are open. */
export class Subscriptions {
  readonly #journal: Journal
  readonly #faults: () => Faults
  readonly #counts: Counts
  readonly #open = new Set<Call>()

  constructor(journal: Journal, faults: () => Faults, counts: Counts) {
    this.#journal = journal
    this.#faults = faults
    this.#counts = counts
  }

  get size(): number {
    return this.#open.size
  }

  /** Sends what there is behind the place, and then what comes, until the call is over. */
  async serve(call: Call, options: ReadReq.Options): Promise<void> {
    this.#open.add(call)
    call.on('cancelled', () => this.#open.delete(call))
    if (this.#faults().silent) return
    call.write(confirmation())
    const prefixes = prefixesOf(options)
    const every = checkpointEvery(options)
    const position = options.getAll()!.getPosition()
    this.#counts.lastFrom = Number(position?.getCommitPosition() ?? 0)
    let next = position ? this.#journal.indexOf(Number(position.getCommitPosition()) + 1) : 0
    for (let looked = 0; this.#open.has(call) && !call.cancelled;) {
      const event = this.#journal.events[next]
      if (!event || this.#faults().stalled) {
        // A stalled subscription looks again when it is told to, which is no growth.
        await Promise.race([this.#journal.grown(), new Promise((wait) => setTimeout(wait, 20))])
        continue
      }
      next += 1
      looked += 1
      if (prefixes.some((prefix) => event.stream.startsWith(prefix))) {
        for (let times = this.#faults().duplicating ? 2 : 1; times > 0; times -= 1) {
          this.#counts.sent += 1
          if (!call.write(readEvent(event))) await drained(call)
        }
      }
      if (looked % every === 0 && !call.write(checkpoint(event.place))) await drained(call)
    }
  }

  /** Ends all of them. */
  end(how: 'end' | 'error'): void {
    for (const call of this.#open) {
      this.#open.delete(call)
      if (how === 'end') call.end()
      else call.emit('error', error(status.INTERNAL))
    }
  }
}

function prefixesOf(options: ReadReq.Options): readonly string[] {
  const expression = options.getFilter()?.getStreamIdentifier()
  return expression ? expression.getPrefixList() : ['']
}

function checkpointEvery(options: ReadReq.Options): number {
  const filter = options.getFilter()
  if (!filter) return Infinity
  return (filter.getMax() || 32) * Math.max(1, filter.getCheckpointintervalmultiplier())
}

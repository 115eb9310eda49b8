import type { Caller } from '../../src/application/services.ts'
import { Principal } from '../../src/domain/values.ts'
import type { EventStoreLogOptions } from '../../src/ledger/eventstore/event-log.ts'
import type { EventLog } from '../../src/ledger/event-log.ts'
import type { Custody } from '../../src/main.ts'
import type { Cluster } from '../support/cluster.ts'
import { openHastily } from '../support/eventstore/open-log.ts'
import { symphony, type Stack } from '../support/stack.ts'

/** A node to ask. `gone` resolves when nobody is to wait for its answers any longer. */
export type Node = Readonly<{ custody: Custody; gone: Promise<void> }>

/** How a node is thrown away: it ends in order, or it is given up while it goes on with what it has begun. */
export type Ending = 'closed' | 'dropped'

/** What stands between a node and the event log. */
export type Wrap = (log: EventLog) => EventLog

type Slot = Node &
  Readonly<{
    stack: Stack
    drop: () => void
    /** Whether its log is to have little patience; not while it opens or closes. */
    hurry: (hurries: boolean) => void
  }>

/** Two nodes of a cluster, of which each may be replaced by another while the other one lives. */
export class Nodes {
  readonly #cluster: Cluster
  readonly #name: string
  readonly #wrap: Wrap
  readonly #live: (Slot | null)[] = [null, null]
  readonly #ending: Promise<void>[] = []
  #opened = 0

  private constructor(cluster: Cluster, name: string, wrap: Wrap) {
    this.#cluster = cluster
    this.#name = name
    this.#wrap = wrap
  }

  /** Opens both, in data directories that begin with the name. */
  static async open(cluster: Cluster, name: string, wrap: Wrap = (log) => log): Promise<Nodes> {
    const nodes = new Nodes(cluster, name, wrap)
    for (const place of [0, 1]) nodes.#live[place] = await nodes.#join()
    return nodes
  }

  /** The node in that place, or the other one while that is being replaced. */
  at(place: number): Node {
    const slot = this.#live[place] ?? this.#live[1 - place]
    if (!slot) throw new Error('no node lives')
    return slot
  }

  /** Throws the node of that place away and opens another; `begun` is called when nobody reaches it any more. */
  async replace(place: number, ending: Ending, begun: () => void): Promise<void> {
    const slot = this.#live[place]
    if (!slot) throw new Error('it is being replaced already')
    this.#live[place] = null
    begun()
    slot.hurry(false)
    if (ending === 'closed') {
      const stack = await slot.stack.reopen()
      this.#live[place] = slotOf(stack, slot.hurry)
      return
    }
    slot.drop()
    const closing = slot.stack.close()
    closing.catch(() => {})
    this.#ending.push(closing)
    this.#live[place] = await this.#join()
  }

  /** Resolves when those that live are closed, and those that were given up have come to their end. */
  async close(): Promise<void> {
    await Promise.all(this.#ending)
    for (const slot of this.#live) {
      slot?.hurry(false)
      await slot?.stack.close()
    }
  }

  async #join(): Promise<Slot> {
    this.#opened += 1
    const name = `${this.#name}-${this.#opened}`
    let newest: Hurry | null = null
    const observe = (opened: EventLog) => {
      newest = new Hurry(opened, this.#cluster)
      return this.#wrap(newest.log)
    }
    const stack = await this.#cluster.join(name, { observe })
    return slotOf(stack, (hurries) => newest?.set(hurries))
  }
}

const patience = { deadlineMs: 5_000, patienceMs: 60_000 }
/** So that a fault is soon an error to a client: what it asked for may or may not have been done. */
const impatience = { deadlineMs: 600, patienceMs: 200 }

/** A log of the cluster's ledger, past whatever stands between a node and its own. */
export function openPlainLog(
  cluster: Cluster,
  options: Pick<EventStoreLogOptions, 'deadlineMs' | 'patienceMs'> = patience,
): EventLog {
  const { ledger } = cluster.configurationOf('look')
  if (ledger.store !== 'eventstore') throw new Error(`${ledger.store} is no event store`)
  return openHastily(ledger, { namespace: ledger.namespace, ...options })
}

/** Who asks, under a correlation by which the events of one operation are told. */
export function callerOf(correlation: string): Caller {
  return { controller: symphony, principal: Principal.parse('token:client'), correlation }
}

function slotOf(stack: Stack, hurry: Slot['hurry']): Slot {
  const { promise: gone, resolve: drop } = Promise.withResolvers<void>()
  hurry(true)
  return { stack, custody: stack.custody, gone, drop, hurry }
}

/** A log that has less patience where it is told to, so that many faults have room in a minute. */
class Hurry {
  readonly log: EventLog
  readonly #patient: EventLog
  readonly #hasty: EventLog
  #current: EventLog

  constructor(opened: EventLog, cluster: Cluster) {
    this.#patient = openPlainLog(cluster)
    this.#hasty = openPlainLog(cluster, impatience)
    this.#current = this.#patient
    this.log = {
      append: (...asked) => this.#current.append(...asked),
      readStream: (...asked) => this.#current.readStream(...asked),
      readAll: (...asked) => this.#current.readAll(...asked),
      readAt: (...asked) => this.#current.readAt(...asked),
      head: () => this.#current.head(),
      follow: (...asked) => this.#current.follow(...asked),
      close: async () => {
        await Promise.all([this.#hasty, this.#patient, opened].map((log) => log.close()))
      },
    }
  }

  set(hurries: boolean): void {
    this.#current = hurries ? this.#hasty : this.#patient
  }
}

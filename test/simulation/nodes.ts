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

type Slot = Node & Readonly<{ stack: Stack; drop: () => void }>

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
    for (const place of [0, 1]) nodes.#live[place] = slotOf(await nodes.#join())
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
    if (ending === 'closed') {
      this.#live[place] = slotOf(await slot.stack.reopen())
      return
    }
    slot.drop()
    const closing = slot.stack.close()
    closing.catch(() => {})
    this.#ending.push(closing)
    this.#live[place] = slotOf(await this.#join())
  }

  /** Resolves when those that live are closed, and those that were given up have come to their end. */
  async close(): Promise<void> {
    await Promise.all(this.#ending)
    for (const slot of this.#live) await slot?.stack.close()
  }

  #join(): Promise<Stack> {
    this.#opened += 1
    const observe = (opened: EventLog) =>
      this.#wrap(inAHurry(opened, openPlainLog(this.#cluster, impatience)))
    return this.#cluster.join(`${this.#name}-${this.#opened}`, { observe })
  }
}

/** A log of the cluster's ledger, past whatever stands between a node and its own. */
export function openPlainLog(
  cluster: Cluster,
  options: Partial<EventStoreLogOptions> = {},
): EventLog {
  const { ledger } = cluster.configurationOf('look')
  if (ledger.store !== 'eventstore') throw new Error(`${ledger.store} is no event store`)
  return openHastily(ledger, { namespace: ledger.namespace, ...options })
}

/** Who asks, under a correlation by which the events of one operation are told. */
export function callerOf(correlation: string): Caller {
  return { controller: symphony, principal: Principal.parse('token:client'), correlation }
}

function slotOf(stack: Stack): Slot {
  const { promise: gone, resolve: drop } = Promise.withResolvers<void>()
  return { stack, custody: stack.custody, gone, drop }
}

/** So that a fault is soon an error to a client: what it asked for may or may not have been done. */
const impatience = { deadlineMs: 600, patienceMs: 200 }

/** The same log with less patience, so that many faults have room in a minute. */
function inAHurry(opened: EventLog, hasty: EventLog): EventLog {
  const close = async () => {
    await Promise.all([hasty.close(), opened.close()])
  }
  return {
    append: (...asked) => hasty.append(...asked),
    readStream: (...asked) => hasty.readStream(...asked),
    readAll: (...asked) => hasty.readAll(...asked),
    readAt: (...asked) => hasty.readAt(...asked),
    head: () => hasty.head(),
    follow: (...asked) => hasty.follow(...asked),
    close,
  }
}

import { setTimeout as wait } from 'node:timers/promises'
import type { Faults } from '../support/eventstore/orders.ts'
import type { StandIn } from '../support/eventstore/stand-in.ts'
import type { Ending, Nodes } from './nodes.ts'

/** What can go wrong, and how much of all that goes wrong it is. The weights add up to 100. */
const kinds = {
  'the event store is killed, and started again on its journal': 1,
  'a node is closed, and opened again': 1,
  'a node is given up, and another one opened': 0,
  'every connection is cut': 27,
  'answers are lost after the append was done': 28,
  'connections are cut before the append is done': 10,
  'appends are held back, each for another time': 12,
  'appends are held back until nobody waits for them': 3,
  'reads are held back, and tell what was': 11,
  'the event store is silent': 3,
  'calls fail and say nothing': 4,
} as const

export type Disturbance = keyof typeof kinds

/** What comes for certain once in so many seeds that follow one another. */
export const certain = [
  { every: 20, kind: 'the event store is killed, and started again on its journal' },
  { every: 50, kind: 'a node is closed, and opened again' },
  { every: 100, kind: 'a node is given up, and another one opened' },
] as const satisfies readonly { every: number; kind: Disturbance }[]

/** What goes wrong first in the history of this seed: what is certain to, or else one of the kinds. */
export function firstDisturbance(seed: number, random: () => number): Disturbance {
  const due = certain.find(({ every }, place) => seed % every === place)
  return due?.kind ?? drawDisturbance(random)
}

/** One of the kinds, by its weight. */
export function drawDisturbance(random: () => number): Disturbance {
  let left = random() * 100
  for (const [kind, weight] of Object.entries(kinds)) {
    left -= weight
    if (left < 0) return kind as Disturbance
  }
  return 'every connection is cut'
}

/** Does one wrong after the other, to whoever uses the stores then. */
export class Disturbances {
  readonly counts = new Map<Disturbance, number>()
  readonly #standIn: StandIn
  readonly #nodes: Nodes
  readonly #random: () => number
  #last: Promise<void> = Promise.resolve()

  constructor(standIn: StandIn, nodes: Nodes, random: () => number) {
    this.#standIn = standIn
    this.#nodes = nodes
    this.#random = random
  }

  /** Resolves when it is begun: from then on whoever calls meets it. */
  begin(kind: Disturbance): Promise<void> {
    const begun = Promise.withResolvers<void>()
    this.#last = this.#last.then(() =>
      this.#disturb(kind, () => {
        this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
        begun.resolve()
      }),
    )
    this.#last.catch(begun.reject)
    // Whoever asked for it may look later.
    begun.promise.catch(() => {})
    return begun.promise
  }

  /** Resolves when all that was begun is over. @throws what kept it from being done */
  async over(): Promise<void> {
    await this.#last
  }

  async #disturb(kind: Disturbance, begun: () => void): Promise<void> {
    switch (kind) {
      case 'the event store is killed, and started again on its journal':
        await this.#standIn.kill()
        begun()
        await wait(this.#random() * 100)
        await this.#standIn.restart()
        // As some servers do: a conflict names a revision that is one off.
        return this.#standIn.set({ misreportedBy: 1 })
      case 'a node is closed, and opened again':
        return this.#replace('closed', begun)
      case 'a node is given up, and another one opened':
        return this.#replace('dropped', begun)
      case 'every connection is cut':
        await this.#standIn.tell({ kind: 'drop' })
        return begun()
      case 'the event store is silent':
        await this.#standIn.set({ silent: true })
        begun()
        await wait(50 + this.#random() * 150)
        return this.#standIn.set({ silent: false })
      default:
        await this.#standIn.set(this.#faultsOf(kind))
        return begun()
    }
  }

  async #replace(ending: Ending, begun: () => void): Promise<void> {
    await this.#nodes.replace(this.#random() < 0.5 ? 0 : 1, ending, begun)
  }

  #faultsOf(kind: Disturbance): Partial<Faults> {
    const some = (most: number) => 1 + Math.floor(this.#random() * most)
    const times = (count: number, mostMs: number) =>
      Array.from({ length: count }, () => Math.floor(this.#random() * mostMs))
    switch (kind) {
      case 'answers are lost after the append was done':
        return { dropsAfterCommit: some(3) }
      case 'connections are cut before the append is done':
        return { dropsBeforeCommit: some(2) }
      case 'appends are held back, each for another time':
        return { appendHoldsMs: times(12, 120) }
      case 'appends are held back until nobody waits for them':
        return { appendHoldsMs: times(2, 400).map((ms) => ms + 900) }
      case 'reads are held back, and tell what was':
        return { readHoldsMs: times(12, 80) }
      case 'calls fail and say nothing':
        return { failures: some(4) }
      default:
        throw new Error(`${kind} is no fault of the event store's`)
    }
  }
}

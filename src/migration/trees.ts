import { streamParts } from '../domain/envelope.ts'
import { START, type ControllerId, type Instant } from '../domain/values.ts'
import type { EventReader, LogRecord } from '../ledger/event-log.ts'
import { signedHeadOf } from '../notary/checkpoint-event.ts'
import { isLeaf, leafOf } from '../notary/leaves.ts'
import { append, emptyFrontier, rootOfFrontier, type Frontier, type Hash } from '../proof/merkle.ts'

/** How many records are read at a time. */
export const pageSize = 500

/** The newest checkpoint of a controller that a ledger carries. */
export type Signed = Readonly<{ origin: string; size: number; root: Hash; signedAt: Instant }>

/** What a ledger carries that was signed of it, by controller. */
export type SignedOf = ReadonlyMap<ControllerId, Signed>

/** A controller's tree. */
export type TreeRoot = Readonly<{ size: number; root: Hash }>

/** All records of a log, in its order, in pages. */
export async function* pagesOf(reader: EventReader): AsyncGenerator<readonly LogRecord[]> {
  for (let after = START; ;) {
    const page = await reader.readAll(after, pageSize)
    const last = page.at(-1)
    if (!last) return
    yield page
    after = last.position
  }
}

/** How many records there are, and the newest checkpoint of each controller among them. */
export async function survey(
  reader: EventReader,
): Promise<Readonly<{ records: number; signed: SignedOf }>> {
  const signed = new Map<ControllerId, Signed>()
  let records = 0
  for await (const page of pagesOf(reader)) {
    records += page.length
    for (const record of page) {
      const head = record.type === 'CheckpointSigned' ? signedHeadOf(record) : null
      if (head) signed.set(head.controller, head)
    }
  }
  return { records, signed }
}

/** The trees of all controllers, made anew of a log's records; only their frontiers are held. */
export class Trees {
  readonly #signed: SignedOf
  readonly #frontiers = new Map<ControllerId, Frontier>()
  /** The roots that trees had when they were of the signed size. */
  readonly #roots = new Map<ControllerId, Hash>()

  /** @param signed of which sizes the roots are compared */
  constructor(signed: SignedOf) {
    this.#signed = signed
  }

  /** Takes in the next record of the log. */
  add(record: LogRecord): void {
    if (!isLeaf(record)) return
    const { controller } = streamParts(record.stream)
    const frontier = append(this.#frontiers.get(controller) ?? emptyFrontier, leafOf(record))
    this.#frontiers.set(controller, frontier)
    if (frontier.size === this.#signed.get(controller)?.size) {
      this.#roots.set(controller, rootOfFrontier(frontier))
    }
  }

  /** By controller, in the order of the alphabet. */
  roots(): ReadonlyMap<ControllerId, TreeRoot> {
    const controllers = [...this.#frontiers.keys()].sort()
    return new Map(
      controllers.map((controller) => {
        const frontier = this.#frontiers.get(controller)!
        return [controller, { size: frontier.size, root: rootOfFrontier(frontier) }]
      }),
    )
  }

  /** The first controller whose tree was not the signed one when it had its size; null where none is. */
  diverged(): ControllerId | null {
    for (const [controller, { root }] of this.#signed) {
      if (!this.#roots.get(controller)?.equals(root)) return controller
    }
    return null
  }
}

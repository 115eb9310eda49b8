import type { DatabaseSync } from 'node:sqlite'
import { streamParts } from '../domain/envelope.ts'
import { START, type ControllerId, type Position } from '../domain/values.ts'
import type { LogRecord } from '../ledger/event-log.ts'
import { hashLength } from '../proof/merkle.ts'
import { tileWidth } from '../proof/tiles.ts'
import { divergenceOf } from './continuity.ts'
import { Growth, prepareGrowth } from './growth.ts'
import { leafOf } from './leaves.ts'
import { createReading, type NotaryReading, type Tree } from './reading.ts'
import { sqliteCode } from '../sqlite/open.ts'
import { inTransaction } from './schema.ts'
import { createSettling } from './settling.ts'
import type { Claim } from './verify-claims.ts'
import type { Finding, VerifiedTree } from './verify-types.ts'

type Kept = { growth: Growth; good: Claim | null; checked: number; wrong: boolean }

/**
 * Makes the trees of all controllers anew, in a file of its own, and holds each claim against them. `followed`
 * is what the notary has made of the ledger while it grew: it says which leaf differs, and is not believed
 * where what was signed says otherwise.
 */
export class TreeCheck {
  readonly #database: DatabaseSync
  readonly #reading: NotaryReading
  readonly #followed: NotaryReading | null
  readonly #settling: ReturnType<typeof createSettling>
  readonly #writes: ReturnType<typeof prepareGrowth>
  readonly #trees = new Map<ControllerId, Kept>()

  constructor(database: DatabaseSync, followed: NotaryReading | null) {
    this.#database = database
    this.#reading = createReading(database)
    this.#followed = followed
    this.#settling = createSettling(database, this.#reading)
    this.#writes = prepareGrowth(database)
  }

  /** How many leaves a controller has so far. */
  sizeOf(controller: ControllerId): number {
    return this.#trees.get(controller)?.growth.size ?? 0
  }

  /** Takes in the leaves of a page. */
  grow(records: readonly LogRecord[]): void {
    inTransaction(this.#database, () => {
      for (const record of records) {
        const { growth } = this.#keptOf(streamParts(record.stream).controller)
        growth.add(leafOf(record), record.position, record.stream, record.revision)
      }
      for (const { growth } of this.#trees.values()) growth.write(this.#writes)
    })
  }

  /** What is wrong with a claim, whose size the tree has reached. To be called in the order of the sizes. */
  check(claim: Claim): Finding | null {
    const { controller, head } = claim
    const kept = this.#keptOf(controller)
    // After one that differs all do.
    if (kept.wrong) return null
    kept.checked += 1
    const tree = this.#reading.tree(controller)!
    const { size } = head
    const found = inTransaction(this.#database, () => this.#settling.settle(tree, size))
    if (found && !found.root.equals(head.root)) {
      kept.wrong = true
      return this.#located(tree, claim, kept)
    }
    const { count, root } = head.streams
    if (!found || found.streams.count !== count || !found.streams.root.equals(root)) {
      kept.wrong = true
      const message = `the heads of the streams are not those of ${claim.where}`
      return { position: claim.position, code: 'checkpoint', message }
    }
    kept.good = claim
    return null
  }

  /** How far the notary has followed; nothing where that cannot be read. */
  followedTo(): Position {
    return ifReadable(() => this.#followed?.followed().position, START)
  }

  /** Whether an event that is no leaf stands where it stood when the notary followed it. */
  apart({ position, id }: Pick<LogRecord, 'position' | 'id'>): Finding | null {
    if (position > this.followedTo()) return null
    if (ifReadable(() => this.#followed!.apartAt(position) ?? '', id) === id) return null
    const message = 'the notary followed another event at this position'
    return { position, code: 'not_followed', message }
  }

  /**
   * The claim has more leaves than there are. The first that is missing stood where the notary followed it, or
   * would stand at `end`.
   */
  short(claim: Claim, end: Position): Finding {
    const size = this.sizeOf(claim.controller)
    this.#keptOf(claim.controller).wrong = true
    const followed = ifReadable(() => this.#followed?.tree(claim.controller), null)
    const isTrusted = followed && leadsTo(this.#followed!, followed, claim.head)
    const stood = isTrusted ? this.#firstMissing(followed, size) : null
    const position = stood !== null && stood < end ? stood : end
    const message =
      `${claim.controller} has ${size} events, and ${claim.head.size} were signed (${claim.where}): ` +
      'the end is missing, or an older file was put back'
    return { position, code: 'shorter', message }
  }

  /** Where the first of the followed leaves that is not there stood. */
  #firstMissing(followed: Tree, size: number): Position | null {
    const tree = this.#reading.tree(followed.controller)
    const index = tree && this.#firstDifference(tree, followed, size)
    return index === null
      ? this.#positionAt(this.#followed!, followed, size)
      : this.#positionOf(tree!, followed, index)
  }

  /** What is not what the notary followed up to that position, though what was signed is there. */
  unfollowed(until: Position): Finding[] {
    return [...this.#trees].flatMap(([controller, { good, wrong }]) =>
      wrong
        ? []
        : ifReadable(() => this.#unfollowedOf(controller, good?.head.size ?? 0, until), []),
    )
  }

  #unfollowedOf(controller: ControllerId, signed: number, until: Position): Finding[] {
    const tree = this.#reading.tree(controller)
    const followed = this.#followed?.tree(controller)
    if (!tree || !followed) return []
    const size = Math.min(tree.size, followed.size)
    const index = this.#firstDifference(tree, followed, size)
    if (index !== null && index >= signed) {
      const position = this.#positionOf(tree, followed, index)
      const message =
        'the event is not the one that the notary followed; no checkpoint covers it yet'
      return [{ position, code: 'not_followed', message }]
    }
    for (let place = 0; place < size; place += tileWidth) {
      const here = this.#reading.positions(tree.number, place / tileWidth)
      const there = this.#followed!.positions(followed.number, place / tileWidth)
      const moved = here.findIndex((position, at) => place + at < size && position !== there[at])
      if (moved < 0) continue
      const message = `the event stood at position ${there[moved]} when the notary followed it`
      return [{ position: here[moved]!, code: 'out_of_order', message }]
    }
    // A notary that follows meanwhile may have more, of what came behind.
    const next = this.#positionAt(this.#followed!, followed, tree.size)
    if (next === null || next > until) return []
    const message = 'the event that the notary followed here is no more; no checkpoint covers it'
    return [{ position: next, code: 'not_followed', message }]
  }

  trees(): VerifiedTree[] {
    return [...this.#trees].map(([controller, { growth, good, checked }]) => ({
      controller,
      events: growth.size,
      covered: good?.verified ? good.head.size : 0,
      notCovered: growth.size - (good?.verified ? good.head.size : 0),
      checkpoints: checked,
      newest: good && {
        origin: good.head.origin,
        size: good.head.size,
        root: good.head.root.toString('base64'),
        signedAt: good.head.at,
      },
    }))
  }

  #keptOf(controller: ControllerId): Kept {
    const known = this.#trees.get(controller)
    if (known) return known
    this.#database
      .prepare('INSERT INTO controller (name, size, mapped, streams) VALUES (?, 0, 0, 0)')
      .run(controller)
    const growth = new Growth(this.#reading.tree(controller)!, this.#reading)
    const kept = { growth, good: null, checked: 0, wrong: false }
    this.#trees.set(controller, kept)
    return kept
  }

  /** Says which event is not the one that was signed, or between which it is. */
  #located(tree: Tree, claim: Claim, { good }: Kept): Finding {
    const { head, where } = claim
    const followed = this.#followed?.tree(claim.controller) ?? null
    // Its leaves are those that were signed if they lead to the root that was signed.
    const trusted = followed && leadsTo(this.#followed!, followed, head) ? followed : null
    const index = trusted && this.#firstDifference(tree, trusted, head.size)
    if (trusted && index !== null) {
      const position = this.#positionOf(tree, trusted, index)
      const message = `the event is not the one that was signed (${where})`
      return { position, code: 'altered', message }
    }
    const from = good?.head.size ?? 0
    const message =
      `the events ${from + 1} to ${head.size} of ${claim.controller} are not those that were signed ` +
      `(${where}); which of them cannot be told without the notary's file`
    return { position: this.#positionAt(this.#reading, tree, from), code: 'altered', message }
  }

  /** The first of `size` leaves that differs. */
  #firstDifference(tree: Tree, followed: Tree, size: number): number | null {
    for (let number = 0; number * tileWidth < size; number += 1) {
      const ours = this.#reading.tile(tree.number, 0, number)
      const theirs = this.#followed!.tile(followed.number, 0, number)
      if (ours && theirs?.subarray(0, ours.length).equals(ours)) continue
      const width = Math.min(tileWidth, size - number * tileWidth)
      for (let place = 0; place < width; place += 1) {
        const [start, end] = [place * hashLength, (place + 1) * hashLength]
        const one = ours?.subarray(start, end)
        const other = theirs?.subarray(start, end)
        if (!one || !other?.equals(one)) return number * tileWidth + place
      }
    }
    return null
  }

  /** Where the leaf stands, or stood when it was followed: the lower. */
  #positionOf(tree: Tree, followed: Tree, index: number): Position | null {
    const here = this.#positionAt(this.#reading, tree, index)
    const there = this.#positionAt(this.#followed!, followed, index)
    if (here === null || there === null) return here ?? there
    return here < there ? here : there
  }

  #positionAt(reading: NotaryReading, tree: Tree, index: number): Position | null {
    const number = Math.floor(index / tileWidth)
    return reading.positions(tree.number, number)[index % tileWidth] ?? null
  }
}

/** Whether a tree that was followed begins with what was signed; what is damaged does not. */
function leadsTo(reading: NotaryReading, tree: Tree, head: Claim['head']): boolean {
  try {
    return divergenceOf(reading, tree, head) === null
  } catch {
    return false
  }
}

/** The notary's file may be damaged: it is made anew by itself, and proves nothing against the ledger. */
function ifReadable<T>(read: () => T | undefined, otherwise: T): T {
  try {
    return read() ?? otherwise
  } catch (error) {
    if (sqliteCode(error) === null) throw error
    return otherwise
  }
}

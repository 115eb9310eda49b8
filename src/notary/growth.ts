import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Position, Revision } from '../domain/values.ts'
import { append, frontierAt, hashLength, type Frontier, type Hash } from '../proof/merkle.ts'
import { tileWidth } from '../proof/tiles.ts'
import { packPositions, type NotaryReading, type Tree } from './reading.ts'

/** How many levels of the tree a tile spans. */
const tileHeight = Math.log2(tileWidth)

/** Writes what trees have grown by. Prepared once for each connection. */
export type GrowthWrites = Readonly<{
  tile: StatementSync
  place: StatementSync
  pending: StatementSync
  grow: StatementSync
  checkpoint: StatementSync
}>

/** @param database the writing connection, with the notary's tables */
export function prepareGrowth(database: DatabaseSync): GrowthWrites {
  return {
    tile: database.prepare(
      `INSERT INTO tile VALUES (?, ?, ?, ?)
       ON CONFLICT (controller, level, number) DO UPDATE SET hashes = excluded.hashes`,
    ),
    place: database.prepare(
      `INSERT INTO place VALUES (?, ?, ?, ?)
       ON CONFLICT (controller, number) DO UPDATE SET positions = excluded.positions`,
    ),
    pending: database.prepare('INSERT INTO pending VALUES (?, ?, ?)'),
    grow: database.prepare('UPDATE controller SET size = ? WHERE number = ?'),
    checkpoint: database.prepare('UPDATE controller SET checkpoint = ? WHERE number = ?'),
  }
}

/** The rightmost tile of a level, as far as it is filled. */
type OpenTile = { number: number; bytes: Buffer; used: number }

/**
 * A tree that grows: its frontier, and the rightmost tile of each level, so that what is held in memory
 * is logarithmic in its size. What is added stands in the file once it was written.
 */
export class Growth {
  readonly #tree: Tree
  readonly #tiles: OpenTile[] = []
  #frontier: Frontier
  #positions: Position[]
  /** What is to be written, beside the open tiles. */
  #finished: { level: number; number: number; bytes: Buffer }[] = []
  #places: { number: number; positions: readonly Position[] }[] = []
  #streams: string[] = []
  #checkpoint: Revision | null = null

  constructor(tree: Tree, reading: NotaryReading) {
    this.#tree = tree
    this.#frontier = frontierAt(tree.size, reading.nodes(tree.number))
    for (let level = 0, count = tree.size; count > 0; level += 1) {
      const number = Math.floor(count / tileWidth)
      const stored = count % tileWidth === 0 ? null : reading.tile(tree.number, level, number)
      const tile = openTile(number)
      if (stored) tile.used = stored.copy(tile.bytes)
      this.#tiles.push(tile)
      count = number
    }
    const open = tree.size % tileWidth !== 0
    this.#positions = open
      ? [...reading.positions(tree.number, Math.floor(tree.size / tileWidth))]
      : []
  }

  get size(): number {
    return this.#frontier.size
  }

  /** Where the newest `CheckpointSigned` stands in the controller's stream of them. */
  signedAt(revision: Revision): void {
    this.#checkpoint = revision
  }

  /** @param stream its name, of which the leaf is the event at that revision */
  add(leaf: Hash, position: Position, stream: string, revision: number): void {
    this.#positions.push(position)
    this.#streams.push(`${revision} ${stream}`)
    this.#frontier = append(this.#frontier, leaf, (level, index, hash) => {
      if (level % tileHeight === 0) this.#put(level / tileHeight, index, hash)
    })
    if (this.size % tileWidth === 0) {
      this.#places.push({ number: this.size / tileWidth - 1, positions: this.#positions })
      this.#positions = []
    }
  }

  /** Writes what was added. Inside the transaction that moves the position on. */
  write(writes: GrowthWrites): void {
    const { number: tree } = this.#tree
    if (this.#checkpoint !== null) writes.checkpoint.run(this.#checkpoint, tree)
    this.#checkpoint = null
    if (this.#streams.length === 0) return
    for (const { level, number, bytes } of this.#finished) {
      writes.tile.run(tree, level, number, bytes)
    }
    for (const [level, { number, bytes, used }] of this.#tiles.entries()) {
      if (used > 0) writes.tile.run(tree, level, number, bytes.subarray(0, used))
    }
    for (const { number, positions } of this.#places) {
      writes.place.run(tree, number, positions[0]!, packPositions(positions))
    }
    if (this.#positions.length > 0) {
      const number = Math.floor(this.size / tileWidth)
      writes.place.run(tree, number, this.#positions[0]!, packPositions(this.#positions))
    }
    writes.pending.run(tree, this.size - this.#streams.length, this.#streams.join('\n'))
    writes.grow.run(this.size, tree)
    this.#finished = []
    this.#places = []
    this.#streams = []
  }

  #put(level: number, index: number, hash: Hash): void {
    let tile = this.#tiles[level]
    if (!tile) this.#tiles[level] = tile = openTile(Math.floor(index / tileWidth))
    tile.bytes.set(hash, tile.used)
    tile.used += hashLength
    if (tile.used < tile.bytes.length) return
    this.#finished.push({ level, number: tile.number, bytes: tile.bytes })
    this.#tiles[level] = openTile(tile.number + 1)
  }
}

function openTile(number: number): OpenTile {
  return { number, bytes: Buffer.alloc(tileWidth * hashLength), used: 0 }
}

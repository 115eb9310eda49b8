import type { DatabaseSync } from 'node:sqlite'
import type { ControllerId, Position, Revision } from '../domain/values.ts'
import type { NodeReader } from '../proof/merkle.ts'
import type { MapNode } from '../proof/stream-map.ts'
import { nodesOfTiles, tileWidth } from '../proof/tiles.ts'

/** A controller's tree as the notary's file has it. */
export type Tree = Readonly<{
  number: number
  controller: ControllerId
  /** How many leaves there are. */
  size: number
  /** Of how many leaves the map of heads takes account, and of how many streams these are. */
  mapped: number
  streams: number
  /** Where the newest `CheckpointSigned` stands in the stream of them; null before the first. */
  checkpoint: Revision | null
}>

/** What can be read from the notary's file. */
export type NotaryReading = Readonly<{
  /** Where following stands, and the id of the event there; null before the first. */
  followed: () => Readonly<{ position: Position; event: string | null }>
  trees: () => readonly Tree[]
  tree: (controller: ControllerId) => Tree | null
  /** Reads nodes of complete subtrees. Remembers the tiles that it has read: for one question. */
  nodes: (tree: number) => NodeReader
  /** The hashes of a tile so far; null where it has none. */
  tile: (tree: number, level: number, number: number) => Buffer | null
  /** The positions of the leaves of a tile of the lowest level. */
  positions: (tree: number, number: number) => readonly Position[]
  /** The leaf of the event at a position; null where that is none of the tree's. */
  leafAt: (tree: number, position: Position) => number | null
  /** The id of the event at a position that is no leaf; null where none was followed. */
  apartAt: (position: Position) => string | null
  /** A node of the map of heads. */
  mapNode: MapNodesOf
  /** All reads of the work see the file as it is at one moment. */
  atOnce: <T>(work: () => T) => T
}>

type MapNodesOf = (tree: number, path: string) => MapNode | null

/** @param database the notary's file, open */
export function createReading(database: DatabaseSync): NotaryReading {
  const read = prepare(database)

  function tile(tree: number, level: number, number: number): Buffer | null {
    const row = read.tile.get(tree, level, number)
    return row ? toBuffer(row['hashes']) : null
  }

  function wholeTile(tree: number, level: number, number: number): Buffer {
    const found = tile(tree, level, number)
    if (!found) throw new Error(`couldn't read the tree: tile ${level}/${number} is missing`)
    return found
  }

  function positions(tree: number, number: number): readonly Position[] {
    const row = read.place.get(tree, number)
    return row ? unpackPositions(toBuffer(row['positions'])) : []
  }

  return {
    followed() {
      const row = read.followed.get()
      const event = row?.['event']
      return {
        position: Number(row?.['position'] ?? 0) as Position,
        event: typeof event === 'string' ? event : null,
      }
    },
    trees: () => read.trees.all().map(treeOf),
    tree(controller) {
      const row = read.tree.get(controller)
      return row ? treeOf(row) : null
    },
    nodes: (tree) => nodesOfTiles(remembering((level, number) => wholeTile(tree, level, number))),
    tile,
    positions,
    leafAt(tree, position) {
      const row = read.placeAt.get(tree, position)
      if (!row) return null
      const number = Number(row['number'])
      const place = unpackPositions(toBuffer(row['positions'])).indexOf(position)
      return place < 0 ? null : number * tileWidth + place
    },
    apartAt(position) {
      const row = read.apart.get(position)
      return row ? String(row['event']) : null
    },
    mapNode(tree, path) {
      const row = read.mapNode.get(tree, path)
      return row ? unpackNode(toBuffer(row['node'])) : null
    },
    atOnce(work) {
      database.exec('BEGIN')
      try {
        return work()
      } finally {
        database.exec('COMMIT')
      }
    },
  }
}

/** A node in bytes: two hashes (inner), or key, newest leaf hash and count of a stream's events (leaf). */
export function packNode(node: MapNode): Buffer {
  if (node.kind === 'inner') return Buffer.concat([node.left, node.right])
  const events = Buffer.alloc(8)
  events.writeDoubleBE(node.events)
  return Buffer.concat([node.key, node.newest, events])
}

function unpackNode(packed: Buffer): MapNode {
  const [first, second] = [packed.subarray(0, 32), packed.subarray(32, 64)]
  if (packed.length === 64) return { kind: 'inner', left: first, right: second }
  return { kind: 'leaf', key: first, newest: second, events: packed.readDoubleBE(64) }
}

/** Positions as eight bytes each, big-endian: their order is the order of the bytes. */
export function packPositions(positions: readonly number[]): Buffer {
  const packed = Buffer.allocUnsafe(8 * positions.length)
  for (const [place, position] of positions.entries()) packed.writeDoubleBE(position, 8 * place)
  return packed
}

function unpackPositions(packed: Buffer): Position[] {
  return Array.from(
    { length: packed.length / 8 },
    (_, place) => packed.readDoubleBE(8 * place) as Position,
  )
}

function remembering(tile: (level: number, number: number) => Buffer) {
  const known = new Map<string, Buffer>()
  return (level: number, number: number) => {
    const name = `${level}/${number}`
    const hashes = known.get(name) ?? tile(level, number)
    known.set(name, hashes)
    return hashes
  }
}

/** The columns are STRICT: a blob is one. */
function toBuffer(value: unknown): Buffer {
  const bytes = value as Uint8Array
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function treeOf(row: Record<string, unknown>): Tree {
  return {
    number: Number(row['number']),
    controller: row['name'] as ControllerId,
    size: Number(row['size']),
    mapped: Number(row['mapped']),
    streams: Number(row['streams']),
    checkpoint: row['checkpoint'] === null ? null : (Number(row['checkpoint']) as Revision),
  }
}

function prepare(database: DatabaseSync) {
  const tree = 'SELECT number, name, size, mapped, streams, checkpoint FROM controller'
  return {
    followed: database.prepare('SELECT position, event FROM followed WHERE one = 1'),
    trees: database.prepare(`${tree} ORDER BY number`),
    tree: database.prepare(`${tree} WHERE name = ?`),
    tile: database.prepare(
      'SELECT hashes FROM tile WHERE controller = ? AND level = ? AND number = ?',
    ),
    place: database.prepare('SELECT positions FROM place WHERE controller = ? AND number = ?'),
    placeAt: database.prepare(
      `SELECT number, positions FROM place WHERE controller = ? AND first <= ?
       ORDER BY first DESC LIMIT 1`,
    ),
    apart: database.prepare('SELECT event FROM apart WHERE position = ?'),
    mapNode: database.prepare('SELECT node FROM map WHERE controller = ? AND path = ?'),
  }
}

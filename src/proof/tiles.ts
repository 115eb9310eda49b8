import { hashLength, rootOf, type Hash, type NodeReader } from './merkle.ts'
import { isCount, parseDecimal } from './values.ts'

/**
 * A tile of the tree, or a bundle of the entries under a tile of level 0 (C2SP tlog-tiles, Merkle Tree and
 * Log entries). `width` is how many hashes or entries it has, 1 to 256; with fewer than 256 it is partial.
 */
export type Tile = Readonly<{ level: number | 'entries'; index: number; width: number }>

/** How many hashes a full tile has. Each is the root of a full tile of the level below. */
export const tileWidth = 256

const tileHeight = 8
const highestLevel = 63

/** The path of a tile under a log's prefix: `tile/<level>/<index>`, and `.p/<width>` where it is partial. */
export function tilePath({ level, index, width }: Tile): string {
  const digits = String(index)
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0')
  const parts = padded
    .match(/.{3}/g)!
    .map((part, at, all) => (at < all.length - 1 ? 'x' : '') + part)
  const partial = width < tileWidth ? `.p/${width}` : ''
  return `tile/${level}/${parts.join('/')}${partial}`
}

/**
 * Reads a tile's path.
 *
 * @returns null for any path that `tilePath` does not write: one tile has one path
 */
export function parseTilePath(path: string): Tile | null {
  const shape = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/
  const [, levelText, indexText, widthText] = shape.exec(path) ?? []
  if (!levelText || !indexText) return null
  const level = levelText === 'entries' ? 'entries' : parseDecimal(levelText)
  const index = Number(indexText.replaceAll(/[x/]/g, ''))
  const width = widthText === undefined ? tileWidth : parseDecimal(widthText)
  if (level === null || !width || !isCount(index)) return null
  if (width > tileWidth || (level !== 'entries' && level > highestLevel)) return null
  const tile: Tile = { level, index, width }
  return tilePath(tile) === path ? tile : null
}

/** Whether a tree of this size has all that is in the tile, so that its bytes can never change. */
export function holdsTile(size: number, { level, index, width }: Tile): boolean {
  const hashes = Math.floor(size / tileWidth ** (level === 'entries' ? 0 : level))
  return index * tileWidth + width <= hashes
}

/** The tiles of a tree of a size, lowest level first: all full ones, and one partial at the end of a level. */
export function* tilesOf(size: number): Generator<Tile & { level: number }> {
  let hashes = size
  for (let level = 0; hashes > 0; level += 1) {
    const full = Math.floor(hashes / tileWidth)
    for (let index = 0; index < full; index += 1) yield { level, index, width: tileWidth }
    if (hashes % tileWidth > 0) yield { level, index: full, width: hashes % tileWidth }
    hashes = full
  }
}

/**
 * The nodes of a tree of which only the tiles are kept: the levels between are hashed when they are asked
 * for, at most 255 hashes for a whole proof.
 *
 * @param tile the bytes of a tile, at least as far as the tree goes
 */
export function nodesOfTiles(tile: (level: number, index: number) => Uint8Array): NodeReader {
  return (level, index) => {
    const above = level % tileHeight
    const first = index * 2 ** above
    const bytes = tile((level - above) / tileHeight, Math.floor(first / tileWidth))
    const start = first % tileWidth
    return rootOf(hashesOf(bytes, start, start + 2 ** above))
  }
}

/**
 * Entries one after another, each after its length in two bytes, big-endian (C2SP tlog-tiles, Log entries).
 *
 * @throws RangeError for more than 256 entries, or one over 65,535 bytes
 */
export function encodeEntries(entries: readonly Uint8Array[]): Buffer {
  if (entries.length > tileWidth) throw new RangeError(`${entries.length} entries are no bundle`)
  const parts = entries.flatMap((entry) => {
    if (entry.length > 0xffff) throw new RangeError(`an entry of ${entry.length} bytes is too long`)
    const length = Buffer.alloc(2)
    length.writeUInt16BE(entry.length)
    return [length, entry]
  })
  return Buffer.concat(parts)
}

/**
 * Reads the entries of a bundle.
 *
 * @returns null when the bytes end within an entry, or there are more than 256
 */
export function decodeEntries(bytes: Uint8Array): Buffer[] | null {
  const bundle = Buffer.from(bytes)
  const entries: Buffer[] = []
  let at = 0
  while (at < bundle.length) {
    if (at + 2 > bundle.length || entries.length === tileWidth) return null
    const end = at + 2 + bundle.readUInt16BE(at)
    if (end > bundle.length) return null
    entries.push(bundle.subarray(at + 2, end))
    at = end
  }
  return entries
}

function hashesOf(bytes: Uint8Array, start: number, end: number): Hash[] {
  if (bytes.length < end * hashLength) throw new RangeError(`the tile has no hash ${end - 1}`)
  return Array.from({ length: end - start }, (_, offset) => {
    const at = (start + offset) * hashLength
    return Buffer.from(bytes.subarray(at, at + hashLength))
  })
}

import { hash } from 'node:crypto'
import type { Hash } from '../../src/proof/merkle.ts'
import type { MapLeaf, MapNode, MapNodes } from '../../src/proof/stream-map.ts'

/** SHA-256 of the parts, one after another. */
export const sha256 = (...parts: (string | Buffer)[]) =>
  hash('sha256', Buffer.concat(parts.map((part) => Buffer.from(part))), 'buffer')

/** A map whose nodes are kept in memory, where they can be looked at. */
export function memory(): MapNodes & { stored: Map<string, MapNode>; reads: () => number } {
  const stored = new Map<string, MapNode>()
  let reads = 0
  return {
    stored,
    reads: () => reads,
    get: (path) => {
      reads += 1
      return stored.get(path) ?? null
    },
    set: (path, node) => void stored.set(path, node),
  }
}

/** The root by the definition, on texts of bits: written once more, without looking at the other. */
export function naiveRoot(leaves: readonly MapLeaf[]): Hash {
  const digits = (hex: string) => [...hex].map((digit) => parseInt(digit, 16).toString(2))
  const placed = leaves.map((leaf) => ({
    leaf,
    bits: digits(leaf.key.toString('hex'))
      .map((digit) => digit.padStart(4, '0'))
      .join(''),
  }))
  return below(placed, '')
  function below(some: typeof placed, path: string): Hash {
    if (some.length === 0) return Buffer.alloc(32)
    if (some.length > 1) {
      const side = (to: string) =>
        below(
          some.filter(({ bits }) => bits.startsWith(to)),
          to,
        )
      return sha256('\u0001', side(`${path}0`), side(`${path}1`))
    }
    const { key, events, newest } = some[0]!.leaf
    return sha256('\u0000custody head v1\n', key, `${events}\n`, newest)
  }
}

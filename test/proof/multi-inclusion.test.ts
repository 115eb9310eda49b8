import { describe, expect, it } from 'vitest'
import { append, emptyFrontier, hashLeaf, inclusionPath, rootOf } from '../../src/proof/merkle.ts'
import {
  subtreesBeside,
  subtreesOfPath,
  verifyMultiInclusion,
  type MultiInclusionClaim,
} from '../../src/proof/multi-inclusion.ts'
import type { Hash, NodeReader } from '../../src/proof/merkle.ts'
import { randomFrom, seed as seedOf } from '../support/seed.ts'

const seed = seedOf()

/** A tree of a size, its leaves, and any node of it. */
function treeOf(size: number): { leaves: Hash[]; node: NodeReader; root: Hash } {
  const leaves = Array.from({ length: size }, (_, index) => hashLeaf(Buffer.from(`leaf ${index}`)))
  const nodes = new Map<string, Hash>()
  let frontier = emptyFrontier
  for (const leaf of leaves) {
    frontier = append(frontier, leaf, (level, index, hash) => nodes.set(`${level}/${index}`, hash))
  }
  return { leaves, node: (level, index) => nodes.get(`${level}/${index}`)!, root: rootOf(leaves) }
}

/** The claim about some leaves, with hashes by the definition of the root. */
function claimOf(size: number, indexes: readonly number[]): MultiInclusionClaim {
  const { leaves, root } = treeOf(size)
  const hashes = subtreesBeside(indexes, size).map(({ start, end }) =>
    rootOf(leaves.slice(start, end)),
  )
  return { leaves: indexes.map((index) => ({ index, leaf: leaves[index]! })), size, root, hashes }
}

function someOf(random: () => number, size: number, chance: number): number[] {
  const all = Array.from({ length: size }, (_, index) => index)
  const some = all.filter(() => random() < chance)
  return some.length > 0 ? some : [Math.floor(random() * size)]
}

describe(`an inclusion proof of many leaves (seed ${seed})`, () => {
  it('proves any choice of leaves of every small tree', () => {
    for (let size = 1; size <= 10; size += 1) {
      for (let choice = 1; choice < 2 ** size; choice += 1) {
        const indexes = Array.from({ length: size }, (_, index) => index).filter(
          (index) => (choice >> index) % 2 === 1,
        )
        expect(verifyMultiInclusion(claimOf(size, indexes))).toBeNull()
      }
    }
  })

  it('needs no hash for all leaves, and for one those of its inclusion path', () => {
    const { node } = treeOf(300)
    const all = Array.from({ length: 300 }, (_, index) => index)
    expect(claimOf(300, all).hashes).toEqual([])
    for (const index of [0, 1, 127, 128, 255, 256, 298, 299]) {
      const path = inclusionPath(index, 300, node)
      const places = subtreesOfPath(index, 300)
      const sorted = places
        .map(({ start }, at) => ({ start, hash: path[at]! }))
        .toSorted((one, other) => one.start - other.start)
      expect(claimOf(300, [index]).hashes).toEqual(sorted.map(({ hash }) => hash))
    }
  })

  it('finds every hash it needs on the paths of the leaves at the ends of runs', () => {
    const random = randomFrom(seed)
    for (let round = 0; round < 200; round += 1) {
      const size = 1 + Math.floor(random() * 500)
      const indexes = someOf(random, size, random())
      const chosen = new Set(indexes)
      const ends = indexes.filter((index) => !chosen.has(index - 1) || !chosen.has(index + 1))
      const known = new Set(
        ends
          .flatMap((index) => subtreesOfPath(index, size))
          .map(({ start, end }) => `${start}-${end}`),
      )
      for (const { start, end } of subtreesBeside(indexes, size)) {
        expect(known.has(`${start}-${end}`)).toBe(true)
      }
    }
  })

  it('refuses any other leaf, place, hash, size or root, and any hash too many or too few', () => {
    const random = randomFrom(seed + 1)
    for (let round = 0; round < 300; round += 1) {
      const size = 2 + Math.floor(random() * 200)
      const claim = claimOf(size, someOf(random, size, random()))
      for (const changed of changesOf(random, claim)) {
        expect(verifyMultiInclusion(changed)).not.toBeNull()
      }
    }
  })

  it('says what is wrong with what is no claim, and never throws', () => {
    const claim = claimOf(5, [1, 3])
    const cases: readonly [string, object][] = [
      ['malformed-size', { size: 1.5 }],
      ['malformed-size', { size: 2 ** 53 }],
      ['malformed-proof', { leaves: [] }],
      ['malformed-proof', { leaves: null }],
      ['malformed-proof', { hashes: 'none' }],
      ['malformed-index', { leaves: [claim.leaves[1], claim.leaves[0]] }],
      ['malformed-index', { leaves: [claim.leaves[0], claim.leaves[0]] }],
      ['malformed-index', { leaves: [null] }],
      ['malformed-index', { leaves: [{ ...claim.leaves[0], index: -1 }] }],
      ['index-out-of-range', { size: 3 }],
      ['malformed-hash', { leaves: [{ index: 1, leaf: Buffer.alloc(31) }] }],
      ['malformed-hash', { root: null }],
      ['malformed-hash', { hashes: [undefined, claim.hashes[0]] }],
      ['missing-hash', { size: 2 ** 53 - 1 }],
    ]
    for (const [code, part] of cases) {
      const wrong = verifyMultiInclusion({ ...claim, ...part })
      expect(wrong?.code, JSON.stringify(part)).toBe(code)
    }
  })

  it('does not cut a proof of leaves that the tree does not have', () => {
    for (const indexes of [[], [5], [1, 1], [2, 1], [-1], [0.5]]) {
      expect(() => subtreesBeside(indexes, 5)).toThrow(RangeError)
    }
  })
})

function* changesOf(random: () => number, claim: MultiInclusionClaim) {
  const flip = (hash: Hash) => {
    const changed = Buffer.from(hash)
    changed[Math.floor(random() * 32)]! ^= 1 << Math.floor(random() * 8)
    return changed
  }
  const at = Math.floor(random() * claim.leaves.length)
  const place = claim.leaves[at]!
  yield { ...claim, root: flip(claim.root) }
  yield { ...claim, leaves: claim.leaves.with(at, { ...place, leaf: flip(place.leaf) }) }
  yield { ...claim, leaves: claim.leaves.with(at, { ...place, index: place.index + 1 }) }
  yield { ...claim, hashes: [...claim.hashes, flip(claim.root)] }
  if (claim.leaves.length > 1) yield { ...claim, leaves: claim.leaves.toSpliced(at, 1) }
  if (claim.hashes.length === 0) return
  const beside = Math.floor(random() * claim.hashes.length)
  yield { ...claim, hashes: claim.hashes.with(beside, flip(claim.hashes[beside]!)) }
  yield { ...claim, hashes: claim.hashes.toSpliced(beside, 1) }
}

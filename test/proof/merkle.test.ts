import { describe, expect, it } from 'vitest'
import {
  append,
  consistencyPath,
  frontierAt,
  hashChildren,
  inclusionPath,
  rootOf,
  rootOfFrontier,
  verifyConsistency,
  verifyInclusion,
  type Hash,
} from '../../src/proof/merkle.ts'
import { grown, published } from '../support/merkle-tree.ts'
import { randomFrom, seed } from '../support/seed.ts'

const bytes = (hex: string) => Buffer.from(hex, 'hex')
const hex = (hashes: readonly Hash[]) => hashes.map((hash) => hash.toString('hex'))

describe('a tree hashed by RFC 6962', () => {
  const { node, roots } = grown(published.leaves)

  it('has the published root at every size, by definition and by appending', () => {
    expect(hex(roots)).toEqual(published.roots)
    const sizes = published.roots.map((_, size) => published.leaves.slice(0, size))
    expect(hex(sizes.map(rootOf))).toEqual(published.roots)
  })

  it('has the published inclusion proofs', () => {
    expect(hex(inclusionPath(0, 1, node))).toEqual([])
    expect(hex(inclusionPath(0, 8, node))).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ])
    expect(hex(inclusionPath(5, 8, node))).toEqual([
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ])
    expect(hex(inclusionPath(2, 3, node))).toEqual([
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    ])
    expect(hex(inclusionPath(1, 5, node))).toEqual([
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ])
  })

  it('has the published consistency proofs', () => {
    expect(hex(consistencyPath(1, 1, node))).toEqual([])
    expect(hex(consistencyPath(1, 8, node))).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ])
    expect(hex(consistencyPath(6, 8, node))).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ])
    expect(hex(consistencyPath(2, 5, node))).toEqual([
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ])
  })

  it('proves every leaf and every growth of the published tree', () => {
    for (let size = 0; size <= 8; size += 1) {
      const root = bytes(published.roots[size]!)
      for (let index = 0; index < size; index += 1) {
        const leaf = published.leaves[index]!
        const path = inclusionPath(index, size, node)
        expect(verifyInclusion({ index, size, leaf, root, path })).toBeNull()
      }
      for (let older = 0; older <= size; older += 1) {
        const path = consistencyPath(older, size, node)
        const before = { size: older, root: bytes(published.roots[older]!) }
        expect(verifyConsistency({ older: before, newer: { size, root }, path })).toBeNull()
      }
    }
  })
})

const start = seed()

describe(`trees of 1 to 2,000 random leaves (seed ${start})`, () => {
  const random = randomFrom(start)
  const pick = (below: number) => Math.floor(random() * below)
  const randomHash = () => Buffer.from(Array.from({ length: 32 }, () => pick(256)))
  const leaves = Array.from({ length: 2000 }, randomHash)
  const { node, roots, nodes } = grown(leaves)

  it('have the root of the definition at every size', () => {
    const sizes = Array.from({ length: 200 }, () => 1 + pick(2000))
    for (const size of [...Array(130).keys(), ...sizes, 2000]) {
      expect(roots[size]!.equals(rootOf(leaves.slice(0, size))), `size ${size}`).toBe(true)
    }
  })

  it('are known by their frontier, which grows on from stored nodes', () => {
    for (let times = 0; times < 100; times += 1) {
      const size = pick(2000)
      const frontier = frontierAt(size, node)
      expect(frontier.hashes.length).toBeLessThanOrEqual(11)
      expect(rootOfFrontier(frontier)).toEqual(roots[size])
      expect(rootOfFrontier(append(frontier, leaves[size]!))).toEqual(roots[size + 1])
      expect(rootOfFrontier(frontier), 'appending leaves the old one').toEqual(roots[size])
    }
  })

  it('tell of each complete subtree once', () => {
    // 2000 leaves, 1000 pairs, 500, 250, 125, 62, 31, 15, 7, 3 and 1.
    expect(nodes.size).toBe(3994)
    expect(node(1, 3)).toEqual(hashChildren(leaves[6]!, leaves[7]!))
  })

  it('prove every leaf of every small size and a sample of the large ones', () => {
    const sizes = [...Array(66).keys(), ...Array.from({ length: 40 }, () => 1 + pick(2000)), 2000]
    const unproved: unknown[] = []
    let proved = 0
    for (const size of sizes) {
      const root = roots[size]!
      const step = size < 100 ? 1 : 1 + pick(40)
      for (let index = 0; index < size; index += step) {
        const path = inclusionPath(index, size, node)
        expect(path.length).toBeLessThanOrEqual(Math.ceil(Math.log2(size)))
        const claim = { index, size, leaf: leaves[index]!, root, path }
        proved += 1
        if (verifyInclusion(claim) !== null) unproved.push({ index, size })
      }
    }
    expect(unproved).toEqual([])
    expect(proved).toBeGreaterThan(2145)
  })

  it('prove that they begin with every smaller tree', () => {
    const sizes = [...Array(66).keys(), ...Array.from({ length: 40 }, () => 1 + pick(2000)), 2000]
    const unproved: unknown[] = []
    let proved = 0
    for (const size of sizes) {
      const step = size < 100 ? 1 : 1 + pick(40)
      for (let before = 0; before <= size; before += step) {
        const path = consistencyPath(before, size, node)
        const older = { size: before, root: roots[before]! }
        const claim = { older, newer: { size, root: roots[size]! }, path }
        proved += 1
        if (verifyConsistency(claim) !== null) unproved.push({ before, size })
      }
    }
    expect(unproved).toEqual([])
    expect(proved).toBeGreaterThan(2145)
  })

  it('refuse an inclusion proof with any single bit changed', () => {
    const accepted: unknown[] = []
    for (let times = 0; times < 8; times += 1) {
      const size = 1 + pick(2000)
      const index = pick(size)
      const path = inclusionPath(index, size, node)
      const hashes = [leaves[index]!, roots[size]!, ...path]
      for (let bit = 0; bit < hashes.length * 256; bit += 1) {
        const [leaf, root, ...changed] = flipped(hashes, bit)
        const found = verifyInclusion({ index, size, leaf: leaf!, root: root!, path: changed })
        if (found?.code !== 'wrong-root') accepted.push({ bit, index, size })
      }
    }
    expect(accepted).toEqual([])
  })

  it('refuse a consistency proof with any single bit changed', () => {
    const accepted: unknown[] = []
    for (let times = 0; times < 8; times += 1) {
      const size = 2 + pick(1999)
      const before = 1 + pick(size - 1)
      const path = consistencyPath(before, size, node)
      const hashes = [roots[before]!, roots[size]!, ...path]
      for (let bit = 0; bit < hashes.length * 256; bit += 1) {
        const [olderRoot, newerRoot, ...changed] = flipped(hashes, bit)
        const older = { size: before, root: olderRoot! }
        const found = verifyConsistency({ older, newer: { size, root: newerRoot! }, path: changed })
        if (found?.code !== 'wrong-root') accepted.push({ bit, before, size })
      }
    }
    expect(accepted).toEqual([])
  })

  it('refuse an inclusion proof with a hash more, less, doubled or moved', () => {
    for (let times = 0; times < 200; times += 1) {
      const size = 1 + pick(2000)
      const index = pick(size)
      const path = inclusionPath(index, size, node)
      const claim = { index, size, leaf: leaves[index]!, root: roots[size]! }
      for (const changed of restructured(path, randomHash())) {
        expect(verifyInclusion({ ...claim, path: changed })).not.toBeNull()
      }
      const more = [...path, randomHash()]
      expect(verifyInclusion({ ...claim, path: more })?.code).toBe('extra-hash')
      if (path.length > 0) {
        const fewer = path.slice(0, -1)
        expect(verifyInclusion({ ...claim, path: fewer })?.code).toBe('missing-hash')
      }
    }
  })

  it('refuse a consistency proof with a hash more, less, doubled or moved', () => {
    for (let times = 0; times < 200; times += 1) {
      const size = 1 + pick(2000)
      const before = pick(size + 1)
      const path = consistencyPath(before, size, node)
      const claim = {
        older: { size: before, root: roots[before]! },
        newer: { size, root: roots[size]! },
      }
      for (const changed of restructured(path, randomHash())) {
        expect(verifyConsistency({ ...claim, path: changed })).not.toBeNull()
      }
      const more = [...path, randomHash()]
      expect(verifyConsistency({ ...claim, path: more })?.code).toBe('extra-hash')
      if (path.length > 0) {
        const fewer = path.slice(0, -1)
        expect(verifyConsistency({ ...claim, path: fewer })?.code).toBe('missing-hash')
      }
    }
  })

  it('refuse a proof for another index, size or root', () => {
    for (let times = 0; times < 200; times += 1) {
      const size = 2 + pick(1998)
      const index = pick(size)
      const path = inclusionPath(index, size, node)
      const claim = { index, size, leaf: leaves[index]!, root: roots[size]!, path }
      const other = (index + 1 + pick(size - 1)) % size
      expect(verifyInclusion({ ...claim, index: other })).not.toBeNull()
      expect(verifyInclusion({ ...claim, leaf: leaves[other]! })?.code).toBe('wrong-root')
      expect(verifyInclusion({ ...claim, root: roots[size - 1]! })?.code).toBe('wrong-root')
      const before = 1 + pick(size - 1)
      const growth = {
        older: { size: before, root: roots[before]! },
        newer: { size, root: roots[size]! },
        path: consistencyPath(before, size, node),
      }
      expect(verifyConsistency({ ...growth, older: growth.newer })).not.toBeNull()
      const renumbered = { ...growth.older, size: (before % (size - 1)) + 1 }
      if (renumbered.size === before) continue
      expect(verifyConsistency({ ...growth, older: renumbered })).not.toBeNull()
    }
  })
})

function flipped(hashes: readonly Hash[], bit: number): Hash[] {
  const at = Math.floor(bit / 256)
  return hashes.map((hash, index) => {
    if (index !== at) return hash
    const changed = Buffer.from(hash)
    changed[Math.floor((bit % 256) / 8)]! ^= 1 << (bit % 8)
    return changed
  })
}

/** The path with a hash put in, left out or doubled at every place, and with each two neighbours swapped. */
function restructured(path: readonly Hash[], other: Hash): Hash[][] {
  return [
    ...Array.from({ length: path.length + 1 }, (_, at) => path.toSpliced(at, 0, other)),
    ...path.map((hash, at) => path.toSpliced(at, 0, hash)),
    ...path.map((_, at) => path.toSpliced(at, 1)),
    ...path.slice(1).map((hash, at) => path.toSpliced(at, 2, hash, path[at]!)),
  ]
}

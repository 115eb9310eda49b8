import { describe, expect, it } from 'vitest'
import {
  append,
  consistencyPath,
  emptyRoot,
  frontierAt,
  inclusionPath,
  verifyConsistency,
  verifyInclusion,
  type Hash,
} from '../../src/proof/merkle.ts'
import { grown, published } from '../support/merkle-tree.ts'

describe('malformed claims are refused, and nothing is thrown', () => {
  const { node, roots } = grown(published.leaves)
  const inclusion = {
    index: 5,
    size: 8,
    leaf: published.leaves[5]!,
    root: roots[8]!,
    path: inclusionPath(5, 8, node),
  }
  const consistency = {
    older: { size: 3, root: roots[3]! },
    newer: { size: 8, root: roots[8]! },
    path: consistencyPath(3, 8, node),
  }
  const noCounts = [2 ** 53, -1, 0.5, Number.NaN, Infinity, '5', 5n, null, undefined, {}]
  const noHashes = [
    Buffer.alloc(31),
    Buffer.alloc(33),
    'a'.repeat(32),
    Array(32).fill(1),
    null,
    undefined,
    { length: 32 },
  ]
  const noPaths = [null, undefined, 'path', 4, { length: 3 }, new Set([Buffer.alloc(32)])]

  it('a size or an index that is no count', () => {
    for (const none of noCounts as number[]) {
      expect(verifyInclusion({ ...inclusion, size: none })?.code).toBe('malformed-size')
      expect(verifyInclusion({ ...inclusion, index: none })?.code).toBe('malformed-index')
      const sized = { size: none, root: roots[8]! }
      expect(verifyConsistency({ ...consistency, older: sized })?.code).toBe('malformed-size')
      expect(verifyConsistency({ ...consistency, newer: sized })?.code).toBe('malformed-size')
    }
    const nothing = null as unknown as typeof consistency.older
    expect(verifyConsistency({ ...consistency, older: nothing })?.code).toBe('malformed-size')
  })

  it('an index that the tree does not have, and any leaf of an empty tree', () => {
    expect(verifyInclusion({ ...inclusion, index: 8 })?.code).toBe('index-out-of-range')
    const empty = { ...inclusion, index: 0, size: 0, root: emptyRoot, path: [] }
    expect(verifyInclusion(empty)?.code).toBe('index-out-of-range')
  })

  it('a hash that is none, wherever it stands', () => {
    for (const none of noHashes as Hash[]) {
      expect(verifyInclusion({ ...inclusion, leaf: none })?.code).toBe('malformed-hash')
      expect(verifyInclusion({ ...inclusion, root: none })?.code).toBe('malformed-hash')
      const path = [...inclusion.path.slice(0, 2), none]
      expect(verifyInclusion({ ...inclusion, path })?.code).toBe('malformed-hash')
      expect(verifyConsistency({ ...consistency, path })?.code).toBe('malformed-hash')
      const older = { size: 3, root: none }
      expect(verifyConsistency({ ...consistency, older })?.code).toBe('malformed-hash')
    }
    const holed = [inclusion.path[0]!, , inclusion.path[2]!] as Hash[]
    expect(verifyInclusion({ ...inclusion, path: holed })?.code).toBe('malformed-hash')
  })

  it('a proof that is no list, or longer than any can be', () => {
    for (const path of noPaths as unknown as Hash[][]) {
      expect(verifyInclusion({ ...inclusion, path })?.code).toBe('malformed-proof')
      expect(verifyConsistency({ ...consistency, path })?.code).toBe('malformed-proof')
    }
    const path = Array<Hash>(1_000_000).fill(roots[1]!)
    expect(verifyInclusion({ ...inclusion, path })?.code).toBe('extra-hash')
    expect(verifyConsistency({ ...consistency, path })?.code).toBe('extra-hash')
  })

  it('a tree that shrank', () => {
    const { older, newer, path } = consistency
    expect(verifyConsistency({ older: newer, newer: older, path })?.code).toBe('malformed-size')
    const shorter = { size: 7, root: roots[7]! }
    expect(verifyConsistency({ older: newer, newer: shorter, path })?.code).toBe('malformed-size')
  })

  it('a second root for one size, and a root of nothing that is not', () => {
    const other = { size: 8, root: roots[7]! }
    const same = verifyConsistency({ older: other, newer: consistency.newer, path: [] })
    expect(same?.code).toBe('wrong-root')
    const nothing = { size: 0, root: roots[1]! }
    const from = verifyConsistency({ older: nothing, newer: consistency.newer, path: [] })
    expect(from?.code).toBe('wrong-root')
    const both = verifyConsistency({ older: nothing, newer: nothing, path: [] })
    expect(both?.code).toBe('wrong-root')
  })

  it('a proof where there is nothing to prove', () => {
    const empty = { size: 0, root: emptyRoot }
    const path = [roots[1]!]
    const { newer } = consistency
    expect(verifyConsistency({ older: empty, newer, path })?.code).toBe('extra-hash')
    expect(verifyConsistency({ older: newer, newer, path })?.code).toBe('extra-hash')
    expect(verifyConsistency({ older: newer, newer, path: [] })).toBeNull()
    expect(verifyConsistency({ older: empty, newer, path: [] })).toBeNull()
    const missing = verifyConsistency({ ...consistency, path: [] })
    expect(missing?.code).toBe('missing-hash')
  })

  it('and the largest size that a number can say still has an answer', () => {
    const size = Number.MAX_SAFE_INTEGER
    const path = Array<Hash>(53).fill(roots[1]!)
    expect(verifyInclusion({ ...inclusion, index: 0, size, path })?.code).toBe('wrong-root')
    const last = { ...inclusion, index: size - 1, size, path: path.slice(0, 52) }
    expect(verifyInclusion(last)?.code).toBe('wrong-root')
    expect(verifyInclusion({ ...last, path })?.code).toBe('extra-hash')
  })
})

describe('cutting a proof that no tree has', () => {
  const { node } = grown(published.leaves)

  it('is a mistake of the caller', () => {
    expect(() => inclusionPath(8, 8, node)).toThrow(RangeError)
    expect(() => inclusionPath(0, 0, node)).toThrow(RangeError)
    expect(() => inclusionPath(0, 2 ** 53, node)).toThrow(RangeError)
    expect(() => consistencyPath(8, 7, node)).toThrow(RangeError)
    expect(() => frontierAt(-1, node)).toThrow(RangeError)
    const full = { size: Number.MAX_SAFE_INTEGER, hashes: [] }
    expect(() => append(full, emptyRoot)).toThrow('full')
  })
})

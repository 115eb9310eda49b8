import { describe, expect, it } from 'vitest'
import type { Hash } from '../../src/proof/merkle.ts'
import {
  emptyMapRoot,
  mapRoot,
  proveHead,
  streamKey,
  updateMap,
  verifyHead,
  type HeadProof,
  type MapLeaf,
  type StreamHead,
} from '../../src/proof/stream-map.ts'
import { memory, naiveRoot, sha256 } from '../support/map-model.ts'
import { randomFrom, seed } from '../support/seed.ts'

const start = seed()
const random = randomFrom(start)
const pick = (below: number) => Math.floor(random() * below)
const headOf = (events: number, from = String(events)): StreamHead => ({
  events,
  newest: sha256(`leaf ${from}`),
})
const leafOf = (stream: string, head: StreamHead): MapLeaf => ({ key: streamKey(stream), ...head })
const leavesOf = (heads: ReadonlyMap<string, StreamHead>) =>
  [...heads].map(([stream, head]) => leafOf(stream, head))

/** Streams whose keys begin with many bits the same, found by trying. */
function colliding(count: number, bits: number): string[] {
  const wanted = prefix('stream 0')
  const found: string[] = []
  for (let number = 0; found.length < count; number += 1) {
    if (prefix(`stream ${number}`) === wanted) found.push(`stream ${number}`)
  }
  return found
  function prefix(stream: string): number {
    return streamKey(stream).readUInt32BE() >>> (32 - bits)
  }
}

describe('the map of the heads of streams', () => {
  it('of no stream is 32 zero bytes, and of one is its leaf', () => {
    const nodes = memory()
    expect(updateMap(nodes, [])).toEqual(emptyMapRoot)
    expect(mapRoot([])).toEqual(Buffer.alloc(32))
    const leaf = leafOf('subject-shop.example/1', headOf(3))
    const root = updateMap(nodes, [leaf])
    expect(root).toEqual(
      sha256(
        Buffer.of(0),
        'custody head v1\n',
        sha256('custody stream v1\nsubject-shop.example/1'),
        '3\n',
        sha256('leaf 3'),
      ),
    )
    expect(updateMap(nodes, [])).toEqual(root)
    expect([...nodes.stored.keys()]).toEqual([''])
  })

  it(`has the root of the definition after every batch (seed ${start})`, () => {
    for (let map = 0; map < 20; map += 1) {
      const nodes = memory()
      const heads = new Map<string, StreamHead>()
      for (let batch = 0; batch < 20; batch += 1) {
        const changed = new Map<string, StreamHead>()
        for (let times = pick(30); times > 0; times -= 1) {
          const stream = `stream ${pick(200)}`
          changed.set(stream, headOf((heads.get(stream)?.events ?? 0) + 1 + pick(5)))
        }
        for (const [stream, head] of changed) heads.set(stream, head)
        const root = updateMap(nodes, leavesOf(changed))
        expect(root).toEqual(naiveRoot(leavesOf(heads)))
        expect(root).toEqual(mapRoot(leavesOf(heads)))
      }
    }
  })

  it('has one root, and one set of nodes, whatever the order and the batches', () => {
    const leaves = Array.from({ length: 300 }, (_, index) =>
      leafOf(`stream ${index}`, headOf(1 + (index % 7))),
    )
    const nodesOf = (batch: number) => {
      const nodes = memory()
      const shuffled = leaves.toSorted(() => random() - 0.5)
      let root = emptyMapRoot
      for (let at = 0; at < shuffled.length; at += batch) {
        root = updateMap(nodes, shuffled.slice(at, at + batch))
      }
      return {
        root,
        stored: [...nodes.stored].toSorted(([one], [other]) => (one < other ? -1 : 1)),
      }
    }
    const once = nodesOf(300)
    for (const batch of [1, 2, 7, 299]) expect(nodesOf(batch)).toEqual(once)
  })

  it('keeps streams apart whose keys begin alike', () => {
    const streams = colliding(4, 16)
    const nodes = memory()
    const leaves = streams.map((stream) => leafOf(stream, headOf(1)))
    for (const leaf of leaves) updateMap(nodes, [leaf])
    const root = updateMap(nodes, [])
    expect(root).toEqual(naiveRoot(leaves))
    for (const stream of streams) {
      const { head, proof } = proveHead(nodes, stream)
      expect(proof.siblings.length).toBeGreaterThan(16)
      expect(verifyHead(root, stream, head, proof)).toBeNull()
    }
  })

  it('keeps about two nodes a stream, and hashes shared ones once', () => {
    const nodes = memory()
    const leaves = Array.from({ length: 4096 }, (_, index) => leafOf(`s ${index}`, headOf(1)))
    updateMap(nodes, leaves)
    expect(nodes.stored.size / leaves.length).toBeLessThan(2.6)
    const before = nodes.reads()
    updateMap(
      nodes,
      leaves.map((leaf) => ({ ...leaf, events: 2 })),
    )
    expect(nodes.reads() - before).toBeLessThanOrEqual(nodes.stored.size)
  })

  it('takes no stream twice at once, and no head that is none', () => {
    const leaf = leafOf('a', headOf(1))
    const wrong = [
      [leaf, leaf],
      [{ ...leaf, events: 0 }],
      [{ ...leaf, events: 0.5 }],
      [{ ...leaf, newest: Buffer.alloc(31) }],
      [{ ...leaf, key: Buffer.alloc(33) }],
      [leafOf('b', headOf(1)), { ...leaf, key: Buffer.alloc(0) }],
    ]
    for (const leaves of wrong) {
      const nodes = memory()
      expect(() => updateMap(nodes, leaves)).toThrow(RangeError)
      expect(nodes.stored.size).toBe(0)
      expect(() => mapRoot(leaves)).toThrow(RangeError)
    }
  })
})

describe('the head of a stream', () => {
  const nodes = memory()
  const heads = new Map<string, StreamHead>(
    Array.from({ length: 500 }, (_, index) => [`stream ${index}`, headOf(1 + pick(50))]),
  )
  const root = updateMap(nodes, leavesOf(heads))
  const codeOf = (stream: string, head: StreamHead | null, proof: HeadProof, of = root) =>
    verifyHead(of, stream, head, proof)?.code ?? null

  it('is proved for every stream, and is what was put in', () => {
    for (const [stream, head] of heads) {
      const proved = proveHead(nodes, stream)
      expect(proved.head).toEqual(head)
      expect(codeOf(stream, head, proved.proof)).toBeNull()
    }
  })

  it('is proved not to be for streams that there are not', () => {
    const ends = new Set<boolean>()
    for (let number = 500; number < 1500; number += 1) {
      const { head, proof } = proveHead(nodes, `stream ${number}`)
      expect(head).toBeNull()
      expect(codeOf(`stream ${number}`, null, proof)).toBeNull()
      ends.add(proof.other === null)
    }
    expect(ends.size, 'ways that end at nothing, and at another stream').toBe(2)
    const none = proveHead(memory(), 'stream 1')
    expect(none).toEqual({ head: null, proof: { siblings: [], other: null } })
    expect(codeOf('stream 1', null, none.proof, emptyMapRoot)).toBeNull()
  })

  it('with an event withheld, another newest or no stream at all is refused', () => {
    for (const [stream, head] of heads) {
      const { proof } = proveHead(nodes, stream)
      const older = { ...head, events: head.events - 1 }
      expect(codeOf(stream, older, proof)).toBe(older.events > 0 ? 'wrong-root' : 'malformed-head')
      expect(codeOf(stream, { ...head, newest: sha256('other') }, proof)).toBe('wrong-root')
      expect(codeOf(stream, null, proof)).toBe('wrong-root')
      expect(codeOf(`${stream}0`, head, proof)).not.toBeNull()
    }
  })

  it('of the time before is refused by the root after', () => {
    const changing = memory()
    updateMap(changing, leavesOf(heads))
    const before = proveHead(changing, 'stream 7')
    const after = updateMap(changing, [leafOf('stream 7', headOf(1000))])
    expect(codeOf('stream 7', before.head, before.proof, after)).toBe('wrong-root')
    const now = proveHead(changing, 'stream 7')
    expect(now.head?.events).toBe(1000)
    expect(codeOf('stream 7', now.head, now.proof, after)).toBeNull()
    expect(codeOf('stream 7', now.head, now.proof, root)).toBe('wrong-root')
  })

  it('cannot be denied by pointing at another stream', () => {
    const denied: string[] = []
    for (const stream of heads.keys()) {
      for (const other of ['stream 3', 'stream 4', 'stream 1499']) {
        if (other === stream) continue
        if (codeOf(stream, null, proveHead(nodes, other).proof) === null) denied.push(stream)
        const leaf = heads.get(other) && leafOf(other, heads.get(other)!)
        const { siblings } = proveHead(nodes, stream).proof
        if (leaf && codeOf(stream, null, { siblings, other: leaf }) === null) denied.push(stream)
        const own = leafOf(stream, heads.get(stream)!)
        if (codeOf(stream, null, { siblings, other: own }) === null) denied.push(stream)
      }
    }
    expect(denied).toEqual([])
  })

  it('with any bit of its proof changed is refused', () => {
    const absent = Array.from({ length: 50 }, (_, index) => `stream ${600 + index}`)
    const beside = absent.find((stream) => proveHead(nodes, stream).proof.other)!
    const nothing = absent.find((stream) => !proveHead(nodes, stream).proof.other)!
    const accepted: unknown[] = []
    for (const stream of ['stream 0', 'stream 1', beside, nothing]) {
      const { head, proof } = proveHead(nodes, stream)
      expect(proof.siblings.length).toBeGreaterThan(5)
      for (let bit = 0; bit < proof.siblings.length * 256; bit += 1) {
        const siblings = proof.siblings.map((each) => Buffer.from(each))
        siblings[bit >> 8]![(bit & 255) >> 3]! ^= 1 << (bit & 7)
        if (codeOf(stream, head, { ...proof, siblings }) === null) accepted.push({ stream, bit })
      }
      for (let bit = 0; proof.other && bit < 256; bit += 1) {
        for (const field of ['key', 'newest'] as const) {
          const changed = Buffer.from(proof.other[field])
          changed[bit >> 3]! ^= 1 << (bit & 7)
          const other = { ...proof.other, [field]: changed }
          if (codeOf(stream, head, { ...proof, other }) === null) accepted.push({ stream, field })
        }
      }
    }
    expect(accepted).toEqual([])
  })

  it('with a hash more, less, doubled or moved is refused', () => {
    for (let number = 0; number < 700; number += 7) {
      const stream = `stream ${number}`
      const { head, proof } = proveHead(nodes, stream)
      const { siblings } = proof
      const others = [
        ...siblings.map((_, at) => siblings.toSpliced(at, 1)),
        ...siblings.map((each, at) => siblings.toSpliced(at, 0, each)),
        ...siblings.map((_, at) => siblings.toSpliced(at, 0, sha256('more'))),
        ...siblings.map((_, at) => siblings.toSpliced(at, 0, emptyMapRoot)),
        [...siblings, emptyMapRoot],
        siblings.toReversed(),
        [],
      ]
      for (const changed of others) {
        expect(codeOf(stream, head, { ...proof, siblings: changed })).not.toBeNull()
      }
    }
  })

  it('in a map that a log has built wrong is refused, though the hashes lead to its root', () => {
    const startsWith = (bit: number) =>
      [...heads.keys()].find((stream) => streamKey(stream)[0]! >>> 7 === bit)!
    const [left, right] = [startsWith(0), startsWith(1)]
    const leaf = leafOf(right, heads.get(right)!)
    const hashed = mapRoot([leaf])
    const alone = sha256('\u0001', emptyMapRoot, hashed)
    const siblings = [emptyMapRoot]
    expect(codeOf(right, heads.get(right)!, { siblings, other: null }, alone)).toBe(
      'malformed-proof',
    )
    const misplaced = sha256('\u0001', hashed, sha256('a'))
    const denial = { siblings: [sha256('a')], other: leaf }
    expect(codeOf(left, null, denial, misplaced)).toBe('malformed-proof')
    expect(codeOf(right, heads.get(right)!, { ...denial, other: null }, misplaced)).toBe(
      'wrong-root',
    )
  })

  it('that is there has no other stream in its place', () => {
    const alone = leafOf('a', headOf(2))
    const proof = { siblings: [], other: leafOf('b', headOf(1)) }
    expect(codeOf('a', headOf(2), proof, mapRoot([alone]))).toBe('malformed-proof')
  })

  it('in a malformed proof is refused, and nothing is thrown', () => {
    const { head, proof } = proveHead(nodes, 'stream 0')
    const long = Array<Hash>(257).fill(sha256('a'))
    const proofs = [
      null,
      undefined,
      {},
      { siblings: null, other: null },
      { siblings: 'text', other: null },
      { ...proof, siblings: long },
      { ...proof, siblings: [...proof.siblings.slice(1), null] },
      { ...proof, siblings: [...proof.siblings.slice(1), Buffer.alloc(31)] },
      { ...proof, siblings: Array<Hash>(3) },
      { siblings: proof.siblings },
      { ...proof, other: {} },
      { ...proof, other: { ...leafOf('stream 1', headOf(1)), key: Buffer.alloc(31) } },
      { ...proof, other: { ...leafOf('stream 1', headOf(1)), events: 2 ** 53 } },
      { ...proof, other: leafOf('stream 1', headOf(1)) },
    ] as HeadProof[]
    for (const other of proofs) {
      expect(codeOf('stream 0', head, other)).toMatch(/malformed|extra/)
      expect(codeOf('stream 0', null, other)).toMatch(/malformed|extra/)
    }
    const noHeads = [{}, { events: 0, newest: emptyMapRoot }, { events: 1, newest: 'text' }, 4]
    for (const none of noHeads as StreamHead[]) {
      expect(codeOf('stream 0', none, proof)).toMatch(/malformed/)
    }
    expect(codeOf('stream 0', head, proof, Buffer.alloc(31))).toBe('malformed-hash')
    const plain = { siblings: proof.siblings.map((each) => new Uint8Array(each)), other: null }
    expect(codeOf('stream 0', head, plain as unknown as HeadProof)).toBeNull()
  })
})

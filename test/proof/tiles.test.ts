import { describe, expect, it } from 'vitest'
import {
  append,
  consistencyPath,
  emptyFrontier,
  hashLeaf,
  inclusionPath,
  rootOf,
  verifyConsistency,
  verifyInclusion,
  type Hash,
} from '../../src/proof/merkle.ts'
import {
  decodeEntries,
  encodeEntries,
  holdsTile,
  nodesOfTiles,
  parseTilePath,
  tilePath,
  tilesOf,
  type Tile,
} from '../../src/proof/tiles.ts'
import { randomFrom, seed } from '../support/seed.ts'

const start = seed()
const random = randomFrom(start)
const pick = (below: number) => Math.floor(random() * below)

describe('the path of a tile', () => {
  it('is as the specification shows it', () => {
    const paths: [Tile, string][] = [
      [{ level: 0, index: 0, width: 256 }, 'tile/0/000'],
      [{ level: 0, index: 1234067, width: 256 }, 'tile/0/x001/x234/067'],
      [{ level: 1, index: 17, width: 112 }, 'tile/1/017.p/112'],
      [{ level: 63, index: 1000, width: 1 }, 'tile/63/x001/000.p/1'],
      [{ level: 'entries', index: 999, width: 255 }, 'tile/entries/999.p/255'],
    ]
    for (const [tile, path] of paths) {
      expect(tilePath(tile)).toBe(path)
      expect(parseTilePath(path)).toEqual(tile)
    }
  })

  it(`is read back as it was written, for any tile (seed ${start})`, () => {
    for (let times = 0; times < 2000; times += 1) {
      const index = Math.floor(2 ** (random() * 53)) % 2 ** 53
      const level = random() < 0.2 ? 'entries' : pick(64)
      const tile: Tile = { level, index, width: 1 + pick(256) }
      expect(parseTilePath(tilePath(tile))).toEqual(tile)
    }
  })

  it('is no other', () => {
    const none = [
      '',
      'tile',
      'tile/0',
      'tile/0/',
      'tile/0/0',
      'tile/0/00',
      'tile/0/0000',
      'tile/00/000',
      'tile/64/000',
      'tile/-1/000',
      'tile/data/000',
      '/tile/0/000',
      'tile/0/000/',
      'tile/0/000\n',
      'tile/0/x000/000',
      'tile/0/x001',
      'tile/0/001/234',
      'tile/0/x001/x234',
      'tile/0/000.p',
      'tile/0/000.p/',
      'tile/0/000.p/0',
      'tile/0/000.p/01',
      'tile/0/000.p/256',
      'tile/0/000.p/999',
      'tile/0/000.p/1/',
      'tile/0/../000',
      'tile/0/x009/x007/x199/x254/x740/993',
      `tile/0/${'x999/'.repeat(200)}999`,
    ]
    for (const path of none) expect(parseTilePath(path), path).toBeNull()
  })
})

describe('the tiles of a size', () => {
  it('are as the specification counts them', () => {
    const tiles = [...tilesOf(70_000)]
    const countOf = (level: number, full: boolean) =>
      tiles.filter((tile) => tile.level === level && (tile.width === 256) === full).length
    expect([countOf(0, true), countOf(1, true), countOf(2, true)]).toEqual([273, 1, 0])
    expect(tiles.filter(({ width }) => width < 256)).toEqual([
      { level: 0, index: 273, width: 112 },
      { level: 1, index: 1, width: 17 },
      { level: 2, index: 0, width: 1 },
    ])
    expect([...tilesOf(256)]).toEqual([
      { level: 0, index: 0, width: 256 },
      { level: 1, index: 0, width: 1 },
    ])
    expect([...tilesOf(0)]).toEqual([])
  })

  it('are the ones it holds, and every narrower one, and no wider', () => {
    for (let times = 0; times < 50; times += 1) {
      const size = 1 + pick(200_000)
      for (const tile of tilesOf(size)) {
        expect(holdsTile(size, tile)).toBe(true)
        if (tile.width === 256) continue
        expect(holdsTile(size, { ...tile, width: tile.width + 1 })).toBe(false)
        expect(holdsTile(size, { ...tile, index: tile.index + 1, width: 1 })).toBe(false)
      }
      expect(holdsTile(size, { level: 63, index: 0, width: 1 })).toBe(false)
      const last = { level: 'entries', index: Math.floor(size / 256), width: size % 256 } as const
      expect(holdsTile(size, last)).toBe(true)
      expect(holdsTile(size, { ...last, width: last.width + 1 })).toBe(false)
    }
  })
})

describe('a tree of which only the tiles are kept', () => {
  const size = 66_000
  const leaves = Array.from({ length: size }, (_, index) => hashLeaf(Buffer.from(String(index))))
  const levels: Hash[][] = []
  let frontier = emptyFrontier
  for (const leaf of leaves) {
    frontier = append(frontier, leaf, (level, index, hash) => {
      if (level % 8 === 0) (levels[level / 8] ??= [])[index] = hash
    })
  }
  const node = nodesOfTiles((level, index) =>
    Buffer.concat(levels[level]!.slice(index * 256, (index + 1) * 256)),
  )
  const root = rootOf(leaves)

  it('still has every proof', () => {
    const samples = Array.from({ length: 40 }, () => pick(size))
    for (const index of [0, 1, 255, 256, 65_535, 65_536, size - 1, ...samples]) {
      const path = inclusionPath(index, size, node)
      expect(verifyInclusion({ index, size, leaf: leaves[index]!, root, path })).toBeNull()
    }
    const older = 65_537
    const before = { size: older, root: rootOf(leaves.slice(0, older)) }
    const path = consistencyPath(older, size, node)
    expect(verifyConsistency({ older: before, newer: { size, root }, path })).toBeNull()
  })

  it('says when a tile is too short', () => {
    const short = nodesOfTiles(() => Buffer.alloc(31))
    expect(() => short(0, 0)).toThrow('no hash 0')
  })
})

describe('a bundle of entries', () => {
  it('has the length of each entry before it', () => {
    const bundle = encodeEntries([Buffer.from('one'), Buffer.alloc(0), Buffer.alloc(300, 1)])
    expect(bundle.subarray(0, 9).toString('hex')).toBe(`0003${hexOf('one')}0000012c`)
    expect(decodeEntries(bundle)?.map((entry) => entry.length)).toEqual([3, 0, 300])
    expect(decodeEntries(Buffer.alloc(0))).toEqual([])
  })

  it('is read back, whatever the entries are', () => {
    for (let times = 0; times < 100; times += 1) {
      const entries = Array.from({ length: pick(257) }, () => Buffer.alloc(pick(500), pick(256)))
      expect(decodeEntries(encodeEntries(entries))).toEqual(entries)
    }
    const longest = [Buffer.alloc(65_535, 3)]
    expect(decodeEntries(encodeEntries(longest))).toEqual(longest)
  })

  it('that was cut short is none', () => {
    const bundle = encodeEntries([Buffer.from('one'), Buffer.from('three')])
    const whole = [0, 5, bundle.length]
    for (let end = 0; end < bundle.length; end += 1) {
      const entries = decodeEntries(bundle.subarray(0, end))
      expect(entries === null, `cut at ${end}`).toBe(!whole.includes(end))
    }
    expect(decodeEntries(Buffer.alloc(2 * 257))).toBeNull()
  })

  it('has no more than 256 entries, and none that its length cannot say', () => {
    expect(() => encodeEntries([Buffer.alloc(65_536)])).toThrow('too long')
    expect(() => encodeEntries(Array<Buffer>(257).fill(Buffer.alloc(0)))).toThrow('no bundle')
  })
})

function hexOf(text: string): string {
  return Buffer.from(text).toString('hex')
}

import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { signCheckpoint } from '../../src/proof/checkpoint.ts'
import {
  append,
  emptyFrontier,
  hashLeaf,
  inclusionPath,
  rootOfFrontier,
  type Hash,
} from '../../src/proof/merkle.ts'
import { verifierKey } from '../../src/proof/note.ts'
import { formatTlogProof, parseTlogProof, verifyTlogProof } from '../../src/proof/tlog-proof.ts'

const origin = 'shop.example/custody'
const signer = { name: origin, privateKey: generateKeyPairSync('ed25519').privateKey }
const keys = [verifierKey(signer)]
const entries = Array.from({ length: 13 }, (_, index) => Buffer.from(`entry ${index}`))

const nodes = new Map<string, Hash>()
const frontier = entries.reduce(
  (before, entry) =>
    append(before, hashLeaf(entry), (level, index, hash) => nodes.set(`${level}/${index}`, hash)),
  emptyFrontier,
)
const size = entries.length
const root = rootOfFrontier(frontier)
const checkpoint = signCheckpoint({ origin, size, root, streams: null, others: [] }, signer)
const proofOf = (index: number) => ({
  index,
  path: inclusionPath(index, size, (level, at) => nodes.get(`${level}/${at}`)!),
  checkpoint,
  extra: null,
})
const claim = { entry: entries[7]!, origin, keys }
const text = formatTlogProof(proofOf(7))

describe('the text of a proof', () => {
  it('is a header, the index, the path, an empty line and the checkpoint', () => {
    const { path } = proofOf(7)
    expect(text).toBe(
      `c2sp.org/tlog-proof@v1\nindex 7\n` +
        path.map((hash) => `${hash.toString('base64')}\n`).join('') +
        `\n${checkpoint}`,
    )
  })

  it('is read as it was written, with or without what else was put in', () => {
    expect(parseTlogProof(text)).toEqual(proofOf(7))
    expect(parseTlogProof(Buffer.from(text))).toEqual(proofOf(7))
    const more = { ...proofOf(7), extra: Buffer.from('for the reader') }
    expect(parseTlogProof(formatTlogProof(more))).toEqual(more)
    expect(parseTlogProof(formatTlogProof({ ...more, extra: Buffer.alloc(0) }))?.extra).toEqual(
      Buffer.alloc(0),
    )
    expect(parseTlogProof(formatTlogProof({ ...more, path: [] }))?.path).toEqual([])
  })

  it('reads the example of the specification', () => {
    const example = `c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

— example.com/fancylog hI2DJw==
`
    expect(parseTlogProof(example)).toMatchObject({
      index: 73894,
      extra: Buffer.from('age-v1.2.1-darwin-arm64.tar.gz'),
      path: [{}, {}],
    })
    expect(formatTlogProof(parseTlogProof(example)!)).toBe(example)
  })

  it('is nothing else', () => {
    const malformed = [
      '',
      text.replace('v1', 'v2'),
      ` ${text}`,
      text.replace('index 7', 'index 07'),
      text.replace('index 7', 'index -7'),
      text.replace('index 7', 'index  7'),
      text.replace('index 7', 'index 9007199254740992'),
      text.replace('index 7\n', ''),
      text.replace('index 7\n', '\nindex 7\n'),
      text.replace('index 7', 'extra !\nindex 7'),
      text.replace('index 7', 'extra YQ\nindex 7'),
      text.replace('index 7', 'extra YQ==\nextra YQ==\nindex 7'),
      text.replace('index 7\n', 'index 7\nAAAA\n'),
      text.replace('index 7\n', 'index 7\nnot base64\n'),
      text.replaceAll('\n', '\r\n'),
      `\ud800${text}`,
      `${text}${'a'.repeat(2_000_000)}`,
    ]
    for (const other of malformed) expect(parseTlogProof(other), other.slice(0, 99)).toBeNull()
  })

  it('is not made of an index or a hash that is none', () => {
    expect(() => formatTlogProof({ ...proofOf(7), index: -1 })).toThrow(RangeError)
    expect(() => formatTlogProof({ ...proofOf(7), path: [Buffer.alloc(31)] })).toThrow(RangeError)
  })
})

describe('a proof', () => {
  it('of each entry is verified with the key of the log alone', () => {
    for (const [index, entry] of entries.entries()) {
      const verified = verifyTlogProof(formatTlogProof(proofOf(index)), { ...claim, entry })
      expect(verified).toMatchObject({ ok: true, value: { index, checkpoint: { size } } })
    }
  })

  it('with any bit of any byte changed is refused', () => {
    const bytes = Buffer.from(text)
    const accepted = Array.from({ length: bytes.length * 8 }, (_, bit) => bit).filter((bit) => {
      const changed = Buffer.from(bytes)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      return verifyTlogProof(changed, claim).ok
    })
    expect(accepted).toEqual([])
  })

  it('says what is wrong with it', () => {
    const codeOf = (bytes: string, of = claim) => {
      const outcome = verifyTlogProof(bytes, of)
      return outcome.ok ? null : outcome.problem.code
    }
    expect(codeOf('')).toBe('malformed-proof')
    expect(codeOf(text.trimEnd())).toBe('malformed-note')
    expect(codeOf(text, { ...claim, entry: entries[6]! })).toBe('wrong-root')
    expect(codeOf(text, { ...claim, origin: 'other.example' })).toBe('wrong-origin')
    expect(codeOf(text, { ...claim, keys: [] })).toBe('unknown-signer')
    expect(codeOf(text.replace('index 7', 'index 13'))).toBe('index-out-of-range')
    const { path } = proofOf(7)
    const extra = formatTlogProof({ ...proofOf(7), path: [...path, path[0]!] })
    expect(codeOf(extra)).toBe('extra-hash')
    const missing = formatTlogProof({ ...proofOf(7), path: path.slice(1) })
    expect(codeOf(missing)).toBe('missing-hash')
  })
})

import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { leafEntry, parseLeafEntry, type LeafEvent } from '../../src/proof/leaf.ts'

const event: LeafEvent = {
  stream: 'subject-shop.example/4f1c',
  revision: 12,
  id: '0190f3c4-0000-7000-8000-000000000001',
  type: 'DataCollected',
  body: Buffer.from('{"data":{}}'),
}

describe('the entry of an event', () => {
  it('is these lines, and says of the body only its hash', () => {
    expect(leafEntry(event).toString()).toBe(
      'custody event v1\n' +
        'subject-shop.example/4f1c\n' +
        '12\n' +
        '0190f3c4-0000-7000-8000-000000000001\n' +
        'DataCollected\n' +
        // printf '{"data":{}}' | openssl dgst -sha256 -binary | base64
        'f7nRZtGhW84LnwhfOBiUb9kpfkUTpKA0oM63SSkrTA0=\n',
    )
  })

  it('is read back as what it says', () => {
    const { body, ...rest } = event
    const bodyHash = hash('sha256', body, 'buffer')
    expect(parseLeafEntry(leafEntry(event))).toEqual({ ...rest, bodyHash })
    const first = { ...event, revision: 0, body: Buffer.alloc(0) }
    expect(parseLeafEntry(leafEntry(first))).toMatchObject({ revision: 0 })
  })

  it('differs when any field differs', () => {
    const others: LeafEvent[] = [
      event,
      { ...event, stream: 'subject-shop.example/4f1d' },
      { ...event, revision: 13 },
      { ...event, id: '0190f3c4-0000-7000-8000-000000000002' },
      { ...event, type: 'DataUsed' },
      { ...event, body: Buffer.from('{"data":{} }') },
    ]
    const entries = others.map((other) => leafEntry(other).toString('hex'))
    expect(new Set(entries).size).toBe(others.length)
  })

  it('with any single bit flipped is another entry or none', () => {
    const entry = leafEntry(event)
    const wrong = Array.from({ length: entry.length * 8 }, (_, bit) => bit).filter((bit) => {
      const changed = Buffer.from(entry)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      const parsed = parseLeafEntry(changed)
      if (parsed === null) return false
      const { bodyHash, ...rest } = parsed
      const same = leafEntry({ ...rest, body: event.body }).equals(entry)
      return same && bodyHash.equals(hash('sha256', event.body, 'buffer'))
    })
    expect(wrong).toEqual([])
  })

  it('is not read from anything that would not be written so', () => {
    const text = leafEntry(event).toString()
    const others = [
      '',
      text.slice(0, -1),
      `${text}\n`,
      `${text}more`,
      `${text}more\n`,
      text.replace('v1', 'v2'),
      text.replace('\n12\n', '\n012\n'),
      text.replace('\n12\n', '\n-0\n'),
      text.replace('\n12\n', '\n+12\n'),
      text.replace('\n12\n', '\n1e1\n'),
      text.replace('\n12\n', '\n9007199254740992\n'),
      text.replace('\n12\n', '\n\n'),
      text.replace('\n12\n', '\n12\r\n'),
      text.replace('4f1c', '4f\u00001c'),
      text.replace(/\n[^\n]*\n$/, '\n\n'),
      text.replace(/=\n$/, '\n'),
      text.replace(/\n([^\n]{4})[^\n]*\n$/, '\n$1\n'),
      // The last character of the hash carries four bits only.
      text.replace(/.=\n$/, 'h=\n'),
      text.replaceAll('\n', '\r\n'),
    ]
    for (const other of others) expect(parseLeafEntry(Buffer.from(other)), other).toBeNull()
    const notUtf8 = Buffer.from(text.replace('4f1c', '4fÿc'), 'latin1')
    expect(parseLeafEntry(notUtf8)).toBeNull()
  })

  it('is not made of a field that would read as two, or of a revision that is none', () => {
    for (const stream of ['', 'a\nb', 'a\u0000', '\ud800']) {
      expect(() => leafEntry({ ...event, stream })).toThrow(RangeError)
      expect(() => leafEntry({ ...event, id: stream })).toThrow(RangeError)
      expect(() => leafEntry({ ...event, type: stream })).toThrow(RangeError)
    }
    for (const revision of [-1, 0.5, 2 ** 53, Number.NaN]) {
      expect(() => leafEntry({ ...event, revision })).toThrow(RangeError)
    }
  })
})

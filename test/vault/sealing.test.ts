import { createSecretKey, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Sealed } from '../../src/domain/envelope.ts'
import type { CategoryKey, ControllerId, EventId, Lot, SubjectId } from '../../src/domain/values.ts'
import { isDisclosureOf } from '../../src/proof/commitment.ts'
import { disclose, open, seal, type Place } from '../../src/vault/sealing.ts'
import type { DataKey } from '../../src/vault/vault.ts'
import { seed } from '../support/seed.ts'

const place: Place = {
  controller: 'symphony-commerce' as ControllerId,
  subject: '0123456789abcdef0123456789abcdef' as SubjectId,
  eventId: '0190163d-8694-739b-aea5-966c26f8ad91' as EventId,
  category: 'user.contact.email' as CategoryKey,
  lot: 'orders/2015-02-11' as Lot,
}
const newKey = (id = 'k1'): DataKey => ({ id, key: createSecretKey(randomBytes(32)) })
const key = newKey()
const values = { email: 'ann@example.org', name: 'Ann Smith', age: 41, tags: ['a', 'ü', '🎻'] }

describe('sealed values', () => {
  it('open to what was sealed, whatever JSON says', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue(), { noNullPrototype: true }),
        (record) => {
          const plain = JSON.parse(JSON.stringify(record)) as Record<string, unknown>
          const sealed = seal(place, key, record)
          expect(Sealed.parse(sealed)).toEqual(sealed)
          expect(open(place, key, sealed)).toEqual({ ok: true, values: plain })
        },
      ),
      { numRuns: 500, seed: seed() },
    )
  })

  it('are never twice the same bytes, and say nothing in clear', () => {
    const boxes = new Set(Array.from({ length: 5_000 }, () => seal(place, key, values).box))
    expect(boxes.size).toBe(5_000)
    const nonces = new Set(
      [...boxes].map((box) => Buffer.from(box, 'base64').subarray(1, 13).toString('hex')),
    )
    expect(nonces.size).toBe(5_000)
    const sealed = seal(place, key, values)
    expect(Buffer.from(sealed.box, 'base64').toString('latin1')).not.toContain('ann')
    expect(Buffer.from(sealed.box, 'base64').length).toBe(
      29 + 64 + JSON.stringify(values).length + 3,
    )
  })

  it.each([
    ['controller', { controller: 'other' as ControllerId }],
    ['subject', { subject: 'f'.repeat(32) as SubjectId }],
    ['event', { eventId: '0190163d-8694-739b-aea5-966c26f8ad92' as EventId }],
  ])('do not open under another %s', (_, moved) => {
    const sealed = seal(place, key, values)
    expect(open({ ...place, ...moved }, key, sealed)).toEqual({
      ok: false,
      reason: 'not-authentic',
    })
  })

  it.each([
    ['category', { category: 'user.contact.phone' as CategoryKey }],
    ['lot', { lot: 'orders/2015-02-12' as Lot }],
  ])('do not open under another %s', (_, moved) => {
    const sealed = { ...seal(place, key, values), ...moved }
    expect(open(place, key, sealed)).toEqual({ ok: false, reason: 'not-authentic' })
  })

  it('do not open where parts of one field have moved into its neighbour', () => {
    const shifted = { ...place, controller: 'symphony' as ControllerId }
    const sealed = seal(
      { ...shifted, category: 'a","b' as CategoryKey, lot: 'c' as Lot },
      key,
      values,
    )
    const moved = { ...sealed, category: 'a' as CategoryKey, lot: 'b","c' as Lot }
    expect(open(shifted, key, moved)).toEqual({ ok: false, reason: 'not-authentic' })
  })

  it('say that the key is another one, by its id or by its bytes', () => {
    const sealed = seal(place, key, values)
    expect(open(place, newKey('k2'), sealed)).toEqual({ ok: false, reason: 'another-key' })
    expect(open(place, newKey('k1'), sealed)).toEqual({ ok: false, reason: 'not-authentic' })
    const renamed = { ...sealed, key: 'k2' }
    expect(open(place, { ...key, id: 'k2' }, renamed)).toEqual({
      ok: false,
      reason: 'not-authentic',
    })
  })

  it('do not open when any one bit is flipped, or bytes are missing or added', () => {
    const sealed = seal(place, key, { a: 'b' })
    const box = Buffer.from(sealed.box, 'base64')
    for (let bit = 0; bit < box.length * 8; bit += 1) {
      const altered = Buffer.from(box)
      altered[bit >> 3]! ^= 1 << (bit & 7)
      const opened = open(place, key, { ...sealed, box: altered.toString('base64') })
      expect(opened.ok).toBe(false)
      if (bit >= 8) expect(opened).toEqual({ ok: false, reason: 'not-authentic' })
    }
    for (let length = 0; length < box.length; length += 1) {
      const opened = open(place, key, {
        ...sealed,
        box: box.subarray(0, length).toString('base64'),
      })
      expect(opened.ok).toBe(false)
    }
    const longer = Buffer.concat([box, Buffer.from([0])]).toString('base64')
    expect(open(place, key, { ...sealed, box: longer }).ok).toBe(false)
  })

  it('of an unreadable box are an answer, not an exception', () => {
    for (const box of ['', 'AA==', 'AQ==', Buffer.alloc(29).toString('base64')]) {
      expect(open(place, key, { ...seal(place, key, values), box })).toEqual({
        ok: false,
        reason: 'unknown-format',
      })
    }
  })
})

describe('a disclosure', () => {
  const where = { ...place, key: key.id }

  it('shows what is in one box, and nothing of another', () => {
    const sealed = seal(place, key, values)
    const other = seal(place, key, values)
    const disclosed = disclose(place, key, sealed)
    if (!disclosed.ok) throw new Error(disclosed.reason)
    expect(JSON.parse(disclosed.disclosure.text)).toEqual(values)
    expect(isDisclosureOf(where, sealed.box, disclosed.disclosure)).toBe(true)
    expect(isDisclosureOf(where, other.box, disclosed.disclosure)).toBe(false)
  })

  it('of other values, of another place or in another spelling proves nothing', () => {
    const sealed = seal(place, key, values)
    const disclosed = disclose(place, key, sealed)
    if (!disclosed.ok) throw new Error(disclosed.reason)
    const { opening, text } = disclosed.disclosure
    const wrong = [
      { opening, text: text.replace('Ann', 'Bea') },
      { opening, text: `${text} ` },
      { opening: Buffer.alloc(32).toString('base64'), text },
      { opening: opening.slice(0, -4), text },
      { opening: `${opening} `, text },
      { opening: '', text },
    ]
    for (const one of wrong) expect(isDisclosureOf(where, sealed.box, one)).toBe(false)
    for (const part of ['controller', 'subject', 'eventId', 'category', 'lot', 'key'] as const) {
      const moved = { ...where, [part]: 'other' }
      expect(isDisclosureOf(moved, sealed.box, disclosed.disclosure)).toBe(false)
    }
  })

  it('is refused by every box with one bit flipped before its ciphertext ends', () => {
    const sealed = seal(place, key, { a: 'b' })
    const disclosed = disclose(place, key, sealed)
    if (!disclosed.ok) throw new Error(disclosed.reason)
    const box = Buffer.from(sealed.box, 'base64')
    for (let bit = 13 * 8; bit < 45 * 8; bit += 1) {
      const altered = Buffer.from(box)
      altered[bit >> 3]! ^= 1 << (bit & 7)
      expect(isDisclosureOf(where, altered.toString('base64'), disclosed.disclosure)).toBe(false)
    }
  })
})

describe('a box of the first version', () => {
  // Sealed by the first release, under the key of 32 zero bytes.
  const zero: DataKey = { id: 'k0', key: createSecretKey(Buffer.alloc(32)) }
  const first: Sealed = {
    category: place.category,
    lot: place.lot,
    key: 'k0',
    box: 'AbK1yLJbj7fbGBU8Lt0YcTkMxoBf6FI0PGYomi+ds1lZtt/pFfLsy+CO3nv/8LmC5RYSxfvh19o=',
  }

  it('still opens', () => {
    expect(open(place, zero, first)).toEqual({ ok: true, values: { email: 'ann@example.org' } })
  })

  it('has no commitment that could be shown', () => {
    expect(disclose(place, zero, first)).toEqual({ ok: false, reason: 'unknown-format' })
  })
})

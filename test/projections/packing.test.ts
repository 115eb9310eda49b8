import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  NO_DAY,
  packDay,
  packDigest,
  packEventId,
  packInstant,
  packSubjectId,
  unpackDay,
  unpackDigest,
  unpackEventId,
  unpackInstant,
  unpackSubjectId,
} from '../../src/projections/packing.ts'

const hex = (digits: number) =>
  fc
    .array(fc.integer({ min: 0, max: 15 }), { minLength: digits, maxLength: digits })
    .map((all) => all.map((digit) => digit.toString(16)).join(''))
const moment = fc.date({
  min: new Date('0001-01-01T00:00:00.000Z'),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
})

describe('what is packed', () => {
  it('is unpacked to the character: instants and days', () => {
    fc.assert(
      fc.property(moment, (date) => {
        const instant = date.toJSON() as never
        expect(unpackInstant(packInstant(instant))).toBe(instant)
        const day = date.toJSON().slice(0, 10) as never
        expect(unpackDay(packDay(day))).toBe(day)
        expect(packDay(day)).toBeLessThan(NO_DAY)
      }),
    )
    expect(unpackDay(packDay(null))).toBeNull()
  })

  it('is unpacked to the character: identifiers', () => {
    fc.assert(
      fc.property(hex(32), fc.uuid(), (subject, event) => {
        expect(unpackSubjectId(packSubjectId(subject as never))).toBe(subject)
        expect(unpackEventId(packEventId(event as never))).toBe(event)
      }),
    )
  })

  it('is unpacked to the character: digests in hexadecimal, base64url and any other text', () => {
    const base64url = fc
      .uint8Array({ maxLength: 48 })
      .map((it) => Buffer.from(it).toString('base64url'))
    fc.assert(
      fc.property(fc.oneof(hex(64), hex(7), base64url, fc.string({ maxLength: 64 })), (digest) => {
        expect(unpackDigest(packDigest(digest))).toBe(digest)
      }),
    )
    expect(packDigest('ab'.repeat(32))).toHaveLength(33)
  })
})

import { describe, expect, it } from 'vitest'
import { placeOf, positionOf, recordOf } from '../../../src/ledger/eventstore/wire-event.ts'
import { record, stream } from '../../support/log-records.ts'

const { id, type, body } = record('a text – ünïcödé')
const event = {
  stream: stream('a') as string,
  id: id as string,
  type,
  body: Buffer.from(body) as Uint8Array | null,
  revision: 3n,
  place: { commit: 4_711n, prepare: 4_711n },
}

describe('an event of the server', () => {
  it('is the record that was written, to the byte', () => {
    const expected = { id, type, body, stream: stream('a'), revision: 3, position: 4711 }
    expect(recordOf(event, '')).toEqual(expected)
    expect(recordOf({ ...event, stream: `one/${event.stream}` }, 'one/')).toEqual(expected)
  })

  it.each([
    '$stats-0.0.0.0:2113',
    '$$subject-a/b',
    'subject-of-another',
    'order-a/b',
    'two/subject-a/b',
  ])('is not ours in the stream %s', (name) => {
    expect(recordOf({ ...event, stream: name }, '')).toBe(null)
    expect(recordOf({ ...event, stream: name }, 'one/')).toBe(null)
  })

  it('is refused in a stream of ours when it is no record', () => {
    expect(() => recordOf({ ...event, body: null }, '')).toThrow('not written by Custody')
    expect(() => recordOf({ ...event, id: crypto.randomUUID() }, '')).toThrow()
    expect(() => recordOf({ ...event, body: Buffer.from([0xff]) }, '')).toThrow()
  })
})

describe('a place in the log', () => {
  it('is a position, and a position is a place', () => {
    const largest = BigInt(Number.MAX_SAFE_INTEGER)
    for (const commit of [1n, 4_711n, largest]) {
      const place = { commit, prepare: commit }
      expect(placeOf(positionOf(place, 'it'))).toEqual(place)
    }
  })

  it('is refused where it would be rounded, or would not name one event', () => {
    const refused =
      (commit: bigint, prepare = commit) =>
      () =>
        positionOf({ commit, prepare }, 'it')
    expect(refused(2n ** 53n)).toThrow(RangeError)
    expect(refused(0n)).toThrow(RangeError)
    expect(refused(100n, 90n)).toThrow('committed at 100, written at 90')
    expect(refused(2n ** 64n - 1n)).toThrow('22.6')
    expect(() => positionOf(null, 'it')).toThrow('22.6')
  })
})

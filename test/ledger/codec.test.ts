import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Position, Revision } from '../../src/domain/values.ts'
import { createCodec, decode, encode, UnreadableEvent } from '../../src/ledger/codec.ts'
import type { EventFields } from '../../src/ledger/codec.ts'
import type { EventTypes } from '../../src/ledger/event-types.ts'
import type { LogRecord } from '../../src/ledger/event-log.ts'
import { sampleEnvelope, sampleFields, sampleRecord } from '../support/sample-events.ts'

const record = sampleRecord('DataUsed')
const withBody = (change: (body: Record<string, unknown>) => void): LogRecord => {
  const body = JSON.parse(record.body) as Record<string, unknown>
  change(body)
  return { ...record, body: JSON.stringify(body) }
}

describe('encoding', () => {
  it('leaves out what the record says itself and what is the rule', () => {
    const plain = {
      ...sampleFields('HoldReleased'),
      causation: null,
      policyVersion: null,
      operation: null,
    } as EventFields
    const body = encode({ ...plain, occurredAt: plain.recordedAt })
    expect(body).toBe(
      '{"recordedAt":"2026-01-02T03:04:05.678Z","principal":"import:mail-provider",' +
        '"correlation":"019a5f00-0000-7000-8000-0000000000aa","data":{"reason":"Settled"}}',
    )
    const back = decode({ ...sampleRecord('HoldReleased'), body })
    expect(back).toMatchObject({ ...plain, occurredAt: plain.recordedAt })
  })

  it('gives equal bytes for equal events, in whatever order they were put together', () => {
    const fields = sampleFields('DataUsed')
    const data = Object.fromEntries(Object.entries(fields.data).toReversed())
    expect(encode({ ...fields, data } as EventFields)).toBe(record.body)
  })

  it.each([
    ['data that no schema takes', { data: { reason: 1 } }, /data\.reason/],
    ['a field that is not known', { data: { reason: 'x', more: 1 } }, /Unrecognized key/],
    ['a moment that is none', { recordedAt: '2026-02-30T00:00:00.000Z' }, /recordedAt/],
    ['an older version', { version: 2 }, /version 2 is not the newest/],
    ['an unknown type', { type: 'HoldForgotten' }, /HoldForgotten/],
  ])('refuses %s: it could never be read again', (_, wrong, message) => {
    const fields = { ...sampleFields('HoldReleased'), ...wrong } as EventFields
    expect(() => encode(fields)).toThrow(UnreadableEvent)
    expect(() => encode(fields)).toThrow(message)
  })
})

describe('decoding', () => {
  it('gives the envelope with its place', () => {
    expect(decode(record)).toStrictEqual(sampleEnvelope('DataUsed'))
  })

  it.each<[string, LogRecord, RegExp]>([
    ['an unknown type', { ...record, type: 'DataLost' }, /read DataLost at .*type is not known/],
    ['a version from the future', withBody((body) => (body['version'] = 2)), /version 2 is not/],
    ['a version that is none', withBody((body) => (body['version'] = 'x')), /version NaN/],
    ['what is no JSON', { ...record, body: '{"data":' }, /no JSON/],
    ['what is no object', { ...record, body: '[]' }, /expected object/],
    ['a missing field', withBody((body) => delete body['principal']), /principal: /],
    ['an unknown field', withBody((body) => (body['extra'] = 1)), /extra/],
    ['wrong data', withBody((body) => (body['data'] = { on: 'x' })), /data\.on: .*; data\.mode/],
    ['a stored default', withBody((body) => (body['sealed'] = [])), /sealed: /],
    [
      'a type in a stream of another kind',
      { ...sampleRecord('HoldPlaced'), stream: record.stream },
      /no place in a subject/,
    ],
  ])('refuses %s, and says where it stands', (_, wrong, message) => {
    expect(() => decode(wrong)).toThrow(UnreadableEvent)
    expect(() => decode(wrong)).toThrow(message)
    expect(() => decode(wrong)).toThrow(
      `at position ${wrong.position}, revision ${wrong.revision} of ${wrong.stream}`,
    )
  })
})

describe('older versions', () => {
  const first = z.strictObject({ reason: z.string() })
  const second = z.strictObject({ reasons: z.array(z.string()) })
  const third = z.strictObject({
    reasons: z.array(z.string()).min(1),
    approver: z.string().nullable(),
  })
  const types: EventTypes = new Map([
    [
      'HoldReleased',
      {
        kinds: ['hold'],
        versions: [
          { data: first, upcast: ({ reason }: z.infer<typeof first>) => ({ reasons: [reason] }) },
          {
            data: second,
            upcast: (data: z.infer<typeof second>) => ({ ...data, approver: null }),
          },
          { data: third },
        ],
      },
    ],
  ])
  const codec = createCodec(types)
  const place = { revision: 4 as Revision, position: 77 as Position }
  const stored = (version: number, data: unknown): LogRecord => {
    const body = JSON.parse(sampleRecord('HoldReleased').body) as Record<string, unknown>
    const text = JSON.stringify({ ...(version > 1 ? { version } : {}), ...body, data })
    return { ...sampleRecord('HoldReleased'), ...place, body: text }
  }

  it.each([
    [1, { reason: 'Settled' }, { reasons: ['Settled'], approver: null }],
    [2, { reasons: ['a', 'b'] }, { reasons: ['a', 'b'], approver: null }],
    [3, { reasons: ['a'], approver: 'x' }, { reasons: ['a'], approver: 'x' }],
  ])('of version %i are read as the newest', (version, data, newest) => {
    const envelope = codec.decode(stored(version, data))
    expect(envelope).toMatchObject({ type: 'HoldReleased', version: 3, data: newest })
  })

  it('are parsed by their own schema before they are changed', () => {
    expect(() => codec.decode(stored(1, { reasons: ['a'] }))).toThrow(/data\.reason: /)
    expect(() => codec.decode(stored(2, { reasons: ['a'], approver: null }))).toThrow(/approver/)
  })

  it('must become what the next version takes', () => {
    expect(() => codec.decode(stored(2, { reasons: [] }))).toThrow(
      /couldn't read HoldReleased at position 77, revision 4 of hold-.*the upcast of version 2 gave/,
    )
  })

  it('beyond the newest are refused', () => {
    expect(() => codec.decode(stored(4, {}))).toThrow(/version 4 is not known/)
  })

  it('are never written: only the newest is', () => {
    const envelope = codec.decode(stored(1, { reason: 'Settled' }))
    const body = codec.encode(envelope)
    expect(JSON.parse(body)).toMatchObject({ version: 3, data: { approver: null } })
    expect(codec.decode({ ...sampleRecord('HoldReleased'), ...place, body })).toStrictEqual(
      envelope,
    )
    const old = { ...envelope, version: 1 } as unknown as EventFields
    expect(() => codec.encode(old)).toThrow(/version 1 is not the newest/)
  })
})

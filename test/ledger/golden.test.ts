import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Envelope } from '../../src/domain/envelope.ts'
import { decode, encode } from '../../src/ledger/codec.ts'
import { eventTypes } from '../../src/ledger/event-types.ts'
import type { LogRecord } from '../../src/ledger/event-log.ts'
import { sampleEnvelope, sampleRecord, sampleTypes } from '../support/sample-events.ts'

/**
 * One stored record for each version of each event type, and the envelope it must give for ever. A new
 * version: add its sample and run with CUSTODY_GOLDEN=write, which writes what is missing and never
 * touches what is there. A test that fails here says that a published event no longer reads the same.
 */
const folder = new URL('../golden/events/', import.meta.url)
type Golden = { record: LogRecord; envelope: Envelope }

const versions = [...eventTypes].flatMap(([type, { versions }]) =>
  versions.map((_, index) => ({ type, version: index + 1, newest: versions.length })),
)
const fileOf = (type: string, version: number) => new URL(`${type}.v${version}.json`, folder)
const read = (type: string, version: number): Golden =>
  JSON.parse(readFileSync(fileOf(type, version), 'utf8')) as Golden

if (process.env['CUSTODY_GOLDEN'] === 'write') {
  mkdirSync(folder, { recursive: true })
  for (const type of sampleTypes) {
    const file = fileOf(type, eventTypes.get(type)?.versions.length ?? 1)
    if (existsSync(file)) continue
    const golden = { record: sampleRecord(type), envelope: sampleEnvelope(type) }
    writeFileSync(file, `${JSON.stringify(golden, null, 2)}\n`)
  }
}

describe('golden samples of stored events', () => {
  it('there is one for each version of each type, and no other', () => {
    const wanted = versions.map(({ type, version }) => `${type}.v${version}.json`)
    expect(readdirSync(folder).toSorted()).toEqual(wanted.toSorted())
    expect(sampleTypes.toSorted()).toEqual([...eventTypes.keys()].toSorted())
  })

  it.each(versions)('$type version $version still reads the same', ({ type, version, newest }) => {
    const golden = read(type, version)
    expect(golden.record.type).toBe(type)
    expect(decode(golden.record)).toStrictEqual(golden.envelope)
    if (version !== newest) return
    expect(encode(decode(golden.record))).toBe(golden.record.body)
    expect(sampleRecord(golden.envelope.type)).toEqual(golden.record)
  })
})

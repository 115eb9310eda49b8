import { describe, expect, it } from 'vitest'
import { LONGEST_LINE_BYTES } from '../../src/import/physical-lines.ts'
import { mappingOf, rowsOf } from './support.ts'

const mapping = mappingOf(`
mapping: test
source: test
file: test.ndjson
format: ndjson
timeZone: UTC
times: [iso]
columns: [kind]
rules: [{ records: [] }]
`)

describe('reading NDJSON', () => {
  it('gives each object as it was sent', async () => {
    expect(await rowsOf('{"kind":"a","deep":{"list":[1,"ø"]}}\r\n\n{"kind":"b"}', mapping)).toEqual(
      [
        { line: 1, cells: { kind: 'a', deep: { list: [1, 'ø'] } } },
        { line: 3, cells: { kind: 'b' } },
      ],
    )
  })

  it.each([
    ['{"kind": "a"', 'broken_json'],
    ["{'kind': 'a'}", 'broken_json'],
    ['{"kind": NaN}', 'broken_json'],
    ['["a"]', 'not_an_object'],
    ['null', 'not_an_object'],
    ['17', 'not_an_object'],
    [`${'['.repeat(50_000)}${']'.repeat(50_000)}`, 'not_an_object'],
    [`{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 'too_deep'],
  ])('sets %.20s aside (%s) and reads the next line', async (text, reason) => {
    expect(await rowsOf(`${text}\n{"kind":"b"}\n`, mapping, 4096)).toEqual([
      { line: 1, reason, raw: text },
      { line: 2, cells: { kind: 'b' } },
    ])
  })

  it('sets a line aside that is not valid UTF-8', async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"kind":"'),
      Buffer.from([0xe9]),
      Buffer.from('"}\n'),
    ])
    const base64 = bytes.subarray(0, -1).toString('base64')
    expect(await rowsOf(bytes, mapping)).toEqual([
      { line: 1, reason: 'invalid_bytes', rawBase64: base64 },
    ])
  })

  it('sets a line aside that is longer than a line may be', async () => {
    const text = `{"kind":"${'x'.repeat(LONGEST_LINE_BYTES)}"}\n{"kind":"b"}\n`
    const rows = await rowsOf(text, mapping, 64 * 1024)
    expect(rows).toMatchObject([
      { line: 1, reason: 'line_too_long' },
      { line: 1, reason: 'line_too_long' },
      { line: 2, cells: { kind: 'b' } },
    ])
  })
})

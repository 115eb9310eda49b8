import { describe, expect, it } from 'vitest'
import { csvMapping, rowsOf } from './support.ts'

const mapping = csvMapping(['id', 'note'])

describe('reading CSV', () => {
  it('keeps delimiters, doubled quotes and line breaks inside quotes', async () => {
    const text = 'id,note\r\n1,"a, ""b""\r\nc"\r\n2,plain\r\n'
    expect(await rowsOf(text, mapping)).toEqual([
      { line: 2, cells: { id: '1', note: 'a, "b"\nc' } },
      { line: 4, cells: { id: '2', note: 'plain' } },
    ])
  })

  it('reads the delimiter and the charset of the mapping', async () => {
    const semicolons = csvMapping(['id', 'note'], 'delimiter: ";"\ncharset: windows-1252')
    const bytes = Buffer.from('id;note\n1;"Stra\xdfe; 5"\n2;caf\xe9\n', 'latin1')
    expect(await rowsOf(bytes, semicolons)).toEqual([
      { line: 2, cells: { id: '1', note: 'Straße; 5' } },
      { line: 3, cells: { id: '2', note: 'café' } },
    ])
  })

  it('believes a byte order mark more than the mapping', async () => {
    const bytes = Buffer.from('\ufeffid,note\n1,Łódź\n', 'utf16le')
    expect(await rowsOf(bytes, mapping)).toEqual([{ line: 2, cells: { id: '1', note: 'Łódź' } }])
  })

  it('sets a row with too many or too few fields aside, and keeps it', async () => {
    expect(await rowsOf('id,note\n1\n2,b,c\n3,d\n', mapping)).toEqual([
      { line: 2, reason: 'column_count', raw: '1' },
      { line: 3, reason: 'column_count', raw: '2,b,c' },
      { line: 4, cells: { id: '3', note: 'd' } },
    ])
  })

  it('loses one line to a quote that is not closed, and not the rows after it', async () => {
    const text = 'id,note\n1,"open\n2,b\n3,"c"\n4,"d\ne"\n5,f\n'
    expect(await rowsOf(text, mapping)).toEqual([
      { line: 2, reason: 'broken_quotes', raw: '1,"open' },
      { line: 3, cells: { id: '2', note: 'b' } },
      { line: 4, cells: { id: '3', note: 'c' } },
      { line: 5, cells: { id: '4', note: 'd\ne' } },
      { line: 7, cells: { id: '5', note: 'f' } },
    ])
  })

  it('takes up again after an open quote that nothing closes, however long the file', async () => {
    const rows = Array.from({ length: 300 }, (_, index) => `${index},x`)
    const read = await rowsOf(`id,note\n9,"open\n${rows.join('\n')}\n`, mapping, 1000)
    expect(read).toHaveLength(301)
    expect(read[0]).toEqual({ line: 2, reason: 'broken_quotes', raw: '9,"open' })
    expect(read[300]).toEqual({ line: 302, cells: { id: '299', note: 'x' } })
  })

  it('says that a quote inside an unquoted field is broken', async () => {
    expect(await rowsOf('id,note\n1,5" disk "new"\n2,b\n', mapping)).toEqual([
      { line: 2, reason: 'broken_quotes', raw: '1,5" disk "new"' },
      { line: 3, cells: { id: '2', note: 'b' } },
    ])
  })

  it('sets aside what is not valid in the charset, with its bytes', async () => {
    const bytes = Buffer.concat([
      Buffer.from('id,note\n1,'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('\n2,b\n'),
    ])
    expect(await rowsOf(bytes, mapping)).toEqual([
      {
        line: 2,
        reason: 'invalid_bytes',
        rawBase64: Buffer.concat([Buffer.from('1,'), Buffer.from([0xff, 0xfe])]).toString('base64'),
      },
      { line: 3, cells: { id: '2', note: 'b' } },
    ])
  })

  it('sets every row aside where the header cannot be read', async () => {
    expect(await rowsOf('id,"note\n1,a\n', mapping)).toEqual([
      { line: 1, reason: 'broken_quotes', raw: 'id,"note' },
      { line: 2, reason: 'no_header', raw: '1,a' },
    ])
  })

  it('passes over blank lines', async () => {
    expect(await rowsOf('id,note\n\n1,a\n   \n', mapping)).toEqual([
      { line: 3, cells: { id: '1', note: 'a' } },
    ])
  })
})

import { describe, expect, it } from 'vitest'
import type { Charset } from '../../src/import/charset.ts'
import { LineCutter, LONGEST_LINE_BYTES } from '../../src/import/physical-lines.ts'

function cut(bytes: Buffer, charset: Charset, chunkBytes = bytes.length || 1) {
  const cutter = new LineCutter(charset)
  const lines = []
  for (let from = 0; from < bytes.length; from += chunkBytes) {
    lines.push(...cutter.push(bytes.subarray(from, from + chunkBytes)))
  }
  lines.push(...cutter.end())
  return { lines, charset: cutter.charset }
}

describe('cutting bytes into lines', () => {
  it('takes LF and CRLF for the end of a line, and numbers from 1', () => {
    const { lines } = cut(Buffer.from('a\r\nb\n\nc'), 'utf-8')
    expect(lines.map(({ number, bytes }) => [number, bytes.toString()])).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, ''],
      [4, 'c'],
    ])
  })

  it('makes the same lines however the bytes are cut into chunks', () => {
    const text = '\ufeffone\r\ntwo ø\n\nਊ䨊\r\n😀'
    for (const encoding of ['utf8', 'utf16le'] as const) {
      const bytes = Buffer.from(text, encoding)
      const whole = cut(bytes, 'windows-1252')
      expect(whole.charset).toBe(encoding === 'utf8' ? 'utf-8' : 'utf-16le')
      for (let chunkBytes = 1; chunkBytes < bytes.length; chunkBytes += 1) {
        expect(cut(bytes, 'windows-1252', chunkBytes)).toEqual(whole)
      }
    }
  })

  it('does not take two halves of two UTF-16 characters for a line feed', () => {
    // U+0A41 U+4E00 in little-endian order holds the bytes 0A 00 at an odd offset.
    const text = 'x\u0a41\u4e00\u0a0a\u000ay'
    const { lines } = cut(Buffer.from(text, 'utf16le'), 'utf-16le')
    expect(lines.map(({ bytes }) => bytes.toString('utf16le'))).toEqual([
      'x\u0a41\u4e00\u0a0a',
      'y',
    ])
  })

  it('reads UTF-16 in either order', () => {
    const { lines, charset } = cut(Buffer.from('\ufeffa\r\nb', 'utf16le').swap16(), 'utf-8')
    expect(charset).toBe('utf-16be')
    expect(lines.map(({ bytes }) => Buffer.from(bytes).swap16().toString('utf16le'))).toEqual([
      'a',
      'b',
    ])
  })

  it('gives a line beyond the longest in pieces, none of its bytes lost, and goes on', () => {
    const long = Buffer.alloc(2 * LONGEST_LINE_BYTES + 5, 'x')
    const { lines } = cut(Buffer.concat([long, Buffer.from('\nnext\n')]), 'utf-8', 64 * 1024)
    const pieces = lines.filter(({ cut }) => cut)
    expect(pieces.map(({ number }) => number)).toEqual([1, 1, 1])
    expect(Buffer.concat(pieces.map(({ bytes }) => bytes)).equals(long)).toBe(true)
    expect(lines.at(-1)).toMatchObject({ number: 2, cut: false })
    expect(lines.at(-1)?.bytes.toString()).toBe('next')
  })

  it('finds nothing in an empty file or in a mark alone', () => {
    expect(cut(Buffer.alloc(0), 'utf-8').lines).toEqual([])
    expect(cut(Buffer.from([0xff, 0xfe]), 'utf-8').lines).toEqual([])
  })
})

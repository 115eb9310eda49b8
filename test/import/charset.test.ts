import { describe, expect, it } from 'vitest'
import { byteOrderMark, lenientDecoder, strictDecoder } from '../../src/import/charset.ts'

describe('a strict decoder', () => {
  it('reads what the charset can say', () => {
    expect(strictDecoder('windows-1252')(Buffer.from([0x5a, 0xfc, 0x80]))).toBe('Zü€')
    expect(strictDecoder('utf-16le')(Buffer.from('Zoë 😀', 'utf16le'))).toBe('Zoë 😀')
    expect(strictDecoder('shift_jis')(Buffer.from([0x93, 0x8c, 0x8b, 0x9e]))).toBe('東京')
    expect(strictDecoder('windows-1251')(Buffer.from([0xca, 0xe8, 0xe5, 0xe2]))).toBe('Киев')
  })

  it.each([
    ['utf-8', [0x41, 0xff]],
    ['utf-8', [0xc3]],
    ['utf-8', [0xed, 0xa0, 0x80]],
    ['utf-16le', [0x00, 0xd8, 0x41, 0x00]],
    ['utf-16le', [0x41]],
    ['windows-1252', [0x41, 0x81]],
    ['windows-1252', [0x9d]],
    ['shift_jis', [0x81]],
  ] as const)('says that %s cannot say %j', (charset, bytes) => {
    expect(strictDecoder(charset)(Buffer.from(bytes))).toBeNull()
    expect(typeof lenientDecoder(charset)(Buffer.from(bytes))).toBe('string')
  })

  it('keeps a byte order mark inside a text, since only the first is one', () => {
    expect(strictDecoder('utf-8')(Buffer.from('\ufeffa'))).toBe('\ufeffa')
  })
})

describe('a byte order mark', () => {
  it.each([
    [[0xef, 0xbb, 0xbf, 0x41], { charset: 'utf-8', bytes: 3 }],
    [[0xff, 0xfe, 0x41, 0x00], { charset: 'utf-16le', bytes: 2 }],
    [[0xfe, 0xff, 0x00, 0x41], { charset: 'utf-16be', bytes: 2 }],
    [[0x41, 0x42, 0x43], null],
    [[0xef, 0xbb], null],
    [[], null],
  ])('in %j is %j', (bytes, mark) => {
    expect(byteOrderMark(Buffer.from(bytes))).toEqual(mark)
  })
})

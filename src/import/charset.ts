import { z } from 'zod'

/**
 * The charsets an export may come in, by their WHATWG labels. In each of them but UTF-16 the byte
 * 0x0A is a line feed and nothing else, so that a file can be cut into lines before it is decoded.
 */
export const Charset = z.enum([
  'utf-8',
  'utf-16le',
  'utf-16be',
  'windows-1250',
  'windows-1251',
  'windows-1252',
  'iso-8859-2',
  'iso-8859-15',
  'shift_jis',
  'euc-jp',
  'gb18030',
  'big5',
])
export type Charset = z.infer<typeof Charset>

const marks: readonly { charset: Charset; bytes: readonly number[] }[] = [
  { charset: 'utf-8', bytes: [0xef, 0xbb, 0xbf] },
  { charset: 'utf-16le', bytes: [0xff, 0xfe] },
  { charset: 'utf-16be', bytes: [0xfe, 0xff] },
]

/** How many bytes decide whether a file begins with a byte order mark. */
export const LONGEST_MARK_BYTES = 3

/** The byte order mark that the bytes begin with, and its length; null where there is none. */
export function byteOrderMark(start: Uint8Array): { charset: Charset; bytes: number } | null {
  const mark = marks.find(({ bytes }) => bytes.every((byte, index) => start[index] === byte))
  return mark ? { charset: mark.charset, bytes: mark.bytes.length } : null
}

// WHATWG gives these five a control character; the charset itself leaves them undefined.
const undefinedInWindows1252 = /[\u0081\u008d\u008f\u0090\u009d]/

/** Decodes one line's bytes; null where they are not valid in the charset. */
export type Decode = (bytes: Uint8Array) => string | null

/** A strict decoder: what it cannot read it says, instead of putting U+FFFD in its place. */
export function strictDecoder(charset: Charset): Decode {
  const decoder = new TextDecoder(charset, { fatal: true, ignoreBOM: true })
  return (bytes) => {
    try {
      const text = decoder.decode(bytes)
      return charset === 'windows-1252' && undefinedInWindows1252.test(text) ? null : text
    } catch {
      return null
    }
  }
}

/** Decodes whatever comes, with U+FFFD for what is not valid: only to find where a row ends. */
export function lenientDecoder(charset: Charset): (bytes: Uint8Array) => string {
  const decoder = new TextDecoder(charset, { ignoreBOM: true })
  return (bytes) => decoder.decode(bytes)
}

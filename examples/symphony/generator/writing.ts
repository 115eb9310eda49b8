import { DateTime } from 'luxon'

/** How the five systems write a moment, given in milliseconds since 1970. */
export const written = {
  /** `03/09/2015 02:30 PM`, the local time of San Francisco. */
  californian: (at: number) =>
    DateTime.fromMillis(at, { zone: 'America/Los_Angeles' }).toFormat('MM/dd/yyyy hh:mm a', {
      locale: 'en-US',
    }),
  /** `09.03.2015 14:30`, the local time of San Francisco. */
  dotted: (at: number) =>
    DateTime.fromMillis(at, { zone: 'America/Los_Angeles' }).toFormat('dd.MM.yyyy HH:mm'),
  /** `2015-03-09T22:30:00+01:00` in a zone. */
  isoIn: (at: number, zone: string) =>
    DateTime.fromMillis(at, { zone }).toISO({ suppressMilliseconds: true }) ?? '',
  epochSeconds: (at: number) => String(Math.floor(at / 1000)),
  /** `09/Mar/2015:14:30:00 -0700`. */
  log: (at: number) =>
    DateTime.fromMillis(at, { zone: 'America/Los_Angeles' }).toFormat('dd/MMM/yyyy:HH:mm:ss ZZZ', {
      locale: 'en-US',
    }),
  day: (at: number) =>
    DateTime.fromMillis(at, { zone: 'America/Los_Angeles' }).toFormat('yyyy-MM-dd'),
} as const

/** One CSV row (RFC 4180), quoted where it must be. */
export function csvRow(cells: readonly string[], delimiter: string): string {
  return cells
    .map((cell) =>
      cell.includes(delimiter) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell,
    )
    .join(delimiter)
}

/** UTF-16 in little-endian order, with its mark, as spreadsheet programs export "Unicode text". */
export function utf16(text: string): Buffer {
  return Buffer.from(`\ufeff${text}`, 'utf16le')
}

/** UTF-8 with the mark that some programs put before it. */
export function utf8WithMark(text: string): Buffer {
  return Buffer.from(`\ufeff${text}`, 'utf8')
}

// The characters of this example that Windows-1252 has and Latin-1 does not.
const beyondLatin1: ReadonlyMap<string, number> = new Map([
  ['€', 0x80],
  ['’', 0x92],
  ['œ', 0x9c],
])

/** Windows-1252; what it cannot write becomes a question mark, as such exports have it. */
export function windows1252(text: string): Buffer {
  const bytes = Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0
    if (code < 0x80 || (code >= 0xa0 && code <= 0xff)) return code
    return beyondLatin1.get(character) ?? 0x3f
  })
  return Buffer.from(bytes)
}

import { DateTime } from 'luxon'

/**
 * Reads a source's way of writing a time, in milliseconds since 1970; null where there is none
 * such.
 */
export type TimeReader = (text: string) => number | null

/**
 * A reader of these formats, tried in order: `iso`, `epoch-seconds`, `epoch-milliseconds` or Luxon
 * tokens. A time without an offset is in `zone`; one that a change to summer time skips is read as
 * an hour later, one that comes twice as its first.
 */
export function timeReader(formats: readonly string[], zone: string): TimeReader {
  const readers = formats.map((format) => readerOf(format, zone))
  return (text) => {
    for (const read of readers) {
      const time = read(text)
      if (time !== null) return time
    }
    return null
  }
}

function readerOf(format: string, zone: string): TimeReader {
  switch (format) {
    case 'iso':
      return (text) => first(DateTime.fromISO(text, { zone, setZone: true }))
    case 'epoch-seconds':
      return (text) => epoch(text, 1000)
    case 'epoch-milliseconds':
      return (text) => epoch(text, 1)
    default: {
      const locale = { locale: 'en-US' }
      const options = { zone, setZone: true, ...locale }
      // Luxon would take the format apart again for each text.
      const parser = DateTime.buildFormatParser(format, locale)
      return (text) => first(DateTime.fromFormatParser(text, parser, options))
    }
  }
}

/**
 * Of a local time that comes twice the first, where Luxon's choice would depend on the season in
 * which the import runs. A time with an offset of its own is in a fixed zone, and comes once.
 */
function first(time: DateTime): number | null {
  if (!time.isValid) return null
  if (time.zone.isUniversal) return time.toMillis()
  return (time.getPossibleOffsets()[0] ?? time).toMillis()
}

function epoch(text: string, factor: number): number | null {
  if (!/^[0-9]{1,13}(?:\.[0-9]{1,6})?$/.test(text)) return null
  return Math.round(Number(text) * factor)
}

// Beyond these an instant is not written with four digits of the year.
const FIRST = Date.parse('0000-01-01T00:00:00.000Z')
const LAST = Date.parse('9999-12-31T23:59:59.999Z')

/** The moment as an `Instant` is written; null for a year that it cannot write. */
export function instantTextOf(time: number): string | null {
  return time >= FIRST && time <= LAST ? new Date(time).toJSON() : null
}

/** The calendar day of a moment in a zone: `2014-06-30`. */
export function dayOf(time: number, zone: string): string {
  return DateTime.fromMillis(time, { zone }).toFormat('yyyy-MM-dd')
}

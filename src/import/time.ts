import { DateTime } from 'luxon'
import { Instant } from '../domain/values.ts'

/** Reads a source's way of writing a time; null where there is no such time. */
export type TimeReader = (text: string) => DateTime | null

/**
 * A reader of these formats, tried in order: `iso`, `epoch-seconds`, `epoch-milliseconds` or Luxon
 * tokens. A time without an offset is in `zone`; one that a change to summer time skips is read as an hour
 * later, one that comes twice as its first.
 */
export function timeReader(formats: readonly string[], zone: string): TimeReader {
  const readers = formats.map((format) => readerOf(format, zone))
  return (text) => {
    for (const read of readers) {
      const time = read(text)
      if (time?.isValid) return time
    }
    return null
  }
}

function readerOf(format: string, zone: string): TimeReader {
  switch (format) {
    case 'iso':
      return (text) => first(DateTime.fromISO(text, { zone, setZone: true }), zone)
    case 'epoch-seconds':
      return (text) => epoch(text, 1000, zone)
    case 'epoch-milliseconds':
      return (text) => epoch(text, 1, zone)
    default: {
      const options = { zone, setZone: true, locale: 'en-US' }
      return (text) => first(DateTime.fromFormat(text, format, options), zone)
    }
  }
}

/**
 * Of a local time that comes twice the first, where Luxon's choice would depend on the season in which
 * the import runs. A time with an offset of its own is in a fixed zone, and comes once.
 */
function first(time: DateTime, zone: string): DateTime | null {
  if (!time.isValid) return null
  if (time.zone.isUniversal) return time.setZone(zone)
  return time.getPossibleOffsets()[0] ?? time
}

function epoch(text: string, factor: number, zone: string): DateTime | null {
  if (!/^[0-9]{1,13}(?:\.[0-9]{1,6})?$/.test(text)) return null
  return DateTime.fromMillis(Math.round(Number(text) * factor), { zone })
}

/** The moment in UTC; null for a year that an `Instant` cannot write. */
export function instantOf(time: DateTime): Instant | null {
  const instant = Instant.safeParse(new Date(time.toMillis()).toJSON())
  return instant.success ? instant.data : null
}

/** The calendar day in the zone the time was read in: `2014-06-30`. */
export function dayOf(time: DateTime): string {
  return time.toFormat('yyyy-MM-dd')
}

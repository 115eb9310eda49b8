import { DateTime, Duration, IANAZone } from 'luxon'
import type { CalendarDuration, Day, Instant, TimeZone } from '../values.ts'

/**
 * Days and calendar durations in a controller's time zone. The arithmetic is luxon's; what is kept
 * here is only its answers, because judging asks for a day some ten thousand times a second.
 */

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const LAST_DAY = '9999-12-31' as Day

/** How many answers are kept of each sort before they are dropped and asked for anew. */
const MOST_KEPT = 20_000

type ZoneDays = { zone: IANAZone; offsets: Map<number, number | null> }

const zones = new Map<string, ZoneDays>()
const dayTexts = new Map<number, Day>()
const durations = new Map<string, Duration>()

/**
 * The calendar day of an instant in a time zone, exact over every change of the zone's offset.
 *
 * @param instant a moment in UTC with milliseconds
 * @param zone an IANA time zone
 */
export function dayOf(instant: Instant, zone: TimeZone): Day {
  const milliseconds = Date.parse(instant)
  const days = zoneDays(zone)
  const offset = offsetThroughout(days, Math.floor(milliseconds / DAY_MS))
  const minutes = offset ?? days.zone.offset(milliseconds)
  return dayText(Math.floor((milliseconds + minutes * MINUTE_MS) / DAY_MS))
}

/**
 * The first instant of a calendar day in a time zone. Where the zone skips midnight it is the first
 * instant after the gap; where midnight comes twice (Havana in autumn) it is the first of them.
 */
export function startOf(day: Day, zone: TimeZone): Instant {
  const start = DateTime.fromISO(day, { zone }).startOf('day').toMillis()
  // Luxon may give the second midnight: the first is off by what the clock was set back.
  const setBack = IANAZone.create(zone).offset(start - DAY_MS) - IANAZone.create(zone).offset(start)
  const earlier = asInstant(start - setBack * MINUTE_MS)
  return setBack > 0 && dayOf(earlier, zone) === day ? earlier : asInstant(start)
}

function asInstant(milliseconds: number): Instant {
  return new Date(milliseconds).toJSON() as Instant
}

/**
 * The day that lies a calendar duration after a day: years and months first, clamped to the end of the
 * month (29 February and a year is 28 February), then weeks and days. At the latest 9999-12-31, which
 * stands for ever.
 */
export function addTo(day: Day, duration: CalendarDuration): Day {
  const sum = DateTime.fromISO(day, { zone: 'utc' }).plus(durationOf(duration))
  return sum.isValid && sum.year <= 9999 ? (sum.toISODate() as Day) : LAST_DAY
}

function zoneDays(zone: TimeZone): ZoneDays {
  const known = zones.get(zone)
  if (known) return known
  const days = { zone: IANAZone.create(zone), offsets: new Map<number, number | null>() }
  keep(zones, zone, days)
  return days
}

/** The offset in minutes that holds on the whole of a UTC day; null where it changes on that day. */
function offsetThroughout({ zone, offsets }: ZoneDays, utcDay: number): number | null {
  const known = offsets.get(utcDay)
  if (known !== undefined) return known
  const first = zone.offset(utcDay * DAY_MS)
  const offset = first === zone.offset((utcDay + 1) * DAY_MS) ? first : null
  keep(offsets, utcDay, offset)
  return offset
}

function dayText(dayNumber: number): Day {
  const known = dayTexts.get(dayNumber)
  if (known !== undefined) return known
  const text = new Date(dayNumber * DAY_MS).toJSON().slice(0, 10) as Day
  keep(dayTexts, dayNumber, text)
  return text
}

function durationOf(text: CalendarDuration): Duration {
  const known = durations.get(text)
  if (known) return known
  const duration = Duration.fromISO(text)
  keep(durations, text, duration)
  return duration
}

function keep<K, V>(kept: Map<K, V>, key: K, value: V): void {
  if (kept.size >= MOST_KEPT) kept.clear()
  kept.set(key, value)
}

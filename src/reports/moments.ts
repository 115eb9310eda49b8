import { addTo, startOf } from '../domain/policy/calendar.ts'
import type { CalendarDuration, Day, Instant, TimeZone } from '../domain/values.ts'

const ONE_DAY = 'P1D' as CalendarDuration

/** The last moment of a calendar day in a time zone: `as of that day` includes what happened on it. */
export function endOf(day: Day, zone: TimeZone): Instant {
  const next = Date.parse(startOf(addTo(day, ONE_DAY), zone))
  return new Date(next - 1).toJSON() as Instant
}

/** The first moment after a calendar day in a time zone: the exclusive end of a period. */
export function after(day: Day, zone: TimeZone): Instant {
  return startOf(addTo(day, ONE_DAY), zone)
}

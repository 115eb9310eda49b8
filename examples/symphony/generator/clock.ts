import { DateTime } from 'luxon'
import type { Random } from './random.ts'

/**
 * The example lasts from the first of July 2014 to the end of June 2017, in milliseconds since
 * 1970.
 */
export const START = Date.UTC(2014, 6, 1, 7)
export const END = Date.UTC(2017, 6, 1, 6, 59)

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

const OFFICE = 'America/Los_Angeles'

/** A whole minute between two moments. */
export function momentBetween(random: Random, from: number, to: number): number {
  const first = Math.ceil(from / MINUTE)
  return random.between(first, Math.max(first, Math.floor(to / MINUTE))) * MINUTE
}

/**
 * A minute between nine and half past five in San Francisco, on the day of the moment: local times
 * that come twice in the year do not lie there.
 */
export function officeHours(random: Random, on: number): number {
  const day = DateTime.fromMillis(on, { zone: OFFICE }).startOf('day')
  return day.set({ hour: 9 }).toMillis() + random.between(0, 510) * MINUTE
}

/**
 * Ten in the morning in San Francisco on this day of this month; months count on from January 2014.
 */
export function monthly(month: number, day: number): number {
  return DateTime.fromObject({ year: 2014, month: 1, day, hour: 10 }, { zone: OFFICE })
    .plus({ months: month })
    .toMillis()
}

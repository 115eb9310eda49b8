import { addTo, startOf } from '../domain/policy/calendar.ts'
import type { CalendarDuration, Instant } from '../domain/values.ts'
import type { Question } from './question.ts'

const ONE_DAY = 'P1D' as CalendarDuration

/** The first moment of a period, and the first after it. */
export type Moments = Readonly<{ start: Instant; end: Instant }>

/** When the days of a period begin and end where the controller keeps its calendar. */
export function momentsOf({
  from,
  until,
  zone,
}: Pick<Extract<Question, { kind: 'period' }>, 'from' | 'until' | 'zone'>): Moments {
  return { start: startOf(from, zone), end: startOf(addTo(until, ONE_DAY), zone) }
}

/** Whether something was recorded in the period. */
export function isWithin({ start, end }: Moments, recordedAt: Instant): boolean {
  return start <= recordedAt && recordedAt < end
}

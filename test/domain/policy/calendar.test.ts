import fc from 'fast-check'
import { DateTime } from 'luxon'
import { describe, expect, it } from 'vitest'
import { addTo, dayOf, startOf } from '../../../src/domain/policy/calendar.ts'
import { CalendarDuration, Day, Instant, TimeZone } from '../../../src/domain/values.ts'
import { seed } from '../../support/seed.ts'

const day = (text: string) => Day.parse(text)
const instant = (text: string) => Instant.parse(text)
const zone = (text: string) => TimeZone.parse(text)
const after = (from: string, duration: string) => addTo(day(from), CalendarDuration.parse(duration))

const LOS_ANGELES = zone('America/Los_Angeles')
const zones = [
  'UTC',
  'America/Los_Angeles',
  'America/St_Johns',
  'America/Sao_Paulo',
  'America/Havana',
  'Africa/Casablanca',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Kiritimati',
].map(zone)

describe('the day of an instant', () => {
  it.each([
    // Winter: eight hours behind UTC; summer: seven.
    ['2014-01-15T07:59:59.999Z', '2014-01-14'],
    ['2014-01-15T08:00:00.000Z', '2014-01-15'],
    ['2014-07-15T06:59:59.999Z', '2014-07-14'],
    ['2014-07-15T07:00:00.000Z', '2014-07-15'],
    // The day that clocks go forward has 23 hours, the day that they go back 25.
    ['2014-03-09T07:59:59.999Z', '2014-03-08'],
    ['2014-03-09T08:00:00.000Z', '2014-03-09'],
    ['2014-03-10T06:59:59.999Z', '2014-03-09'],
    ['2014-03-10T07:00:00.000Z', '2014-03-10'],
    ['2014-11-02T06:59:59.999Z', '2014-11-01'],
    ['2014-11-02T07:00:00.000Z', '2014-11-02'],
    ['2014-11-03T07:59:59.999Z', '2014-11-02'],
    ['2014-11-03T08:00:00.000Z', '2014-11-03'],
  ])('%s is on %s in Los Angeles', (at, on) => {
    expect(dayOf(instant(at), LOS_ANGELES)).toBe(on)
  })

  it('is what luxon says, in every zone and at every time, however often it is asked', () => {
    const milliseconds = fc.integer({
      min: Date.parse('1930-01-01T00:00:00.000Z'),
      max: Date.parse('2060-01-01T00:00:00.000Z'),
    })
    const property = fc.property(fc.constantFrom(...zones), milliseconds, (where, at) => {
      const expected = DateTime.fromMillis(at, { zone: where }).toISODate()
      const asked = instant(new Date(at).toJSON())
      expect(dayOf(asked, where)).toBe(expected)
      expect(dayOf(asked, where)).toBe(expected)
    })
    fc.assert(property, { seed: seed(), numRuns: 3_000 })
  })

  it('is exact around midnight and around every change of a clock', () => {
    // Newfoundland put its clocks back at a minute past midnight: a day ended twice.
    for (let hour = 0; hour < 48; hour += 1) {
      for (const minute of [0, 1, 29, 30, 31, 59]) {
        const at = Date.UTC(2010, 10, 6, hour, minute)
        const where = zone('America/St_Johns')
        const expected = DateTime.fromMillis(at, { zone: where }).toISODate()
        expect(dayOf(instant(new Date(at).toJSON()), where)).toBe(expected)
      }
    }
  })
})

describe('the start of a day', () => {
  it.each([
    ['2014-06-30', 'America/Los_Angeles', '2014-06-30T07:00:00.000Z'],
    ['2014-12-31', 'America/Los_Angeles', '2014-12-31T08:00:00.000Z'],
    ['2014-03-09', 'America/Los_Angeles', '2014-03-09T08:00:00.000Z'],
    ['2014-03-10', 'America/Los_Angeles', '2014-03-10T07:00:00.000Z'],
    // Clocks went from midnight to one: the day begins at one.
    ['2014-10-19', 'America/Sao_Paulo', '2014-10-19T03:00:00.000Z'],
    // Clocks went from one to midnight: the day begins at the first midnight.
    ['2011-11-13', 'America/Havana', '2011-11-13T04:00:00.000Z'],
    ['2014-06-30', 'Asia/Kathmandu', '2014-06-29T18:15:00.000Z'],
  ])('of %s in %s is %s', (of, where, at) => {
    expect(startOf(day(of), zone(where))).toBe(at)
  })

  it('is on the day, and the millisecond before it is not', () => {
    const number = fc.integer({ min: 0, max: 30_000 })
    // Newfoundland had days that ended twice (before November 2011): there is no one start of those.
    const plain = zones.filter((where) => where !== 'America/St_Johns')
    const property = fc.property(fc.constantFrom(...plain), number, (where, days) => {
      const on = day(new Date(days * 86_400_000).toJSON().slice(0, 10))
      // Samoa crossed the date line: this day never was.
      fc.pre(!(where === 'Pacific/Apia' && on === '2011-12-30'))
      fc.pre(!(where === 'Pacific/Kiritimati' && on === '1994-12-31'))
      fc.pre(!(where === 'Pacific/Kiritimati' && on === '1995-01-01'))
      const start = startOf(on, where)
      expect(dayOf(start, where)).toBe(on)
      const before = instant(new Date(Date.parse(start) - 1).toJSON())
      expect(dayOf(before, where) < on).toBe(true)
    })
    fc.assert(property, { seed: seed(), numRuns: 2_000 })
  })
})

describe('a calendar duration after a day', () => {
  it.each([
    ['2014-06-30', 'P0D', '2014-06-30'],
    ['2014-06-30', 'P30D', '2014-07-30'],
    ['2014-06-30', 'P2W', '2014-07-14'],
    ['2014-01-31', 'P1M', '2014-02-28'],
    ['2016-01-31', 'P1M', '2016-02-29'],
    ['2014-03-31', 'P1M', '2014-04-30'],
    ['2014-08-31', 'P6M', '2015-02-28'],
    ['2016-02-29', 'P1Y', '2017-02-28'],
    ['2016-02-29', 'P4Y', '2020-02-29'],
    ['2015-02-28', 'P1Y', '2016-02-28'],
    ['2014-12-31', 'P1D', '2015-01-01'],
    // Years and months first, clamped; then the days.
    ['2015-01-31', 'P1M1D', '2015-03-01'],
    ['2012-02-29', 'P1Y1D', '2013-03-01'],
    // 2100 is no leap year.
    ['2096-02-29', 'P4Y', '2100-02-28'],
    // For ever is not beyond the calendar.
    ['2014-06-30', 'P999Y', '3013-06-30'],
    ['9990-06-30', 'P999Y', '9999-12-31'],
  ])('%s and %s is %s', (from, duration, expected) => {
    expect(after(from, duration)).toBe(expected)
  })

  it('agrees with a reference that counts on its fingers', () => {
    const parts = fc.record({
      years: fc.integer({ min: 0, max: 40 }),
      months: fc.integer({ min: 0, max: 30 }),
      weeks: fc.integer({ min: 0, max: 60 }),
      days: fc.integer({ min: 0, max: 800 }),
    })
    const property = fc.property(fc.integer({ min: 0, max: 40_000 }), parts, (number, part) => {
      const from = new Date(number * 86_400_000).toJSON().slice(0, 10)
      const { years, months, weeks, days } = part
      const duration = `P${years}Y${months}M${weeks}W${days}D`
      expect(after(from, duration)).toBe(counted(from, part))
    })
    fc.assert(property, { seed: seed(), numRuns: 2_000 })
  })

  it('never goes back, and a longer duration never ends earlier', () => {
    const number = fc.integer({ min: 0, max: 40_000 })
    const property = fc.property(number, fc.nat(900), fc.nat(900), (from, one, other) => {
      const on = new Date(from * 86_400_000).toJSON().slice(0, 10)
      const shorter = after(on, `P${Math.min(one, other)}D`)
      const longer = after(on, `P${Math.max(one, other)}D`)
      expect(on <= shorter && shorter <= longer).toBe(true)
    })
    fc.assert(property, { seed: seed() })
  })
})

type Parts = { years: number; months: number; weeks: number; days: number }

/** Month by month and day by day, with a table of month lengths and nothing else. */
function counted(from: string, { years, months, weeks, days }: Parts): string {
  const [year, month, date] = from.split('-').map(Number) as [number, number, number]
  const monthIndex = month - 1 + months
  let atYear = year + years + Math.floor(monthIndex / 12)
  let atMonth = monthIndex % 12
  let atDate = Math.min(date, lengthOf(atYear, atMonth))
  for (let left = weeks * 7 + days; left > 0; left -= 1) {
    atDate += 1
    if (atDate <= lengthOf(atYear, atMonth)) continue
    atDate = 1
    atMonth += 1
    if (atMonth < 12) continue
    atMonth = 0
    atYear += 1
  }
  return [String(atYear), String(atMonth + 1), String(atDate)]
    .map((part, index) => part.padStart(index === 0 ? 4 : 2, '0'))
    .join('-')
}

function lengthOf(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month]!
}

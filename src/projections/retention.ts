import type { Lot } from '../domain/values.ts'
import { addTo } from '../domain/policy/calendar.ts'
import type { Retention } from '../domain/subject/events.ts'
import { assertNever, type CalendarDuration } from '../domain/values.ts'
import {
  accountClock,
  type LotFacts,
  type OpenRetention,
  type PersonFacts,
  type Terms,
} from './facts.ts'
import type { Names } from './names.ts'
import { NO_DAY, packDay, unpackDay } from './packing.ts'
import {
  defineProjection,
  unchanged,
  type Change,
  type Folded,
  type Look,
  type Value,
} from './projection.ts'
import { insertInto, type Table } from './table.ts'

/**
 * When each lot falls due, as intervals: a row ends and another begins whenever the day or the terms
 * change (S35). Lots of one clock for the subject are `moving`: an event of the subject can move them.
 */
const retentionTable: Table = {
  name: 'retention',
  columns: {
    lot: 'lot',
    began: 'position',
    ended: { holds: 'position', optional: true },
    controller: 'controller',
    subject: 'subject',
    moving: 'flag',
    /** The tuple of `Terms`. */
    terms: 'value',
    /** The day of the collection that set the terms. */
    terms_on: 'day',
    started_on: 'day',
    due_on: 'day',
  },
  key: ['lot', 'began'],
}

/** What a lot holds, and as whose, from when until when. */
const contentTable: Table = {
  name: 'lot_content',
  columns: {
    lot: 'lot',
    category: 'term',
    kind: 'term',
    began: 'position',
    ended: { holds: 'position', optional: true },
  },
  key: ['lot', 'category', 'kind', 'began'],
}

const followed = [
  'DataCollected',
  'DataUsed',
  'AccountOpened',
  'AccountClosed',
  'DataDeleted',
  'SubjectErased',
] as const
type Followed = (typeof followed)[number]
type Write = 'begin' | 'end' | 'reset' | 'hold' | 'drop' | 'endEmpty' | 'dropAll' | 'endAll'
type Lookup = 'last' | 'held' | 'moving'
type Step = Change<Write>

export const retention = defineProjection<Followed, Write, Lookup>({
  name: 'retention',
  tables: [retentionTable, contentTable],
  indexes: [
    `CREATE INDEX retention_open ON retention (controller, due_on, lot, began)
      WHERE ended IS NULL`,
    `CREATE INDEX retention_ended ON retention (controller, due_on, lot, began, ended)
      WHERE ended IS NOT NULL`,
  ],
  foldingIndexes: [
    `CREATE INDEX retention_moving ON retention (subject, lot)
      WHERE ended IS NULL AND moving = 1`,
  ],
  follows: followed,
  writes: {
    begin: insertInto(retentionTable),
    end: 'UPDATE retention SET ended = ? WHERE lot = ? AND began = ?',
    reset: 'UPDATE retention SET terms_on = ? WHERE lot = ? AND began = ?',
    hold: insertInto(contentTable),
    drop: `UPDATE lot_content SET ended = ? WHERE lot = ? AND category = ? AND ended IS NULL`,
    endEmpty: `UPDATE retention SET ended = ?1 WHERE lot = ?2 AND ended IS NULL
      AND began = (SELECT max(began) FROM retention WHERE lot = ?2)
      AND NOT EXISTS (SELECT 1 FROM lot_content WHERE lot = ?2 AND ended IS NULL)`,
    dropAll: `UPDATE lot_content SET ended = ?1 WHERE ended IS NULL
      AND lot IN (SELECT number FROM lot WHERE subject = ?2)`,
    endAll: `UPDATE retention SET ended = ?1 WHERE ended IS NULL
      AND lot IN (SELECT number FROM lot WHERE subject = ?2)`,
  },
  lookups: {
    // The last row of a lot, whatever has ended before it: the cost must not grow with the past.
    last: `SELECT began, terms, terms_on, started_on, due_on, ended FROM retention
      WHERE lot = ? ORDER BY began DESC LIMIT 1`,
    held: `SELECT 1 FROM lot_content
      WHERE lot = ? AND category = ? AND kind = ? AND ended IS NULL`,
    moving: `SELECT text FROM retention
      JOIN lot ON lot.number = retention.lot JOIN term ON term.number = lot.name
      WHERE retention.subject = ? AND ended IS NULL AND moving = 1`,
  },
  changes,
})

function changes(folded: Folded<Followed>, look: Look<Lookup>): readonly Step[] {
  const { event, position, controller, person, names } = folded
  if (!person) return unchanged
  switch (event.type) {
    case 'DataCollected':
      return collected(folded as Folded<'DataCollected'>, person, look)
    case 'DataUsed':
    case 'AccountOpened':
    case 'AccountClosed':
      return folded.clockMoved ? moved(folded, person, look, null) : unchanged
    case 'DataDeleted': {
      controller.lastEnd = position
      person.moving = null
      return event.data.lots.flatMap(({ lot, categories }): Step[] => {
        const facts = names.lot(person, lot)
        // Whether the row ends is for SQLite to find: ask it at the next event.
        forgetContent(facts)
        const { number } = facts
        const drops = categories.map((key): Step => ['drop', [position, number, names.term(key)]])
        return [...drops, ['endEmpty', [position, number]]]
      })
    }
    case 'SubjectErased':
      controller.lastEnd = position
      person.moving = null
      for (const lot of person.lots.values()) forgetContent(lot)
      return [
        ['dropAll', [position, person.number]],
        ['endAll', [position, person.number]],
      ]
    default:
      return assertNever(event)
  }
}

function collected(
  folded: Folded<'DataCollected'>,
  person: PersonFacts,
  look: Look<Lookup>,
): readonly Step[] {
  const { event, position, names } = folded
  const { act, items, lots, on } = event.data
  const steps: Step[] = []
  const day = packDay(on)
  for (const retention of lots) {
    const lot = names.lot(person, retention.lot)
    const open = openRow(lot, look, names)
    // The latest day that puts something in sets the terms, in whatever order a past is imported.
    const [terms, termsOn] =
      open && day < open.termsOn ? [open.terms, open.termsOn] : [termsOf(retention), day]
    replace(folded, person, steps, look, { lot, open, terms, termsOn })
  }
  if (folded.clockMoved) steps.push(...moved(folded, person, look, lots))
  const kind = names.term(act.kind)
  for (const { lot: name, category } of items) {
    const lot = names.lot(person, name)
    const key = `${names.term(category)} ${kind}`
    if (lot.held.has(key)) continue
    lot.held.add(key)
    const content = [lot.number, names.term(category), kind]
    if (!lot.heldIsAll && look('held', ...content).length > 0) continue
    steps.push(['hold', [...content, position, null]])
  }
  return steps
}

/** The person's other lots of one clock, which the event moved. */
function moved(
  folded: Folded<Followed>,
  person: PersonFacts,
  look: Look<Lookup>,
  except: readonly Retention[] | null,
): Step[] {
  const { names } = folded
  const steps: Step[] = []
  for (const lot of movingLots(person, look, names)) {
    if (except?.some((named) => names.lot(person, named.lot) === lot)) continue
    const open = openRow(lot, look, names)
    if (open) replace(folded, person, steps, look, { ...open, lot, open })
  }
  return steps
}

/** What a lot's open row is and by which terms, set on which day, it should be. */
type Wanted = Readonly<{
  lot: LotFacts
  open: OpenRetention | null
  terms: Terms
  termsOn: number
}>

function movingLots(person: PersonFacts, look: Look<Lookup>, names: Names): LotFacts[] {
  person.moving ??= look('moving', person.number).map(([name]) => names.lot(person, name as Lot))
  return person.moving
}

/** Ends the open row and begins another, where that would be another. */
function replace(
  { position, controller, names }: Folded<Followed>,
  person: PersonFacts,
  steps: Step[],
  look: Look<Lookup>,
  { lot, open, terms, termsOn }: Wanted,
): void {
  const startedOn = clockStart(terms[1], person, termsOn)
  const dueOn = dueAfter(startedOn, terms[2])
  const sameTerms = open !== null && same(open.terms, terms)
  if (sameTerms && open.startedOn === startedOn && open.dueOn === dueOn) {
    if (termsOn === open.termsOn) return
    lot.row = { ...open, termsOn }
    steps.push(['reset', [termsOn, lot.number, open.began]])
    return
  }
  if (open) {
    steps.push(['end', [position, lot.number, open.began]])
    controller.lastEnd = position
  }
  const term = sameTerms ? open.term : names.value(terms)
  lot.row = { began: position, terms, term, termsOn, startedOn, dueOn }
  const moving = terms[1] === 'collection' ? 0 : 1
  if (moving) {
    const others = movingLots(person, look, names)
    if (!others.includes(lot)) others.push(lot)
  }
  const owner: Value[] = [controller.number, person.number, moving]
  const row = [term, termsOn, startedOn, dueOn]
  steps.push(['begin', [lot.number, position, null, ...owner, ...row]])
}

/** As the domain has it (`clockStart` there); the day of the terms is the last that put something in. */
function clockStart(trigger: Terms[1], person: PersonFacts, lastOn: number): number {
  switch (trigger) {
    case 'collection':
      return lastOn
    case 'last-activity':
      return person.lastActivityOn ?? NO_DAY
    case 'account-closure': {
      const closed = accountClock(person)
      return closed === null ? NO_DAY : (closed ?? person.lastActivityOn ?? NO_DAY)
    }
    default:
      return assertNever(trigger)
  }
}

const mostKept = 20_000
const dueDays = new Map<CalendarDuration, Map<number, number>>()

/** Calendar arithmetic is dear and its questions repeat: a day and a duration of the policy. */
function dueAfter(startedOn: number, keep: CalendarDuration): number {
  const ofDuration = dueDays.get(keep) ?? new Map<number, number>()
  if (ofDuration.size === 0) dueDays.set(keep, ofDuration)
  const known = ofDuration.get(startedOn)
  if (known !== undefined) return known
  const started = unpackDay(startedOn)
  const due = started === null ? NO_DAY : packDay(addTo(started, keep))
  if (ofDuration.size >= mostKept) ofDuration.clear()
  ofDuration.set(startedOn, due)
  return due
}

function forgetContent(lot: LotFacts): void {
  lot.row = undefined
  lot.held.clear()
  lot.heldIsAll = false
}

function termsOf({ rule, trigger, keep, minimum }: Retention): Terms {
  return [rule, trigger, keep, minimum]
}

function same(one: Terms, other: Terms): boolean {
  return one[0] === other[0] && one[1] === other[1] && one[2] === other[2] && one[3] === other[3]
}

function openRow(lot: LotFacts, look: Look<Lookup>, names: Names): OpenRetention | null {
  if (lot.row !== undefined) return lot.row
  const found = look('last', lot.number)[0]
  if (!found || found[5] !== null) {
    lot.row = null
    return null
  }
  const [began, term, termsOn, startedOn, dueOn] = found.map(Number) as Numbers
  lot.row = { began, terms: names.read(term) as Terms, term, termsOn, startedOn, dueOn }
  return lot.row
}

type Numbers = [number, number, number, number, number, number]

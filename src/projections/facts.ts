import type { Envelope } from '../domain/envelope.ts'
import type { RetentionTrigger } from '../domain/policy/schema.ts'
import type { CalendarDuration, Lot, SubjectId } from '../domain/values.ts'
import { evolve } from '../domain/subject/evolve.ts'
import { initialSubject, type SubjectState } from '../domain/subject/state.ts'
import type { Names } from './names.ts'
import { packDay } from './packing.ts'

/** What folding knows of a controller. Changed in memory and written with the batch. */
export type ControllerFacts = {
  readonly number: number
  readonly name: string
  subjects: number
  events: number
  /** The last position at which an interval row of retention or deletion ended; 0 for none. */
  lastEnd: number
  /** The latest second (since 1970) in which an event was recorded. */
  recordedSecond: number
  /** The purposes that some policy version declared promotional, as terms. */
  promotional: Set<number>
  /** Those that are remembered, by pseudonym. */
  readonly people: Map<SubjectId, PersonFacts>
  readonly facets: Map<string, FacetFacts>
}

/** The words that are the same in many events, and in how many. */
export type FacetFacts = { readonly number: number; events: number }

/** An operation: the position of its first event, and its packed key. */
export type OperationFacts = Readonly<{
  position: number
  controller: number
  key: Uint8Array | string
}>

/** What folding knows of a person: what the clocks of their lots run from. */
export type PersonFacts = {
  /** Holds the controller's number, so that an order by person is an order by controller first. */
  readonly number: number
  /** They came to be known in this process: what is not in memory is not in the tables either. */
  readonly whole: boolean
  kinds: readonly string[]
  /** The same list as one term. */
  kindsTerm: number
  accounts: SubjectState['accounts']
  lastActivityOn: number | null
  /** Those that are remembered, by name. */
  readonly lots: Map<Lot, LotFacts>
  /** The lots that an event of the person can move; null while that is not known. */
  moving: LotFacts[] | null
  /** Whether an erasure may be under way; undefined while that is not known. */
  erasing: boolean | undefined
}

/** A lot, and the retention row that is open on it: null for none, undefined while that is not known. */
export type LotFacts = {
  readonly number: number
  row: OpenRetention | null | undefined
  /** What is known to be in it: category and kind, as terms. */
  readonly held: Set<string>
  /** Whether nothing else is in it. */
  heldIsAll: boolean
}

/** An open row of retention. Days as numbers; `terms` as retention has them. */
export type OpenRetention = Readonly<{
  began: number
  terms: Terms
  /** The same as one term. */
  term: number
  termsOn: number
  startedOn: number
  dueOn: number
}>

/** By what terms a lot falls due. */
export type Terms = readonly [
  rule: string,
  trigger: RetentionTrigger,
  keep: CalendarDuration,
  minimum: CalendarDuration | null,
]

/** How many people a controller can have: numbers stay safe integers for two million controllers. */
const PEOPLE_OF_ONE = 2 ** 32

/** The number of a controller's n-th person. */
export function personNumber(controller: number, n: number): number {
  return controller * PEOPLE_OF_ONE + n
}

/** The first and the last number that a controller's people can bear. */
export function peopleOf(controller: number): [first: number, last: number] {
  return [personNumber(controller, 0), personNumber(controller, PEOPLE_OF_ONE - 1)]
}

/** The controller whose person bears the number. */
export function controllerOf(person: number): number {
  return Math.floor(person / PEOPLE_OF_ONE)
}

/** Learns from an event of the person's stream. Answers whether a clock's start moved. */
export function learn(person: PersonFacts, event: Envelope, names: Names): boolean {
  if (event.type === 'DataCollected') {
    const { kind } = event.data.act
    if (!person.kinds.includes(kind)) {
      person.kinds = [...person.kinds, kind].sort()
      person.kindsTerm = names.value(person.kinds)
      names.personChanged(person)
    }
  }
  if (event.type === 'DataCollected' || event.type === 'DataUsed') {
    return active(person, packDay(event.data.on), names)
  }
  if (event.type !== 'AccountOpened' && event.type !== 'AccountClosed') return false
  // The domain's own rule for accounts that come to be known out of order.
  const before = accountClock(person)
  const state = { ...initialSubject(), accounts: person.accounts }
  person.accounts = evolve(state, event, event).accounts
  names.personChanged(person)
  return before !== accountClock(person)
}

/** The day on which the last account closed; null while it is open, undefined where there never was one. */
export function accountClock({ accounts }: PersonFacts): number | null | undefined {
  const last = accounts.at(-1)
  if (!last) return undefined
  return last.closedOn === null ? null : packDay(last.closedOn)
}

/** S35: later only; a past that comes to be known moves nothing back. */
function active(person: PersonFacts, on: number, names: Names): boolean {
  if (person.lastActivityOn !== null && on <= person.lastActivityOn) return false
  person.lastActivityOn = on
  names.personChanged(person)
  return true
}

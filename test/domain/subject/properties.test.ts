import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Recorded } from '../../../src/domain/decision.ts'
import type { SubjectCommand } from '../../../src/domain/subject/commands.ts'
import { subjectDecider } from '../../../src/domain/subject/decider.ts'
import { subjectEventData, type SubjectEvent } from '../../../src/domain/subject/events.ts'
import type { SubjectState } from '../../../src/domain/subject/state.ts'
import { Revision, type EventId, type Lot } from '../../../src/domain/values.ts'
import { nthEventId } from '../../support/given.ts'
import { seed } from '../../support/seed.ts'
import {
  command,
  context,
  friendTold,
  mailFor,
  order,
  signUp,
  toCarrier,
} from '../../support/subject-words.ts'

/** One step of a random life: what is asked, and how many minutes its clock is after the beginning. */
type Step = { asked: { type: string } & Record<string, unknown>; minutes: number }
type Told = { event: SubjectEvent; recorded: Recorded }

/** What a life came to. */
type Life = { state: SubjectState; told: Told[] }
type Look = (moment: Life & { news: Told[] }) => void
type BeforeDeciding = (said: SubjectCommand, state: SubjectState) => void

const lots = ['account', 'orders/2014-07-01', 'orders/2014-07-02', 'unscheduled']
const modes = fc.constantFrom('enforce', 'observe')
const purposes = fc.constantFrom('panel', 'newsletter', 'offers', 'notices')
const FIRST = 'first'
/** Stands for the first deletion whose residue has not ended. */
const LEFT = 'left'
const deletions = fc.constantFrom('d', 'd', 'd', 'e')
const someLots = fc.subarray(lots, { minLength: 1 })
const channel = fc.constant('email')

const acts = fc.record({
  type: fc.constant('RecordAct'),
  act: fc.constantFrom(
    signUp,
    { ...signUp, purposes: ['panel'] },
    { ...signUp, categories: ['notes'] },
    order,
    friendTold,
    // By a rule that lets nobody give it this way: held, when it happened, for the same purpose.
    { ...friendTold, channel: 'email' },
    mailFor('offers'),
    mailFor('panel'),
    mailFor('newsletter'),
    mailFor('friend-mail'),
    toCarrier,
  ),
  mode: modes,
  fields: fc.constant({ email: ['address'] }),
})
const changes = fc.record({
  type: fc.constantFrom(
    'RequestConsent',
    'GiveConsent',
    'RefuseConsent',
    'WithdrawConsent',
    'Object',
    'LiftObjection',
  ),
  purpose: purposes,
  channel,
  mode: modes,
  evidence: fc.constant(null),
})
const scopes = fc.oneof(
  fc.constant({ everything: true }),
  someLots.map((chosen) => ({ lots: chosen })),
  fc.constant({ categories: ['email'] }),
)
const others = fc.oneof(
  fc.record({ type: fc.constant('OpenAccount'), mode: modes }),
  fc.record({ type: fc.constant('CloseAccount'), mode: modes, reason: fc.constant('left') }),
  fc.record({
    type: fc.constant('CorrectData'),
    mode: modes,
    fields: fc.constantFrom({ email: ['address'] }, { orders: [] }),
    request: fc.constant(null),
  }),
)
const erasures = fc.oneof(
  fc.record({
    type: fc.constant('RequestDeletion'),
    deletion: deletions,
    cause: fc.constantFrom('request', 'retention', 'instruction'),
    scope: scopes,
    request: fc.constant(null),
  }),
  fc.record({
    type: fc.constant('DeferDeletion'),
    deletion: deletions,
    lots: someLots,
    holds: fc.subarray(['m', 'n'], { minLength: 1 }),
  }),
  fc.record({ type: fc.constant('ResumeDeletion'), deletion: deletions }),
  fc.record({ type: fc.constant('CompleteDeletion'), deletion: deletions, lots: someLots }),
  // Whatever is pending first, and all of it that is not deferred.
  fc.constant({ type: 'CompleteDeletion', deletion: FIRST, lots: [] }),
)
const aftermath = fc.oneof(
  fc.constant({ type: 'EndResidue', deletion: LEFT }),
  fc.record({ type: fc.constant('EndResidue'), deletion: deletions }),
  fc.record({
    type: fc.constant('ReapplyDeletion'),
    deletion: deletions,
    lots: fc.constant([{ lot: 'account-data', categories: ['email'] }]),
  }),
  fc.record({ type: fc.constant('CarryOverObjection'), purpose: purposes }),
)
const expiry = fc.constant({ type: 'ExpireConsent', purpose: 'newsletter' })
const LONG_AFTER = 8 * 365 * 24 * 60
const step = fc.record({
  asked: fc.oneof(
    { weight: 4, arbitrary: acts },
    { weight: 3, arbitrary: changes },
    { weight: 1, arbitrary: others },
    { weight: 3, arbitrary: erasures },
    { weight: 1, arbitrary: aftermath },
  ),
  // Two days back and forth; now and then years later, when legal minimums are over.
  minutes: fc.oneof(
    { weight: 9, arbitrary: fc.nat(2 * 24 * 60) },
    { weight: 1, arbitrary: fc.constant(LONG_AFTER) },
  ),
})
const runOut = fc.record({ asked: expiry, minutes: fc.constant(LONG_AFTER) })
const anyStep = fc.oneof({ weight: 15, arbitrary: step }, { weight: 1, arbitrary: runOut })
const life = fc.array(anyStep, { maxLength: 40, size: 'max' })

/** A life of saying yes and no to one purpose, by clocks that disagree, and of being mailed for it. */
const choice = fc.record({
  asked: fc.oneof(
    fc.constant({ type: 'RecordAct', act: mailFor('panel'), mode: 'enforce', fields: {} }),
    fc.record({
      type: fc.constantFrom('GiveConsent', 'WithdrawConsent', 'Object', 'LiftObjection'),
      purpose: fc.constant('panel'),
      channel,
      mode: modes,
      evidence: fc.constant(null),
    }),
  ),
  minutes: fc.nat(10),
})
const joined: Step = {
  asked: {
    type: 'RecordAct',
    act: { ...signUp, purposes: ['panel', 'shipping'] },
    mode: 'observe',
    fields: {},
  },
  minutes: 0,
}
const choices = fc
  .array(choice, { maxLength: 15, size: 'max' })
  .map((steps): Step[] => [joined, ...steps])

const runs = { seed: seed(), numRuns: 300 }
const BEGINNING = Date.parse('2014-07-01T12:00:00.000Z')

/** Plays the steps through the decider, looking after each. */
function live(
  steps: readonly Step[],
  look: Look = () => {},
  beforeDeciding: BeforeDeciding = () => {},
): Life {
  let state = subjectDecider.initialState()
  const told: Told[] = []
  for (const { asked, minutes } of steps) {
    const at = new Date(BEGINNING + minutes * 60_000).toJSON()
    const resolved = { ...asked, ...named(asked['deletion'], state) }
    const said = { ...command(resolved as never, at), eventId: nthEventId(told.length) }
    beforeDeciding(said, state)
    const { events } = subjectDecider.decide(said, state, context)
    const news: Told[] = []
    for (const event of events) {
      const id: EventId = nthEventId(told.length)
      const recorded = { id, revision: Revision.parse(told.length), occurredAt: said.at }
      const one = { event: freeze(event), recorded }
      state = subjectDecider.evolve(state, event, recorded)
      told.push(one)
      news.push(one)
    }
    look({ state, told, news })
  }
  return { state, told }
}

/** What is meant by the names that depend on what has happened. */
function named(deletion: unknown, state: SubjectState): object {
  if (deletion === FIRST) return firstPending(state)
  if (deletion === LEFT) return { deletion: [...state.residues][0] ?? 'none' }
  return {}
}

function firstPending({ deletions: pending }: SubjectState): { deletion: string; lots: Lot[] } {
  for (const [deletion, { lots: named, deferrals }] of pending) {
    const going = named.map(({ lot }) => lot).filter((lot) => !deferrals.has(lot))
    if (going.length > 0) return { deletion, lots: going }
  }
  return { deletion: 'none', lots: [] }
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(freeze)
  }
  return value
}

/** How many lots hold what for which purpose, counted anew from all events. */
function recount(told: readonly Told[]): Map<string, number> {
  const held = new Map<string, Map<string, Set<string>>>()
  for (const { event } of told) {
    if (event.type === 'DataCollected' && !event.data.transient) {
      for (const { lot, category } of event.data.items) {
        const contents = held.get(lot) ?? new Map<string, Set<string>>()
        held.set(lot, contents)
        const known = contents.get(category) ?? []
        contents.set(category, new Set([...known, ...event.data.act.purposes]))
      }
    }
    if (event.type === 'DataDeleted') {
      for (const { lot, categories } of event.data.lots) {
        for (const category of categories) held.get(lot)?.delete(category)
      }
    }
    if (event.type === 'SubjectErased') held.clear()
  }
  const counts = new Map<string, number>()
  for (const contents of held.values()) {
    for (const [category, of] of contents) {
      for (const purpose of of) {
        const key = `${category} for ${purpose}`
        counts.set(key, (counts.get(key) ?? 0) + 1)
      }
    }
  }
  return counts
}

function holdingsOf(state: SubjectState): Map<string, number> {
  const counts = new Map<string, number>()
  for (const [category, byPurpose] of state.holdings) {
    for (const [purpose, { lots: count }] of byPurpose) {
      if (count !== 0) counts.set(`${category} for ${purpose}`, count)
    }
  }
  return counts
}

const isPermittedUse = (event: SubjectEvent, purpose: string) =>
  event.type === 'DataUsed' &&
  event.data.mode === 'enforce' &&
  event.data.act.purpose === purpose &&
  event.data.judgement.outcome === 'permitted'

/** What may still be said of somebody who was erased: attempts, facts, and what became of the erasure. */
const afterErasure = [
  'ActRefused',
  'DataCollected',
  'DataUsed',
  'DataShared',
  'DeletionReapplied',
  'ResidueEnded',
]

describe('any life of a subject', () => {
  it('can come to every type of event that a command of these leads to', () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(life, (steps) => {
        for (const { event } of live(steps).told) {
          const { data } = event
          seen.add(event.type)
          if ('spent' in data && data.spent !== null) seen.add('spent')
          if (isPermittedUse(event, 'panel')) seen.add('permitted on consent')
        }
      }),
      { ...runs, numRuns: 3_000 },
    )
    const notHere = ['SubjectNotified', 'DataAccessed']
    const types = Object.keys(subjectEventData).filter((type) => !notHere.includes(type))
    expect([...seen].sort()).toEqual([...types, 'spent', 'permitted on consent'].sort())
  })

  it('has an answer to every command, in events that can be stored', () => {
    fc.assert(
      fc.property(life, (steps) => {
        for (const { event } of live(steps).told) {
          expect(subjectEventData[event.type].parse(event.data)).toEqual(event.data)
        }
      }),
      runs,
    )
  })

  it('is not changed by deciding', () => {
    const decideTwice: BeforeDeciding = (said, state) => {
      const before = structuredClone(state)
      subjectDecider.decide(said, state, context)
      expect(state).toEqual(before)
    }
    fc.assert(
      fc.property(life, (steps) => void live(steps, () => {}, decideTwice)),
      { ...runs, numRuns: 100 },
    )
  })

  it('folds to the same state from its stored events', () => {
    fc.assert(
      fc.property(life, (steps) => {
        const { state, told } = live(steps)
        const stored = JSON.parse(JSON.stringify(told)) as Told[]
        const replayed = stored.reduce(
          (folded, { event, recorded }) => subjectDecider.evolve(folded, event, recorded),
          subjectDecider.initialState(),
        )
        expect(replayed).toEqual(state)
      }),
      runs,
    )
  })

  it('counts what is held as a recount of all its events does', () => {
    fc.assert(
      fc.property(life, (steps) => {
        live(steps, ({ state, told }) => expect(holdingsOf(state)).toEqual(recount(told)))
      }),
      runs,
    )
  })

  it.each([
    ['withdrawal', 'ConsentWithdrawn', 'ConsentGiven'],
    ['objection', 'ObjectionMade', 'ObjectionLifted'],
  ])('has no permitted use after an enforced %s, until the person says otherwise', (...words) => {
    const [, no, yes] = words
    let permitted = 0
    fc.assert(
      fc.property(choices, (steps) => {
        let stopped = false
        for (const { event } of live(steps).told) {
          if (event.type === yes) stopped = false
          if (event.type === no && 'mode' in event.data && event.data.mode === 'enforce') {
            stopped = true
          }
          if (isPermittedUse(event, 'panel')) permitted += 1
          if (stopped) expect(isPermittedUse(event, 'panel')).toBe(false)
        }
      }),
      runs,
    )
    expect(permitted).toBeGreaterThan(0)
  })

  it('takes no value while it is fenced, and nothing at all once it is erased', () => {
    fc.assert(
      fc.property(life, (steps) => {
        let before: SubjectState['status'] = 'unknown'
        live(steps, ({ state, news }) => {
          for (const { event } of news) {
            if (before !== 'fenced' && before !== 'erased') continue
            if (event.type === 'DataCollected') expect(event.data.items).toEqual([])
            if (before === 'erased') {
              expect(afterErasure).toContain(event.type)
            }
          }
          if (before === 'erased') expect(state.status).toBe('erased')
          if (state.status === 'erased') expect(state.lots.size).toBe(0)
          before = state.status
        })
      }),
      runs,
    )
  })

  it('spends a transient lot once', () => {
    fc.assert(
      fc.property(life, (steps) => {
        const spent = live(steps).told.flatMap(({ event }) =>
          event.type === 'DataUsed' && event.data.spent ? [event.data.spent] : [],
        )
        expect(new Set(spent).size).toBe(spent.length)
      }),
      runs,
    )
  })

  it('deletes nothing that the same deletion defers', () => {
    fc.assert(
      fc.property(life, (steps) => {
        const deferred = new Map<string, Set<string>>()
        for (const { event } of live(steps).told) {
          if (event.type === 'DeletionRequested') deferred.set(event.data.deletion, new Set())
          if (event.type === 'DeletionDeferred') {
            for (const { lot } of event.data.lots) deferred.get(event.data.deletion)?.add(lot)
          }
          if (event.type === 'DeletionResumed') {
            for (const { lot } of event.data.lots) deferred.get(event.data.deletion)?.delete(lot)
          }
          if (event.type === 'DataDeleted') {
            for (const { lot } of event.data.lots) {
              expect(deferred.get(event.data.deletion)?.has(lot)).toBe(false)
            }
          }
        }
      }),
      runs,
    )
  })
})

describe('a long life', () => {
  /** Milliseconds to decide and fold so many acts, of a customer who orders and is mailed to. */
  function millisecondsFor(count: number): number {
    const began = performance.now()
    let state = subjectDecider.initialState()
    for (let index = 0; index < count; index += 1) {
      const act = index % 10 === 0 ? signUp : mailFor('offers')
      const asked = command({ type: 'RecordAct', act, mode: 'enforce', fields: {} })
      for (const event of subjectDecider.decide(asked, state, context).events) {
        const recorded = {
          id: nthEventId(index),
          revision: Revision.parse(index),
          occurredAt: asked.at,
        }
        state = subjectDecider.evolve(state, event, recorded)
      }
    }
    return performance.now() - began
  }

  it('costs for each act what it cost in the beginning', () => {
    millisecondsFor(2_000)
    const short = Math.min(millisecondsFor(2_000), millisecondsFor(2_000))
    // Twenty times the acts: a cost that grew with the past would be hundreds of times as much.
    const long = Math.min(millisecondsFor(40_000), millisecondsFor(40_000))
    expect(long).toBeLessThan(short * 20 * 5)
  })
})

import { describe, expect, it } from 'vitest'
import { subjectDecider } from '../../../src/domain/subject/decider.ts'
import { given, recorded, refusalsOf } from '../../support/given.ts'
import {
  command,
  context,
  event,
  ordered,
  record,
  refusedCommand,
  signedUp,
  signUp,
} from '../../support/subject-words.ts'

const nothing = recorded()
const account = { lot: 'account', categories: ['name', 'email'] }
const orders = { lot: 'orders/2014-07-01', categories: ['orders'] }
const customer = [signedUp, ordered('2014-07-01')]

const ask = (scope: object, cause = 'request', at?: string) =>
  command({ type: 'RequestDeletion', deletion: 'd', cause, scope, request: 'r-1' }, at)
const everything = { everything: true }

const requested = (lots: object[], more: object = {}) =>
  event('DeletionRequested', {
    deletion: 'd',
    cause: 'request',
    everything: true,
    lots,
    request: 'r-1',
    ...more,
  })
const deferred = (lots: object[], more: object = {}) =>
  event('DeletionDeferred', { deletion: 'd', lots, holds: ['m'], until: null, ...more })
const resumed = (lots: object[], more: object = {}) =>
  event('DeletionResumed', { deletion: 'd', lots, ...more })
const deleted = (lots: object[], more: object = {}) =>
  event('DataDeleted', { deletion: 'd', cause: 'request', lots, ...more })
const erased = event('SubjectErased', { deletion: 'd' })

const defer = (lots: string[], holds: string[], deletion = 'd') =>
  command({ type: 'DeferDeletion', deletion, lots, holds })
const resume = (at?: string) => command({ type: 'ResumeDeletion', deletion: 'd' }, at)
const complete = (lots: string[], deletion = 'd') =>
  command({ type: 'CompleteDeletion', deletion, lots })

describe('a deletion that is asked for', () => {
  it('names what of its scope is held, lot by lot', () => {
    const person = given(subjectDecider, ...customer)
    const some = { everything: false, cause: 'transient' }
    expect(person.when(ask({ lots: ['account', 'gone'] }, 'transient'), context)).toEqual(
      recorded(requested([account], some)),
    )
    const email = { lot: 'account', categories: ['email'] }
    expect(person.when(ask({ categories: ['email'] }, 'transient'), context)).toEqual(
      recorded(requested([email], some)),
    )
    expect(person.when(ask(everything, 'transient'), context)).toEqual(
      recorded(requested([account, orders], { cause: 'transient' })),
    )
  })

  it('is refused where nothing is held, and of nobody', () => {
    const person = given(subjectDecider, signedUp)
    const decision = person.when(ask({ lots: ['orders/2014-07-01'] }), context)
    const refusals = [
      {
        code: 'nothing_held',
        obligation: 'S30',
        rule: null,
        explanation: 'Nothing of what is to be deleted is held on the person.',
      },
    ]
    expect(decision).toEqual({
      outcome: 'refused',
      refusals,
      events: [refusedCommand('RequestDeletion', refusals)],
    })
    expect(refusalsOf(given(subjectDecider).when(ask(everything), context))).toEqual([
      'subject_unknown',
    ])
  })

  it('of everything goes on where no value is held: there is an index to forget', () => {
    const known = given(subjectDecider, event('AccountOpened', { mode: 'enforce' }))
    expect(known.when(ask(everything), context)).toEqual(recorded(requested([])))
    const fenced = known.and(requested([]))
    expect(fenced.state.status).toBe('fenced')
    expect(fenced.when(complete([]), context)).toEqual(recorded(erased))
  })

  it('under the same name is asked for once', () => {
    const person = given(subjectDecider, signedUp, requested([account]))
    expect(person.when(ask(everything), context)).toEqual(nothing)
  })

  it('asks for nothing that another one is pending on', () => {
    const pending = requested([{ lot: 'account', categories: ['email'] }], {
      deletion: 'other',
      everything: false,
    })
    const person = given(subjectDecider, signedUp, pending)
    expect(person.when(ask({ categories: ['email'] }), context)).toEqual(nothing)
    expect(person.when(ask({ lots: ['account'] }), context)).toEqual(
      recorded(requested([{ lot: 'account', categories: ['name'] }], { everything: false })),
    )
  })

  it('of everything asks for that as well: no key may be destroyed behind a hold’s back', () => {
    const pending = requested([account], { deletion: 'other', everything: false })
    const person = given(subjectDecider, signedUp, pending)
    expect(person.when(ask(everything), context)).toEqual(recorded(requested([account])))
  })
})

describe('what the law asks to keep', () => {
  it('is deferred until its day, and the rest goes on', () => {
    expect(given(subjectDecider, ...customer).when(ask(everything), context)).toEqual(
      recorded(
        requested([account, orders]),
        deferred([orders], { holds: [], until: '2021-07-01' }),
      ),
    )
  })

  it('is deferred day by day', () => {
    const person = given(subjectDecider, ...customer, ordered('2014-06-01'))
    const earlier = { lot: 'orders/2014-06-01', categories: ['orders'] }
    expect(person.when(ask(everything), context).events.slice(1)).toEqual([
      deferred([earlier], { holds: [], until: '2021-06-01' }),
      deferred([orders], { holds: [], until: '2021-07-01' }),
    ])
  })

  it('refuses a deletion of nothing else, and says until when', () => {
    const person = given(subjectDecider, ...customer)
    const decision = person.when(ask({ lots: ['orders/2014-07-01'] }), context)
    const refusals = [
      {
        code: 'retention_minimum',
        obligation: 'S36',
        rule: null,
        explanation: 'The law asks to keep all of it; the last of it until 2021-07-01.',
      },
    ]
    expect(decision).toEqual({
      outcome: 'refused',
      refusals,
      events: [refusedCommand('RequestDeletion', refusals)],
    })
  })

  it('goes on from that day, and not the day before', () => {
    const past = [
      requested([account, orders]),
      deferred([orders], { holds: [], until: '2021-07-01' }),
    ]
    const person = given(subjectDecider, ...customer, ...past)
    expect(person.when(resume('2021-07-01T06:59:59.999Z'), context)).toEqual(nothing)
    expect(person.when(resume('2021-07-01T07:00:00.000Z'), context)).toEqual(
      recorded(resumed([orders], { on: '2021-07-01' })),
    )
  })
})

describe('a retention', () => {
  const closed = [
    ...customer,
    event('AccountOpened', { mode: 'enforce' }),
    event('AccountClosed', { mode: 'enforce', reason: 'left', on: '2014-07-01' }),
  ]
  const retain = (at: string) => ask({ lots: ['account'] }, 'retention', at)

  it('is due on its day, and asks for nothing the day before', () => {
    const person = given(subjectDecider, ...closed)
    expect(person.when(retain('2014-07-31T06:59:59.999Z'), context)).toEqual(nothing)
    expect(person.when(retain('2014-07-31T07:00:00.000Z'), context)).toEqual(
      recorded(requested([account], { everything: false, cause: 'retention', on: '2014-07-31' })),
    )
  })

  it('asks for nothing when the person has come back', () => {
    const back = given(subjectDecider, ...closed, event('AccountOpened', { mode: 'enforce' }))
    expect(back.when(retain('2015-07-31T07:00:00.000Z'), context)).toEqual(nothing)
  })
})

describe('a hold', () => {
  const asked = given(subjectDecider, signedUp, requested([account]))

  it('defers a deletion, once', () => {
    const event = deferred([account], { holds: ['m', 'n'] })
    expect(asked.when(defer(['account', 'gone'], ['n', 'm', 'n']), context)).toEqual(
      recorded(event),
    )
    expect(asked.and(event).when(defer(['account'], ['m', 'n']), context)).toEqual(nothing)
    expect(asked.and(event).when(defer(['account'], ['m']), context)).toEqual(
      recorded(deferred([account])),
    )
  })

  it('lets the subject of a wholly deferred erasure live on until it is resumed', () => {
    expect(asked.state.status).toBe('fenced')
    const held = asked.and(deferred([account]))
    expect(held.state.status).toBe('active')
    expect(held.state.deletions.get('d' as never)).toMatchObject({
      status: 'deferred',
      deferredBy: ['m'],
    })
    expect(held.when(resume(), context)).toEqual(recorded(resumed([account])))
    const going = held.and(resumed([account]))
    expect(going.state.status).toBe('fenced')
    expect(going.when(resume(), context)).toEqual(nothing)
  })

  it('keeps the subject fenced while some of the erasure goes on', () => {
    const partly = given(subjectDecider, ...customer, requested([account, orders])).and(
      deferred([orders]),
    )
    expect(partly.state.status).toBe('fenced')
    expect(partly.and(deleted([account])).state.status).toBe('active')
  })

  it('lets nothing be reported as deleted that it defers', () => {
    const decision = asked.and(deferred([account])).when(complete(['account']), context)
    expect(refusalsOf(decision)).toEqual(['on_hold S36'])
  })

  it('leaves what the person gave since they came back', () => {
    const lot = 'account/2014-07-01'
    const back = event('DataCollected', {
      ...signedUp.data,
      items: [{ category: 'email', fields: [], lot }],
      lots: [{ ...signedUp.data.lots[0], lot }],
    })
    const held = asked.and(deferred([account]))
    expect(held.when(record(signUp), context).events).toMatchObject([{ data: { lots: [{ lot }] } }])
    const going = held.and(back, resumed([account]))
    expect(held.and(back).when(resume(), context)).toEqual(recorded(resumed([account])))
    expect(going.state.status).toBe('active')
    expect(going.when(complete(['account']), context)).toEqual(recorded(deleted([account])))
    const over = going.and(deleted([account]))
    expect([...over.state.lots.keys()]).toEqual([lot])
    expect(over.state.deletions.size).toBe(0)
  })

  it('takes along what came to be known late of the time before the erasure', () => {
    const old = event('DataCollected', { ...ordered('2014-06-01').data, mode: 'observe' })
    const late = asked.and(deferred([account]), [old, '2014-06-01T12:00:00.000Z'])
    const oldOrders = { lot: 'orders/2014-06-01', categories: ['orders'] }
    expect(late.when(resume(), context)).toEqual(recorded(resumed([account, oldOrders])))
  })
})

describe('a deletion that is done', () => {
  it('of some lots is recorded as that, and their data is held no longer', () => {
    const some = requested([account], { everything: false })
    const person = given(subjectDecider, ...customer, some)
    expect(person.when(complete(['account', 'gone']), context)).toEqual(
      recorded(deleted([account])),
    )
    const done = person.and([deleted([account]), '2014-08-01T00:00:00.000Z'])
    expect(done.state.holdings.get('email' as never)?.get('offers' as never)).toEqual({
      lots: 0,
      since: '2014-07-01T00:00:00.000Z',
      until: '2014-08-01T00:00:00.000Z',
    })
    expect([...done.state.lots.keys()]).toEqual(['orders/2014-07-01'])
    expect(refusalsOf(done.when(complete(['account']), context))).toEqual(['deletion_unknown'])
  })

  it('of everything erases the subject with the last lot, and not before', () => {
    const person = given(subjectDecider, ...customer, requested([account, orders]))
    expect(person.when(complete(['account']), context)).toEqual(recorded(deleted([account])))
    const partly = person.and(deleted([account]))
    expect(partly.when(complete(['orders/2014-07-01']), context)).toEqual(
      recorded(deleted([orders]), erased),
    )
    const over = partly.and(deleted([orders]), erased)
    expect(over.state).toMatchObject({ status: 'erased', lots: new Map(), deletions: new Map() })
  })

  it('waits for the other deletions of a subject that is being erased', () => {
    const other = { deletion: 'other', everything: false, cause: 'instruction' }
    const person = given(
      subjectDecider,
      signedUp,
      requested([account], other),
      requested([account]),
      deferred([account], { deletion: 'other' }),
    )
    const both = person.when(complete(['account']), context)
    expect(both).toEqual(recorded(deleted([account]), erased))
    const first = person
      .and(resumed([account], { deletion: 'other' }))
      .when(complete(['account'], 'other'), context)
    expect(first).toEqual(
      recorded(deleted([account], { deletion: 'other', cause: 'instruction' }), erased),
    )
  })

  it('of part of a lot leaves the rest to whoever asked for that', () => {
    const email = { lot: 'account', categories: ['email'] }
    const name = { lot: 'account', categories: ['name'] }
    const person = given(
      subjectDecider,
      signedUp,
      requested([email], { everything: false }),
      requested([name], { everything: false, deletion: 'other' }),
      deleted([email]),
    )
    expect(person.state.lots.get('account' as never)?.deletion).toBe('other')
    expect([...person.state.deletions.keys()]).toEqual(['other'])
  })

  it('is kept by no hold any more in whatever else had asked for it', () => {
    const person = given(
      subjectDecider,
      ...customer,
      requested([account, orders], { everything: false }),
      deferred([account]),
      requested([account], { deletion: 'other' }),
      deleted([account], { deletion: 'other' }),
    )
    expect(person.state.deletions.get('d' as never)).toMatchObject({
      lots: [orders],
      deferrals: new Map(),
      deferredBy: [],
    })
  })

  it('that nobody asked for is refused', () => {
    const person = given(subjectDecider, signedUp)
    for (const asked of [complete(['account']), defer(['account'], ['m']), resume()]) {
      expect(refusalsOf(person.when(asked, context))).toEqual(['deletion_unknown'])
    }
  })
})

describe('an erased subject', () => {
  const over = given(subjectDecider, signedUp, requested([account]), deleted([account]), erased)

  it('answers every command with that', () => {
    const consent = { purpose: 'panel', channel: 'email', mode: 'observe' }
    const commands = [
      ask(everything),
      command({ type: 'OpenAccount', mode: 'observe' }),
      command({ type: 'CloseAccount', mode: 'observe', reason: 'x' }),
      command({ type: 'GiveConsent', ...consent, evidence: null }),
      command({ type: 'WithdrawConsent', ...consent }),
      command({ type: 'Object', ...consent }),
      command({ type: 'LiftObjection', ...consent }),
      command({ type: 'CorrectData', mode: 'observe', fields: { email: ['x'] }, request: null }),
      record(signUp),
    ]
    for (const asked of commands) {
      expect(refusalsOf(over.when(asked, context))).toEqual(['subject_erased'])
    }
  })

  it('stays as it is whatever is folded into it', () => {
    const before = structuredClone(over.state)
    expect(over.and(signedUp, event('AccountOpened', { mode: 'enforce' })).state).toEqual(before)
  })

  it('keeps when things were held', () => {
    expect(over.state.holdings.get('name' as never)?.get('offers' as never)).toMatchObject({
      lots: 0,
      until: '2014-07-01T00:02:00.000Z',
    })
  })
})

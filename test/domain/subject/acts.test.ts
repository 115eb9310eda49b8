import { describe, expect, it } from 'vitest'
import { subjectDecider } from '../../../src/domain/subject/decider.ts'
import { given, nthEventId, recorded, refusalsOf } from '../../support/given.ts'
import {
  accountLot,
  context,
  event,
  friendTold,
  mailFor,
  order,
  ordersLot,
  permitted,
  record,
  signedUp,
  signUp,
  toCarrier,
  withoutPolicy,
} from '../../support/subject-words.ts'

const friendLot = `tell-a-friend/${nthEventId(100)}`

describe('a collection', () => {
  it('is recorded with its authority, each category in the lot of its retention rule', () => {
    const act = { ...signUp, categories: [...signUp.categories, ...order.categories] }
    const fields = { name: ['given', 'family'], orders: ['number'] }
    expect(given(subjectDecider).when(record(act, { fields }), context)).toEqual(
      recorded(
        event('DataCollected', {
          mode: 'enforce',
          act,
          items: [
            { category: 'name', fields: ['given', 'family'], lot: 'account' },
            { category: 'email', fields: [], lot: 'account' },
            { category: 'orders', fields: ['number'], lot: 'orders/2014-07-01' },
          ],
          lots: [accountLot, ordersLot('2014-07-01')],
          transient: false,
          judgement: permitted({
            rules: ['sign-up'],
            obligations: ['P8', 'P3'],
            basis: 'legitimate-interest',
          }),
        }),
      ),
    )
  })

  it('falls on the day of the controller’s time zone', () => {
    const command = record(order, {}, '2014-07-02T06:59:59.999Z')
    expect(given(subjectDecider).when(command, context).events).toMatchObject([
      { data: { on: '2014-07-01', lots: [{ lot: 'orders/2014-07-01' }] } },
    ])
  })

  it('names a category once, however often the act does', () => {
    const act = { ...order, categories: [...order.categories, ...order.categories] }
    const [collected] = given(subjectDecider).when(record(act), context).events
    expect(collected).toMatchObject({ data: { items: [{ category: 'orders' }] } })
  })

  it('that no rule permits is refused in enforce mode, and no value is named', () => {
    const act = { ...signUp, categories: ['notes' as never] }
    const decision = given(subjectDecider).when(record(act, { fields: { notes: ['a'] } }), context)
    expect(decision).toEqual({
      outcome: 'refused',
      refusals: [
        {
          code: 'collection_not_permitted',
          obligation: 'P8',
          rule: 'sign-up',
          explanation: 'The nearest rule for customer, sign-up, leaves out notes.',
        },
      ],
      events: [
        event('ActRefused', {
          attempted: act,
          refusals: decision.outcome === 'refused' && decision.refusals,
        }),
      ],
    })
  })

  it('that no rule permits is recorded in observe mode: held, flagged, and due at once', () => {
    const act = { ...signUp, categories: ['email' as never, 'notes' as never] }
    const command = record(act, { mode: 'observe', fields: { notes: ['text'] } })
    const [collected] = given(subjectDecider).when(command, context).events
    expect(collected).toMatchObject({
      type: 'DataCollected',
      data: {
        items: [
          { category: 'email', fields: [], lot: 'account' },
          { category: 'notes', fields: ['text'], lot: 'unscheduled' },
        ],
        lots: [
          accountLot,
          {
            lot: 'unscheduled',
            rule: 'unscheduled',
            trigger: 'last-activity',
            keep: 'P0D',
            minimum: null,
          },
        ],
        judgement: { outcome: 'violated', violations: [{ code: 'collection_not_permitted' }] },
      },
    })
  })

  it('without any policy in force is unscheduled when observed, and refused when enforced', () => {
    const observed = given(subjectDecider).when(record(signUp, { mode: 'observe' }), withoutPolicy)
    expect(observed.events).toMatchObject([
      {
        data: {
          lots: [{ lot: 'unscheduled' }],
          judgement: { violations: [{ code: 'policy_not_in_force', obligation: 'S1' }] },
        },
      },
    ])
    const asked = given(subjectDecider).when(record(signUp), withoutPolicy)
    expect(refusalsOf(asked)).toEqual(['policy_not_in_force S1'])
  })

  it('into a lot that is being deleted goes into one beside it', () => {
    const deleting = event('DeletionRequested', {
      deletion: 'd',
      cause: 'instruction',
      everything: false,
      lots: [{ lot: 'account', categories: ['name', 'email'] }],
      request: null,
    })
    const first = given(subjectDecider, signedUp, deleting)
    expect(first.when(record(signUp), context).events).toMatchObject([
      { data: { lots: [{ lot: 'account/2014-07-01', rule: 'account' }] } },
    ])
    const beside = event('DataCollected', {
      ...signedUp.data,
      items: [{ category: 'name', fields: [], lot: 'account/2014-07-01' }],
      lots: [{ ...accountLot, lot: 'account/2014-07-01' }],
    })
    const again = event('DeletionRequested', {
      ...deleting.data,
      deletion: 'e',
      lots: [{ lot: 'account/2014-07-01', categories: ['name'] }],
    })
    expect(first.and(beside, again).when(record(signUp), context).events).toMatchObject([
      { data: { lots: [{ lot: `account/${nthEventId(100)}`, rule: 'account' }] } },
    ])
  })
})

describe('a transient collection', () => {
  const told = event('DataCollected', {
    mode: 'enforce',
    act: friendTold,
    items: [
      { category: 'name', fields: [], lot: friendLot },
      { category: 'email', fields: ['address'], lot: friendLot },
    ],
    lots: [
      {
        lot: friendLot,
        rule: 'tell-a-friend',
        trigger: 'collection',
        keep: 'P30D',
        minimum: null,
      },
    ],
    transient: true,
    judgement: permitted({
      rules: ['tell-a-friend'],
      obligations: ['P5'],
      basis: 'legitimate-interest',
    }),
  })

  it('has a lot of its own, named by its event, and never enters the holdings', () => {
    const command = record(friendTold, { fields: { email: ['address'] } })
    expect(given(subjectDecider).when(command, context)).toEqual(recorded(told))
    expect(given(subjectDecider, told).state.holdings).toEqual(new Map())
  })

  it('asks for its deletion in the same decision as its one use', () => {
    const use = mailFor('friend-mail')
    expect(given(subjectDecider, told).when(record(use), context)).toEqual(
      recorded(
        event('DataUsed', {
          mode: 'enforce',
          act: use,
          spent: friendLot,
          judgement: permitted({
            rules: ['tell-a-friend'],
            obligations: ['P5'],
            basis: 'legitimate-interest',
          }),
        }),
        event('DeletionRequested', {
          deletion: `transient.${nthEventId(100)}`,
          cause: 'transient',
          everything: false,
          lots: [{ lot: friendLot, categories: ['name', 'email'] }],
          request: null,
        }),
      ),
    )
  })

  it('is refused a second use, and an observed one spends nothing more', () => {
    const first = given(subjectDecider, told).when(record(mailFor('friend-mail')), context)
    const spent = given(subjectDecider, told, ...first.events)
    const again = mailFor('friend-mail')
    expect(refusalsOf(spent.when(record(again), context))).toEqual(['transient_already_used P5'])
    const observed = spent.when(record(again, { mode: 'observe' }), context)
    expect(observed.events).toMatchObject([
      {
        type: 'DataUsed',
        data: { spent: null, judgement: { violations: [{ code: 'transient_already_used' }] } },
      },
    ])
    expect(observed.events).toHaveLength(1)
  })
})

describe('a use', () => {
  it('is recorded with what it stands on', () => {
    const use = mailFor('offers')
    expect(given(subjectDecider, signedUp).when(record(use), context)).toEqual(
      recorded(
        event('DataUsed', {
          mode: 'enforce',
          act: use,
          spent: null,
          judgement: permitted({ obligations: ['P3'], basis: 'legitimate-interest' }),
        }),
      ),
    )
  })

  it('of what is not held is refused when asked, and flagged when it happened', () => {
    const use = mailFor('offers')
    const nobody = given(subjectDecider)
    expect(refusalsOf(nobody.when(record(use), context))).toEqual(['subject_unknown'])
    expect(nobody.when(record(use, { mode: 'observe' }), context).events).toMatchObject([
      { type: 'DataUsed', data: { judgement: { outcome: 'violated' } } },
    ])
  })
})

describe('a share', () => {
  it('records the class of the recipient as registered, or that there was none', () => {
    const recipient = {
      recipient: 'carrier' as never,
      recipientClass: 'carriers',
      suspendedSince: null,
      contracts: [],
    }
    const command = record(toCarrier, { mode: 'observe' })
    const person = given(subjectDecider, signedUp)
    expect(person.when(command, { ...context, recipient }).events).toMatchObject([
      { type: 'DataShared', data: { recipientClass: 'carriers' } },
    ])
    expect(person.when(command, context).events).toMatchObject([
      {
        data: { recipientClass: null, judgement: { violations: [{ code: 'recipient_unknown' }] } },
      },
    ])
  })
})

describe('a subject that is erased, or being erased', () => {
  const fence = event('DeletionRequested', {
    deletion: 'd',
    cause: 'request',
    everything: true,
    lots: [{ lot: 'account', categories: ['name', 'email'] }],
    request: null,
  })
  const erased = [
    fence,
    event('DataDeleted', { deletion: 'd', cause: 'request', lots: fence.data.lots }),
    event('SubjectErased', { deletion: 'd' }),
  ]

  it.each([
    ['subject_fenced', [signedUp, fence]],
    ['subject_erased', [signedUp, ...erased]],
  ])('answers %s to a collection, and takes no value of an observed one', (code, past) => {
    const person = given(subjectDecider, ...past)
    const fields = { email: ['address'] }
    expect(refusalsOf(person.when(record(signUp, { fields }), context))).toEqual([code])
    const observed = person.when(record(signUp, { fields, mode: 'observe' }), context)
    expect(observed.events).toMatchObject([
      {
        type: 'DataCollected',
        data: { items: [], lots: [], judgement: { violations: [{ code }] } },
      },
    ])
  })
})

import { describe, expect, it } from 'vitest'
import { subjectDecider } from '../../../src/domain/subject/decider.ts'
import { given, recorded, refusalsOf } from '../../support/given.ts'
import {
  changed,
  command,
  context,
  event,
  mailFor,
  record,
  refusedCommand,
  say,
  signedUp,
  withoutPolicy,
} from '../../support/subject-words.ts'

const nothing = recorded()
const LATER = '2015-08-01T19:00:00.000Z'
const givenPanel = event('ConsentGiven', { ...changed('panel'), evidence: null, expires: null })
const givenNewsletter = event('ConsentGiven', {
  ...changed('newsletter'),
  evidence: 'form 7',
  expires: '2015-07-01',
})

describe('giving consent', () => {
  it('lasts as long as the policy says', () => {
    const asked = say('GiveConsent', 'newsletter', { evidence: 'form 7' })
    expect(given(subjectDecider).when(asked, context)).toEqual(recorded(givenNewsletter))
  })

  it('again records nothing, unless it lasts longer for it', () => {
    const panel = say('GiveConsent', 'panel', { evidence: null })
    expect(given(subjectDecider, givenPanel).when(panel, context)).toEqual(nothing)
    const newsletter = given(subjectDecider, givenNewsletter)
    const same = say('GiveConsent', 'newsletter', { evidence: null })
    expect(newsletter.when(same, context)).toEqual(nothing)
    const renewed = say('GiveConsent', 'newsletter', { evidence: null }, LATER)
    expect(newsletter.when(renewed, context).events).toMatchObject([
      { type: 'ConsentGiven', data: { expires: '2016-08-01' } },
    ])
  })

  it('is refused for what does not stand on consent, and for what the policy does not know', () => {
    const offers = say('GiveConsent', 'offers', { evidence: null })
    expect(refusalsOf(given(subjectDecider).when(offers, context))).toEqual([
      'consent_not_asked_for P3',
    ])
    const unknown = say('GiveConsent', 'unheard-of', { evidence: null })
    expect(refusalsOf(given(subjectDecider).when(unknown, context))).toEqual(['word_unknown'])
    const early = say('GiveConsent', 'panel', { evidence: null })
    expect(refusalsOf(given(subjectDecider).when(early, withoutPolicy))).toEqual([
      'policy_not_in_force S1',
    ])
  })

  it('is recorded when it was observed, whatever the policy says of the purpose', () => {
    const observed = say('GiveConsent', 'offers', { evidence: null, mode: 'observe' })
    expect(given(subjectDecider).when(observed, context).events).toMatchObject([
      { type: 'ConsentGiven', data: { purpose: 'offers', mode: 'observe', expires: null } },
    ])
  })
})

describe('asking for consent', () => {
  it('is recorded once, and not while consent stands', () => {
    const asked = say('RequestConsent', 'panel')
    const request = event('ConsentRequested', changed('panel'))
    expect(given(subjectDecider).when(asked, context)).toEqual(recorded(request))
    expect(given(subjectDecider, request).when(asked, context)).toEqual(nothing)
    expect(given(subjectDecider, givenPanel).when(asked, context)).toEqual(nothing)
  })

  it('may be answered with no, which ends a consent as well', () => {
    const no = event('ConsentRefused', changed('panel'))
    const person = given(subjectDecider, signedUp, givenPanel, no)
    expect(given(subjectDecider, givenPanel).when(say('RefuseConsent', 'panel'), context)).toEqual(
      recorded(no),
    )
    expect(person.when(say('RefuseConsent', 'panel'), context)).toEqual(nothing)
    expect(refusalsOf(person.when(record(mailFor('panel')), context))).toContain(
      'consent_missing P2',
    )
  })
})

describe('withdrawing consent', () => {
  const withdrawn = event('ConsentWithdrawn', changed('panel'))

  it('is recorded once', () => {
    const asked = say('WithdrawConsent', 'panel')
    expect(given(subjectDecider, givenPanel).when(asked, context)).toEqual(recorded(withdrawn))
    expect(given(subjectDecider, givenPanel, withdrawn).when(asked, context)).toEqual(nothing)
  })

  it('needs no policy, and is heard while an erasure is under way', () => {
    const asked = say('WithdrawConsent', 'panel')
    const fence = event('DeletionRequested', {
      deletion: 'd',
      cause: 'request',
      everything: true,
      lots: [],
      request: null,
    })
    const fenced = given(subjectDecider, givenPanel, fence)
    expect(fenced.when(asked, withoutPolicy)).toEqual(recorded(withdrawn))
    const giving = say('GiveConsent', 'newsletter', { evidence: null })
    expect(refusalsOf(fenced.when(giving, context))).toEqual(['subject_fenced'])
  })

  it('of what never stood is refused when asked, with the attempt on record, and kept when observed', () => {
    const decision = given(subjectDecider).when(say('WithdrawConsent', 'panel'), context)
    const refusals = [
      {
        code: 'consent_not_given',
        obligation: 'P2',
        rule: null,
        explanation: 'No consent to panel stands; there is nothing to withdraw.',
      },
    ]
    expect(decision).toEqual({
      outcome: 'refused',
      refusals,
      events: [refusedCommand('WithdrawConsent', refusals, 'panel')],
    })
    const observed = say('WithdrawConsent', 'panel', { mode: 'observe' })
    expect(given(subjectDecider).when(observed, context).events).toMatchObject([
      { type: 'ConsentWithdrawn', data: { mode: 'observe' } },
    ])
  })

  it('stands from when it was heard, though the clock had gone back', () => {
    const person = given(
      subjectDecider,
      signedUp,
      [givenPanel, '2014-07-01T10:00:00.000Z'],
      [withdrawn, '2014-07-01T09:00:00.000Z'],
    )
    expect(
      person.state.consents.get('panel' as never)?.map(({ status, at }) => [status, at]),
    ).toEqual([
      ['given', '2014-07-01T10:00:00.000Z'],
      ['withdrawn', '2014-07-01T10:00:00.000Z'],
    ])
    expect(refusalsOf(person.when(record(mailFor('panel')), context))).toContain(
      'consent_missing P2',
    )
  })

  it('is not undone by an older word that only came to be known later', () => {
    const old = event('ConsentGiven', { ...givenPanel.data, mode: 'observe' })
    const person = given(
      subjectDecider,
      signedUp,
      [givenPanel, '2014-07-01T10:00:00.000Z'],
      [withdrawn, '2014-07-01T11:00:00.000Z'],
      [old, '2014-07-01T09:00:00.000Z'],
    )
    expect(person.state.consents.get('panel' as never)?.map(({ revision }) => revision)).toEqual([
      3, 1, 2,
    ])
    expect(refusalsOf(person.when(record(mailFor('panel')), context))).toContain(
      'consent_missing P2',
    )
  })
})

describe('a consent for a time', () => {
  const expire = (at: string) => command({ type: 'ExpireConsent', purpose: 'newsletter' }, at)

  it('runs out on its day, once', () => {
    const person = given(subjectDecider, givenNewsletter)
    const over = event('ConsentExpired', { on: '2015-07-01', purpose: 'newsletter' })
    expect(person.when(expire('2015-07-01T07:00:00.000Z'), context)).toEqual(recorded(over))
    expect(person.and([over, LATER]).when(expire(LATER), context)).toEqual(nothing)
  })

  it('does not run out a moment before', () => {
    const decision = given(subjectDecider, givenNewsletter).when(
      expire('2015-07-01T06:59:59.999Z'),
      context,
    )
    expect(refusalsOf(decision)).toEqual(['consent_not_given P2'])
  })

  it('can still be withdrawn after that, for good measure', () => {
    const asked = say('WithdrawConsent', 'newsletter', {}, LATER)
    expect(given(subjectDecider, givenNewsletter).when(asked, context).events).toMatchObject([
      { type: 'ConsentWithdrawn' },
    ])
  })
})

describe('an objection', () => {
  const made = event('ObjectionMade', changed('offers'))
  const lifted = event('ObjectionLifted', changed('offers'))

  it('is recorded once, stops the purpose, and may be lifted', () => {
    const person = given(subjectDecider, signedUp)
    expect(person.when(say('Object', 'offers'), context)).toEqual(recorded(made))
    const objected = person.and(made)
    expect(objected.when(say('Object', 'offers'), context)).toEqual(nothing)
    expect(refusalsOf(objected.when(record(mailFor('offers')), context))).toEqual([
      'objection_stands P3',
    ])
    expect(objected.when(say('LiftObjection', 'offers'), context)).toEqual(recorded(lifted))
    const again = objected.and(lifted)
    expect(again.when(say('LiftObjection', 'offers'), context)).toEqual(nothing)
    expect(again.when(record(mailFor('offers')), context).outcome).toBe('recorded')
  })

  it.each(['enforce', 'observe'])(
    'to what cannot be objected to is refused with the policy’s reason, in %s mode',
    (mode) => {
      const decision = given(subjectDecider, signedUp).when(
        say('Object', 'notices', { mode }),
        context,
      )
      const refusals = [
        {
          code: 'objection_not_possible',
          obligation: 'P4',
          rule: null,
          explanation: 'Close the account to end them.',
        },
      ]
      expect(decision).toEqual({
        outcome: 'refused',
        refusals,
        events: [refusedCommand('Object', refusals, 'notices')],
      })
    },
  )

  it('is heard from people who are not known, and where no policy is in force', () => {
    expect(given(subjectDecider).when(say('Object', 'offers'), withoutPolicy)).toEqual(
      recorded(made),
    )
  })

  it('that never was cannot be lifted', () => {
    const decision = given(subjectDecider).when(say('LiftObjection', 'offers'), context)
    expect(refusalsOf(decision)).toEqual(['objection_not_made P3'])
  })
})

import { describe, expect, it } from 'vitest'
import { subjectDecider } from '../../../src/domain/subject/decider.ts'
import { clockStart, dueOn, minimumUntil } from '../../../src/domain/subject/retention.ts'
import type { HeldLot, SubjectState } from '../../../src/domain/subject/state.ts'
import { Day } from '../../../src/domain/values.ts'
import { given } from '../../support/given.ts'
import { event, mailFor, permitted, signedUp } from '../../support/subject-words.ts'

const opened = event('AccountOpened', { mode: 'enforce' })
const closed = event('AccountClosed', { mode: 'enforce', reason: 'left', on: '2014-09-01' })
const used = event('DataUsed', {
  on: '2014-10-05',
  mode: 'enforce',
  act: mailFor('offers'),
  spent: null,
  judgement: permitted(),
})

function lot(trigger: HeldLot['trigger'], more: Partial<Record<keyof HeldLot, unknown>> = {}) {
  return { trigger, keep: 'P30D', minimum: null, lastOn: '2014-07-15', ...more } as HeldLot
}

describe('the clock of a lot', () => {
  const cases: [string, HeldLot['trigger'], SubjectState, string | null][] = [
    [
      'runs from the collection',
      'collection',
      given(subjectDecider, signedUp, used).state,
      '2014-07-15',
    ],
    [
      'runs from the last use',
      'last-activity',
      given(subjectDecider, signedUp, used).state,
      '2014-10-05',
    ],
    [
      'runs from the last use, whatever came to be known after it',
      'last-activity',
      given(subjectDecider, used, signedUp).state,
      '2014-10-05',
    ],
    [
      'has not started while the account is open',
      'account-closure',
      given(subjectDecider, signedUp, opened).state,
      null,
    ],
    [
      'runs from the closing',
      'account-closure',
      given(subjectDecider, signedUp, opened, closed).state,
      '2014-09-01',
    ],
    [
      'runs from the last activity where there never was an account',
      'account-closure',
      given(subjectDecider, signedUp).state,
      '2014-07-01',
    ],
  ]

  it.each(cases)('%s (%s)', (_, trigger, state, start) => {
    expect(clockStart(state, lot(trigger))).toBe(start)
  })

  it('says when it is due, and where it has not started, nothing', () => {
    const person = given(subjectDecider, signedUp, opened)
    expect(dueOn(person.state, lot('account-closure'))).toBeNull()
    expect(dueOn(person.and(closed).state, lot('account-closure'))).toBe('2014-10-01')
  })
})

describe('a legal minimum', () => {
  const { state } = given(subjectDecider, signedUp, opened)
  const kept = { minimum: 'P1M' }

  it('runs from the clock, until its day', () => {
    const orders = lot('collection', kept)
    expect(minimumUntil(state, orders, Day.parse('2014-08-14'))).toBe('2014-08-15')
    expect(minimumUntil(state, orders, Day.parse('2014-08-15'))).toBeNull()
  })

  it('runs from the day that it is asked for while the clock has not started', () => {
    const account = lot('account-closure', kept)
    expect(minimumUntil(state, account, Day.parse('2014-08-14'))).toBe('2014-09-14')
  })

  it('is not there where the policy names none', () => {
    expect(minimumUntil(state, lot('collection'), Day.parse('2014-07-15'))).toBeNull()
  })
})

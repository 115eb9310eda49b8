import { describe, expect, it } from 'vitest'
import { subjectDecider } from '../../../src/domain/subject/decider.ts'
import { given, recorded, refusalsOf } from '../../support/given.ts'
import {
  command,
  context,
  event,
  ordered,
  refusedCommand,
  signedUp,
} from '../../support/subject-words.ts'

const nothing = recorded()
const open = event('AccountOpened', { mode: 'enforce' })
const close = event('AccountClosed', { mode: 'enforce', reason: 'by email' })
const opening = (mode: string, at?: string) => command({ type: 'OpenAccount', mode }, at)
const closing = (mode: string, at?: string) =>
  command({ type: 'CloseAccount', mode, reason: 'by email' }, at)

describe('an account', () => {
  it('is opened and closed, and may be opened again', () => {
    expect(given(subjectDecider).when(opening('enforce'), context)).toEqual(recorded(open))
    expect(given(subjectDecider, open).when(closing('enforce'), context)).toEqual(recorded(close))
    const closed = given(subjectDecider, open, close)
    expect(closed.when(opening('enforce'), context)).toEqual(recorded(open))
    expect(closed.state.accounts).toEqual([
      {
        openedAt: '2014-07-01T00:00:00.000Z',
        closedAt: '2014-07-01T00:01:00.000Z',
        closedOn: '2014-07-01',
      },
    ])
  })

  it('is refused to be opened twice, or closed when there is none', () => {
    const twice = given(subjectDecider, open).when(opening('enforce'), context)
    const refusals = [
      {
        code: 'account_already_open',
        obligation: null,
        rule: null,
        explanation: 'The person has an open account already.',
      },
    ]
    expect(twice).toEqual({
      outcome: 'refused',
      refusals,
      events: [refusedCommand('OpenAccount', refusals)],
    })
    const none = given(subjectDecider, open, close).when(closing('enforce'), context)
    expect(refusalsOf(none)).toEqual(['account_not_open'])
  })

  it('that was reported twice is reported once', () => {
    expect(given(subjectDecider, open).when(opening('observe'), context)).toEqual(nothing)
    expect(given(subjectDecider, open, close).when(closing('observe'), context)).toEqual(nothing)
  })

  it('can be learnt of from its end backwards', () => {
    const seen = { mode: 'observe' }
    const closed = given(subjectDecider, [
      event('AccountClosed', { ...seen, reason: 'lapsed', on: '2014-07-01' }),
      '2014-07-01T12:00:00.000Z',
    ])
    const earlier = '2014-06-01T12:00:00.000Z'
    expect(closed.when(opening('observe', earlier), context).events).toHaveLength(1)
    const known = closed.and([event('AccountOpened', { ...seen, on: '2014-06-01' }), earlier])
    expect(known.state.accounts).toEqual([
      { openedAt: earlier, closedAt: '2014-07-01T12:00:00.000Z', closedOn: '2014-07-01' },
    ])
  })

  it('that is opened with a clock gone back is open all the same', () => {
    const person = given(
      subjectDecider,
      [open, '2014-07-01T08:00:00.000Z'],
      [close, '2014-07-01T10:00:00.000Z'],
      [open, '2014-07-01T09:00:00.000Z'],
    )
    expect(person.state.accounts.at(-1)).toEqual({
      openedAt: '2014-07-01T10:00:00.000Z',
      closedAt: null,
      closedOn: null,
    })
  })
})

describe('a correction', () => {
  const correct = (fields: Record<string, string[]>) =>
    command({ type: 'CorrectData', mode: 'enforce', fields, request: null })

  it('goes into the latest lot that holds the category', () => {
    const person = given(subjectDecider, signedUp, ordered('2014-03-01'), ordered('2014-02-01'))
    const fields = { orders: ['number'], email: ['address'] }
    expect(person.when(correct(fields), context)).toEqual(
      recorded(
        event('DataCorrected', {
          items: [
            { category: 'orders', fields: ['number'], lot: 'orders/2014-03-01' },
            { category: 'email', fields: ['address'], lot: 'account' },
          ],
          request: null,
        }),
      ),
    )
  })

  it('is refused of what is not held, and of somebody unknown', () => {
    const person = given(subjectDecider, signedUp)
    const partly = correct({ email: ['address'], orders: ['number'] })
    expect(refusalsOf(person.when(partly, context))).toEqual(['not_held'])
    expect(refusalsOf(given(subjectDecider).when(partly, context))).toEqual(['subject_unknown'])
  })

  it('of nothing records nothing', () => {
    expect(given(subjectDecider, signedUp).when(correct({}), context)).toEqual(nothing)
  })

  it('avoids a lot that is being deleted where there is another', () => {
    const person = given(
      subjectDecider,
      ordered('2014-02-01'),
      ordered('2014-03-01'),
      event('DeletionRequested', {
        deletion: 'd',
        cause: 'retention',
        everything: false,
        lots: [{ lot: 'orders/2014-03-01', categories: ['orders'] }],
        request: null,
      }),
    )
    expect(person.when(correct({ orders: ['number'] }), context).events).toMatchObject([
      { data: { items: [{ lot: 'orders/2014-02-01' }] } },
    ])
  })
})

describe('the record of what was said and read', () => {
  it('holds each notice to the person', () => {
    const notice = { about: 'transfer', reference: 'merger-1', channel: 'email' }
    const asked = command({ type: 'NotifySubject', ...notice })
    expect(given(subjectDecider, signedUp).when(asked, context)).toEqual(
      recorded(event('SubjectNotified', notice)),
    )
    expect(refusalsOf(given(subjectDecider).when(asked, context))).toEqual(['subject_unknown'])
  })

  it('holds each access to the person’s values', () => {
    const access = { reason: 'subject-export', categories: ['email'], request: 'r-1' }
    const asked = command({ type: 'RecordAccess', ...access })
    expect(given(subjectDecider, signedUp).when(asked, context)).toEqual(
      recorded(event('DataAccessed', access)),
    )
    expect(refusalsOf(given(subjectDecider).when(asked, context))).toEqual(['subject_unknown'])
  })
})

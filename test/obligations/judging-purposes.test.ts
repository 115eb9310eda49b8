import { describe, expect, it } from 'vitest'
import { Act } from '../../src/domain/judgement.ts'
import { judge } from '../../src/domain/policy/judge.ts'
import { Instant } from '../../src/domain/values.ts'
import { symphonyPolicy } from '../support/policy-file.ts'
import {
  accountHolder,
  mail,
  prospectDetails,
  recipient,
  registration,
  somebody,
  trail,
} from '../support/symphony.ts'

const moment = { at: Instant.parse('2014-07-01T00:00:00.000Z'), mode: 'enforce' } as const
const context = { policy: symphonyPolicy(), recipient: null, transferUnderWay: false }
const property = 'www.symphonycommerce.com'

describe('S4: diagnosis and improvement only with authorization', () => {
  const diagnosis = mail('diagnosis-and-improvement')

  it('S4 refuses it until consent is given, and permits it then', () => {
    const person = accountHolder()
    expect(person.act(diagnosis)).toMatchObject({ code: 'consent_missing', obligation: 'S4' })
    const given = person.giveConsent('diagnosis-and-improvement')
    const revision = person.events.indexOf(given.events[0]!)
    expect(trail(person.act(diagnosis))).toMatchObject({
      outcome: 'permitted',
      authority: {
        obligations: ['S4', 'S40'],
        basis: 'consent',
        consent: { purpose: 'diagnosis-and-improvement', revision },
      },
    })
  })

  it('S4 refuses it after the withdrawal, whatever clock the use names', () => {
    const person = accountHolder()
    person.giveConsent('diagnosis-and-improvement')
    person.withdrawConsent('diagnosis-and-improvement')
    const before = { at: '2014-07-01T12:03:00.000Z' }
    const answer = person.act(diagnosis, before)
    expect(answer).toMatchObject({ code: 'consent_missing', obligation: 'S4' })
    expect(trail(answer)).toEqual({ type: 'ActRefused', refusals: answer.refusals })
  })
})

describe('S5: aggregated figures say nothing of anybody', () => {
  const figures = Act.parse({
    act: 'use',
    property,
    categories: ['system.usage-figures'],
    purpose: 'aggregated-statistics',
  })

  it('S5 permits figures without a subject and without identifying categories', () => {
    expect(judge(figures, moment, null, context)).toMatchObject({
      outcome: 'permitted',
      authority: { obligations: ['S5'] },
    })
  })

  it('S5 refuses an identifying category under that label', () => {
    const act = Act.parse({ ...figures, categories: ['user.contact.email'] })
    expect(judge(act, moment, null, context)).toMatchObject({
      outcome: 'refused',
      refusals: [{ code: 'identifying_in_aggregate', obligation: 'S5' }],
    })
  })

  it('S5 refuses figures that are about a person', () => {
    const answer = accountHolder().act({ ...figures })
    expect(answer).toMatchObject({ code: 'identifying_in_aggregate', obligation: 'S5' })
  })

  it('S5 permits sharing figures with anybody who is registered', () => {
    const act = Act.parse({
      act: 'share',
      property,
      categories: ['system.usage-figures'],
      purpose: 'aggregated-statistics',
      recipient: 'some-analyst',
    })
    const analyst = { ...context, recipient: recipient('analyst') }
    expect(judge(act, moment, null, analyst)).toMatchObject({
      outcome: 'permitted',
      authority: { rules: ['aggregates'], obligations: ['S5'] },
    })
  })
})

describe('S22: what is left in the offline chat serves the reply', () => {
  const chat = {
    act: 'collect',
    channel: 'live-chat',
    kind: 'chat-visitor',
    categories: ['user.name', 'user.contact.email', 'user.content.message'],
    purposes: ['chat-reply'],
  }

  it('S22 permits the reply', () => {
    const person = somebody()
    expect(trail(person.act(chat))).toMatchObject({ authority: { rules: ['chat-request'] } })
    expect(trail(person.act(mail('chat-reply')))).toMatchObject({
      outcome: 'permitted',
      authority: { obligations: ['S22'] },
    })
  })

  it('S22 refuses other uses', () => {
    const person = somebody()
    person.act(chat)
    const answer = person.act(mail('site-improvement'))
    expect(answer).toMatchObject({ code: 'purpose_incompatible', obligation: 'S22' })
    const promotion = person.act(mail('promotional-mail', { optOutOffered: true }))
    expect(promotion).toMatchObject({ code: 'purpose_not_open', obligation: 'S22' })
  })
})

describe('S24: analytics logs are never linked to personal data', () => {
  const trends = {
    act: 'use',
    property,
    categories: ['user.device.ip-address', 'user.behavior.referrer'],
    purpose: 'site-improvement',
  }

  it('S24 permits looking for trends in the logs alone', () => {
    const judged = judge(Act.parse(trends), moment, null, context)
    expect(judged).toMatchObject({ outcome: 'permitted', authority: { obligations: ['S14'] } })
  })

  it.each(['user.name', 'user.contact.email', 'user.device.cookie-id'])(
    'S24 refuses joining them with %s',
    (identifying) => {
      const categories = [...trends.categories, identifying]
      const answer = accountHolder().act({ ...trends, categories })
      expect(answer).toMatchObject({
        code: 'combination_forbidden',
        obligation: 'S24',
        rule: 'logs-not-linked',
      })
    },
  )
})

describe('S26: service purposes', () => {
  it('S26 permits the welcome mail, and collecting for a service from an account holder', () => {
    const person = accountHolder()
    expect(trail(person.act(mail('account-management')))).toMatchObject({
      outcome: 'permitted',
      authority: { obligations: ['S26'], basis: 'contract' },
    })
    const order = {
      ...registration,
      channel: 'commerce-platform',
      categories: ['user.name', 'user.purchase.history', 'user.payment.card-last-four'],
      purposes: ['fulfil-order', 'billing'],
    }
    expect(trail(person.act(order))).toMatchObject({ authority: { rules: ['order-placed'] } })
  })

  it('S26 refuses them to a person without an account', () => {
    const person = somebody()
    person.act(prospectDetails)
    expect(person.act(mail('account-management')).code).toBe('purpose_not_open')
  })
})

describe('S40: only compatible with the purposes of the collection, or later authorized', () => {
  const opened = {
    ...registration,
    purposes: ['account-management'],
  }

  it('S40 permits a use for a purpose that is declared compatible, and names the clause', () => {
    const person = somebody()
    person.act(opened)
    expect(trail(person.act(mail('account-contact')))).toMatchObject({
      outcome: 'permitted',
      authority: { obligations: ['S2', 'S40'] },
    })
  })

  it('S40 refuses a use for a purpose that is not', () => {
    const person = somebody()
    person.act(opened)
    const answer = person.act(mail('site-improvement'))
    expect(answer).toMatchObject({ code: 'purpose_incompatible', obligation: 'S40' })
    expect(answer.refusals[0]?.explanation).toContain('site-improvement')
    expect(trail(answer)).toEqual({ type: 'ActRefused', refusals: answer.refusals })
  })

  it('S40 permits it once the person authorized it', () => {
    const person = somebody()
    person.act(opened)
    person.giveConsent('diagnosis-and-improvement')
    expect(trail(person.act(mail('diagnosis-and-improvement')))).toMatchObject({
      authority: { consent: { purpose: 'diagnosis-and-improvement' } },
    })
  })

  it('S40 refuses using what is not held', () => {
    const answer = accountHolder().act({
      act: 'use',
      categories: ['user.contact.email', 'user.contact.phone'],
      purpose: 'account-contact',
    })
    expect(answer).toMatchObject({ code: 'not_held', obligation: 'S40' })
    expect(answer.refusals[0]?.explanation).toContain('user.contact.phone')
    expect(answer.refusals[0]?.explanation).not.toContain('user.contact.email')
  })
})

import { describe, expect, it } from 'vitest'
import { Act } from '../../src/domain/judgement.ts'
import { judge } from '../../src/domain/policy/judge.ts'
import { Instant } from '../../src/domain/values.ts'
import { symphonyPolicy } from '../support/policy-file.ts'
import {
  accountHolder,
  mail,
  prospect,
  prospectDetails,
  registration,
  somebody,
  trail,
} from '../support/symphony.ts'

const kinds = ['prospect', 'business-partner', 'applicant']

describe('S10: five categories from prospects, partners and applicants', () => {
  it.each(kinds)('S10 permits name, company, email, phone and address from a %s', (kind) => {
    const categories = [
      'user.name',
      'user.company',
      'user.contact.email',
      'user.contact.phone',
      'user.contact.address',
    ]
    expect(trail(somebody().act({ ...prospectDetails, kind, categories }))).toMatchObject({
      outcome: 'permitted',
      authority: { rules: ['prospect-details'], obligations: ['S10', 'S11'] },
    })
  })

  it.each(kinds)('S10 refuses anything else from a %s, and names what', (kind) => {
    const categories = ['user.name', 'user.purchase.history']
    const answer = somebody().act({ ...prospectDetails, kind, categories })
    expect(answer).toMatchObject({
      code: 'collection_not_permitted',
      obligation: 'S10',
      rule: 'prospect-details',
    })
    expect(answer.refusals[0]?.explanation).toContain('user.purchase.history')
    expect(trail(answer)).toEqual({ type: 'ActRefused', refusals: answer.refusals })
  })

  it('S10 records an observed collection beyond it as a violation', () => {
    const categories = ['user.name', 'user.health']
    const answer = somebody().act({ ...prospectDetails, categories }, { mode: 'observe' })
    expect(trail(answer)).toMatchObject({
      type: 'DataCollected',
      outcome: 'violated',
      violations: [{ code: 'collection_not_permitted', obligation: 'S10' }],
    })
  })
})

describe('S11: only to contact people who identified themselves as such', () => {
  it('S11 permits contacting a prospect', () => {
    expect(trail(prospect().act(mail('contact-prospect')))).toMatchObject({
      outcome: 'permitted',
      authority: { obligations: ['S11'] },
    })
  })

  it('S11 refuses a prospect who did not identify themselves as one', () => {
    const answer = somebody().act({ ...prospectDetails, selfIdentified: false })
    expect(answer).toMatchObject({ code: 'not_self_identified', rule: 'prospect-details' })
  })

  it('S11 refuses a collection from prospects for another purpose', () => {
    const answer = somebody().act({ ...prospectDetails, purposes: ['site-improvement'] })
    expect(answer).toMatchObject({ code: 'collection_not_permitted', obligation: 'S11' })
  })

  it.each(['promotional-mail', 'product-updates', 'account-contact'])(
    'S11 refuses using a prospect’s address for %s',
    (purpose) => {
      const answer = prospect().act(mail(purpose, { optOutOffered: true }))
      expect(answer).toMatchObject({ code: 'purpose_not_open', obligation: 'S11' })
    },
  )
})

describe('S14: tracking logs are tied to nobody, or to a cookie', () => {
  const log = Act.parse({
    act: 'collect',
    property: 'www.symphonycommerce.com',
    channel: 'web-server-log',
    kind: 'visitor',
    categories: ['user.device.domain', 'user.device.browser', 'user.behavior.pages'],
    purposes: ['site-improvement'],
  })
  const moment = { at: Instant.parse('2014-07-01T00:00:00.000Z'), mode: 'enforce' } as const
  const context = { policy: symphonyPolicy(), recipient: null, transferUnderWay: false }

  it('S14 permits log lines without a subject', () => {
    expect(judge(log, moment, null, context)).toMatchObject({
      outcome: 'permitted',
      authority: { rules: ['server-logs'], obligations: ['S14'] },
    })
  })

  it('S14 refuses log lines with what identifies a person', () => {
    const categories = [...log.categories, 'user.contact.email']
    const judged = judge(Act.parse({ ...log, categories }), moment, null, context)
    expect(judged).toMatchObject({
      outcome: 'refused',
      refusals: [{ code: 'collection_not_permitted', obligation: 'S14', rule: 'server-logs' }],
    })
  })

  it('S14 refuses tying log lines to a person, and permits tying pages to a cookie', () => {
    expect(somebody().act({ ...log })).toMatchObject({ code: 'collection_not_permitted' })
    const categories = ['user.device.cookie-id', 'user.behavior.pages']
    const answer = somebody().act({ ...log, channel: 'site', categories })
    expect(trail(answer)).toMatchObject({ authority: { rules: ['own-cookies'] } })
  })
})

describe('S33: data about others only for the reason it was given', () => {
  const contact = {
    act: 'collect',
    channel: 'address-book',
    kind: 'contact-of-user',
    categories: ['user.name', 'user.contact.email'],
    purposes: ['member-invitation'],
    providedBy: 'user-17',
  }

  it('S33 permits inviting a contact, and the trail holds who gave the data', () => {
    const person = somebody()
    const answer = person.act(contact)
    expect(answer.events[0]).toMatchObject({ data: { act: { providedBy: 'user-17' } } })
    expect(person.act(mail('member-invitation')).outcome).toBe('recorded')
  })

  it('S33 refuses a contact without saying who gave it', () => {
    const answer = somebody().act({ ...contact, providedBy: undefined })
    expect(answer).toMatchObject({ code: 'provider_missing', obligation: 'S33' })
  })

  it('S33 refuses every other purpose', () => {
    const person = somebody()
    person.act(contact)
    for (const purpose of ['site-improvement', 'inquiry-reply']) {
      const answer = person.act(mail(purpose))
      expect(answer).toMatchObject({ code: 'purpose_incompatible', obligation: 'S33' })
    }
  })
})

describe('S37: sensitive data only over an encrypted channel', () => {
  const card = { ...registration, categories: ['user.payment.card'], purposes: ['billing'] }

  it('S37 permits a card number on an encrypted form', () => {
    expect(accountHolder().act(card).outcome).toBe('recorded')
  })

  it.each([
    'user.payment.card',
    'user.government-id.social-security',
    'user.government-id.national',
    'user.health',
  ])('S37 refuses %s by email', (category) => {
    const answer = accountHolder().act({ ...card, categories: [category], channel: 'email' })
    expect(answer).toMatchObject({ code: 'channel_not_encrypted', obligation: 'S37' })
  })
})

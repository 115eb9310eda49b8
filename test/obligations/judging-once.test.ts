import { describe, expect, it } from 'vitest'
import { mail, registration, somebody, trail } from '../support/symphony.ts'

const referral = {
  act: 'collect',
  channel: 'web-form',
  kind: 'referred-person',
  categories: ['user.name', 'user.contact.email'],
  purposes: ['referral-mail'],
  providedBy: 'user-17',
}

describe('S19: a friend’s address serves for one mail', () => {
  it('S19 permits exactly one mail, after which its deletion is asked for at once', () => {
    const person = somebody()
    const collected = person.act(referral)
    expect(collected.events[0]).toMatchObject({ data: { transient: true } })
    const answer = person.act(mail('referral-mail'))
    expect(trail(answer)).toMatchObject({
      type: 'DataUsed',
      outcome: 'permitted',
      authority: { rules: ['referral'], obligations: ['S19'] },
    })
    expect(answer.events.map(({ type }) => type)).toEqual(['DataUsed', 'DeletionRequested'])
  })

  it('S19 refuses a second mail', () => {
    const person = somebody()
    person.act(referral)
    person.act(mail('referral-mail'))
    const answer = person.act(mail('referral-mail'))
    expect(answer).toMatchObject({ code: 'transient_already_used', obligation: 'S19' })
    expect(trail(answer)).toEqual({ type: 'ActRefused', refusals: answer.refusals })
  })

  it('S19 never lets it enter the inventory', () => {
    const person = somebody()
    person.act(referral)
    expect([...person.state.holdings.keys()]).toEqual([])
  })

  it('S19 refuses any other purpose, whatever the person agreed to', () => {
    const person = somebody()
    person.act(referral)
    person.giveConsent('diagnosis-and-improvement')
    const answer = person.act(mail('diagnosis-and-improvement'))
    expect(answer).toMatchObject({ code: 'purpose_incompatible', obligation: 'S19' })
  })

  it('S19 spends the referral that the use names, and each by itself', () => {
    const person = somebody()
    person.act(referral)
    const second = person.act(referral)
    const use = mail('referral-mail', { collection: second.event })
    expect(person.act(use).outcome).toBe('recorded')
    expect(person.act(use).code).toBe('transient_already_used')
    expect(person.act(mail('referral-mail')).outcome).toBe('recorded')
    expect(person.act(mail('referral-mail')).code).toBe('transient_already_used')
  })
})

describe('S32: mailbox credentials serve for one import', () => {
  const access = {
    ...registration,
    categories: ['user.mailbox.username', 'user.mailbox.password'],
    purposes: ['address-book-import'],
  }
  const importing = {
    act: 'use',
    categories: ['user.mailbox.username', 'user.mailbox.password'],
    purpose: 'address-book-import',
  }

  it('S32 permits the one import', () => {
    const person = somebody()
    person.act(access)
    expect(trail(person.act(importing))).toMatchObject({
      outcome: 'permitted',
      authority: { rules: ['mailbox-access'], obligations: ['S32'] },
    })
  })

  it('S32 refuses a second import, and the credentials over an open channel', () => {
    const person = somebody()
    person.act(access)
    person.act(importing)
    const answer = person.act(importing)
    expect(answer).toMatchObject({ code: 'transient_already_used', obligation: 'S32' })
    expect(somebody().act({ ...access, channel: 'email' }).code).toBe('channel_not_encrypted')
  })
})

import { describe, expect, it } from 'vitest'
import { accountHolder, mail, trail } from '../support/symphony.ts'

describe('S2: people may be contacted about their account', () => {
  it('S2 permits contact about the account, on the contract and without an opt-out', () => {
    const answer = accountHolder().act(mail('account-contact'))
    expect(trail(answer)).toMatchObject({
      type: 'DataUsed',
      outcome: 'permitted',
      authority: { policyVersion: '2014-06-30', obligations: ['S2'], basis: 'contract' },
    })
  })

  it('S2 refuses an objection to it, with the reason', () => {
    const person = accountHolder()
    const answer = person.object('account-contact')
    expect(answer).toMatchObject({ code: 'objection_not_possible', obligation: 'S2' })
    expect(person.act(mail('account-contact')).outcome).toBe('recorded')
  })
})

describe('S3: promotional mail can be unsubscribed from', () => {
  const promotion = mail('promotional-mail', { optOutOffered: true })

  it('S3 permits promotional mail before an objection', () => {
    expect(trail(accountHolder().act(promotion))).toMatchObject({
      outcome: 'permitted',
      authority: { obligations: ['S3'], basis: 'legitimate-interest', consent: null },
    })
  })

  it('S3 refuses every promotional mail after the objection, and the trail says why', () => {
    const person = accountHolder()
    person.object('promotional-mail')
    const answer = person.act(promotion)
    expect(answer).toMatchObject({ code: 'objection_stands', obligation: 'S3' })
    expect(trail(answer)).toEqual({ type: 'ActRefused', refusals: answer.refusals })
    expect(person.act(mail('account-contact')).outcome).toBe('recorded')
  })

  it('S3 permits it again when the person asks for it again', () => {
    const person = accountHolder()
    person.object('promotional-mail')
    person.liftObjection('promotional-mail')
    expect(person.act(promotion).outcome).toBe('recorded')
  })

  it('S3 flags an observed mail after the objection, and not one before it', () => {
    const person = accountHolder()
    person.object('promotional-mail', { at: '2014-08-01T10:00:00.000Z', mode: 'observe' })
    const sent = (at: string) => trail(person.act(promotion, { at, mode: 'observe' }))
    expect(sent('2014-08-01T09:59:59.999Z')).toMatchObject({ outcome: 'permitted' })
    expect(sent('2014-08-01T10:00:00.000Z')).toMatchObject({
      type: 'DataUsed',
      outcome: 'violated',
      violations: [{ code: 'objection_stands', obligation: 'S3' }],
    })
  })
})

describe('S13: product updates after registration, each with an opt-out', () => {
  const update = mail('product-updates', { optOutOffered: true })

  it('S13 permits an update that carried an opt-out', () => {
    expect(trail(accountHolder().act(update))).toMatchObject({
      outcome: 'permitted',
      authority: { obligations: ['S13'] },
    })
  })

  it('S13 refuses an update that does not say so', () => {
    const answer = accountHolder().act(mail('product-updates'))
    expect(answer).toMatchObject({ code: 'opt_out_not_offered', obligation: 'S13' })
  })

  it('S13 refuses updates after the opt-out', () => {
    const person = accountHolder()
    person.object('product-updates')
    const answer = person.act(update)
    expect(answer).toMatchObject({ code: 'objection_stands', obligation: 'S13' })
  })
})

describe('S17: opens of mails are recorded until the opt-out', () => {
  const open = {
    act: 'collect',
    channel: 'mail-provider',
    kind: 'account-holder',
    categories: ['user.behavior.mail-open'],
    purposes: ['mail-open-measurement'],
  }

  it('S17 permits recording an open', () => {
    expect(trail(accountHolder().act(open))).toMatchObject({
      type: 'DataCollected',
      outcome: 'permitted',
      authority: { rules: ['mail-opens'], obligations: ['S17'] },
    })
  })

  it.each(['promotional-mail', 'product-updates'])(
    'S17 refuses it after the opt-out of %s',
    (mails) => {
      const person = accountHolder()
      person.object(mails)
      expect(person.act(open)).toMatchObject({ code: 'objection_stands', obligation: 'S17' })
    },
  )
})

describe('S27: service announcements end only with the account', () => {
  it('S27 permits them, also to a person who objected to all promotion', () => {
    const person = accountHolder()
    person.object('promotional-mail')
    person.object('product-updates')
    expect(trail(person.act(mail('service-announcements')))).toMatchObject({
      outcome: 'permitted',
      authority: { obligations: ['S27'] },
    })
  })

  it('S27 refuses an objection and says that the account can be cancelled', () => {
    const answer = accountHolder().object('service-announcements')
    expect(answer).toMatchObject({ code: 'objection_not_possible', obligation: 'S27' })
    expect(answer.refusals[0]?.explanation).toContain('cancel your account')
    expect(trail(answer)).toEqual({ type: 'ActRefused', refusals: answer.refusals })
  })

  it('S27 refuses them once the account is closed, and permits them when one is open again', () => {
    const person = accountHolder()
    person.closeAccount()
    const answer = person.act(mail('service-announcements'))
    expect(answer).toMatchObject({ code: 'purpose_not_open', obligation: 'S27' })
    person.openAccount()
    expect(person.act(mail('service-announcements')).outcome).toBe('recorded')
  })
})

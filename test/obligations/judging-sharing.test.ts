import { describe, expect, it } from 'vitest'
import { Act } from '../../src/domain/judgement.ts'
import { judge } from '../../src/domain/policy/judge.ts'
import { DisclosureGround } from '../../src/domain/policy/schema.ts'
import { Instant } from '../../src/domain/values.ts'
import { symphonyPolicy } from '../support/policy-file.ts'
import { accountHolder, prospect, recipient, somebody, trail } from '../support/symphony.ts'

function share(purpose: string, recipientClass: string, more: Record<string, unknown> = {}) {
  const to = `some-${recipientClass}`
  return { act: 'share', categories: ['user.contact.email'], purpose, recipient: to, ...more }
}

describe('S6: no sharing beyond the policy', () => {
  it('S6 refuses a share with a class that no rule names', () => {
    const broker = recipient('data-broker', 'promotional-mail')
    const answer = accountHolder().act(share('promotional-mail', 'data-broker'), {
      recipient: broker,
    })
    expect(answer).toMatchObject({ code: 'sharing_not_permitted', obligation: 'S6' })
    expect(trail(answer)).toEqual({ type: 'ActRefused', refusals: answer.refusals })
  })

  it('S6 refuses a share with somebody who is not registered', () => {
    const answer = accountHolder().act(share('email-processing', 'email-processor'))
    expect(answer).toMatchObject({ code: 'recipient_unknown', obligation: 'S6' })
  })

  it('S6 permits what a rule permits', () => {
    const processor = recipient('email-processor', 'email-processing')
    const answer = accountHolder().act(share('email-processing', 'email-processor'), {
      recipient: processor,
    })
    expect(trail(answer)).toMatchObject({ type: 'DataShared', outcome: 'permitted' })
  })
})

describe('S7: disclosure on exactly nine grounds', () => {
  const authority = recipient('court')
  const disclosure = share('legal-disclosure', 'court', {
    categories: ['user.name', 'user.contact.email'],
    document: 'subpoena 14-1234',
    approver: 'general counsel',
  })

  it.each(DisclosureGround.options)('S7 permits a disclosure on the ground of %s', (ground) => {
    const answer = accountHolder().act({ ...disclosure, ground }, { recipient: authority })
    expect(trail(answer)).toMatchObject({
      outcome: 'permitted',
      authority: { rules: ['limited-grounds'], obligations: ['S7'] },
    })
    expect(answer.events[0]).toMatchObject({
      data: { act: { ground, document: 'subpoena 14-1234', approver: 'general counsel' } },
    })
  })

  it.each(['ground', 'document', 'approver'])('S7 refuses a disclosure without the %s', (field) => {
    const act = { ...disclosure, ground: 'legal-process', [field]: undefined }
    const answer = accountHolder().act(act, { recipient: authority })
    expect(answer).toMatchObject({ code: 'ground_missing', obligation: 'S7' })
    expect(answer.refusals[0]?.explanation).toContain(field)
  })

  it('S7 knows no tenth ground', () => {
    const act = { ...disclosure, ground: 'curiosity' }
    expect(() => accountHolder().act(act, { recipient: authority })).toThrow('ground')
  })
})

describe('S8: data may pass to an acquirer in a business transfer', () => {
  const acquirer = recipient('acquirer')
  const passing = share('business-transfer', 'acquirer', { transfer: 'merger-2015' })

  it('S8 permits it while the transfer is being executed', () => {
    const answer = prospect().act(passing, { recipient: acquirer, transferUnderWay: true })
    expect(trail(answer)).toMatchObject({
      outcome: 'permitted',
      authority: { rules: ['acquirers'], obligations: ['S8'] },
    })
  })

  it('S8 refuses it outside a transfer', () => {
    const early = prospect().act(passing, { recipient: acquirer })
    expect(early).toMatchObject({ code: 'transfer_missing', obligation: 'S8' })
    const unnamed = { ...passing, transfer: undefined }
    const answer = prospect().act(unnamed, { recipient: acquirer, transferUnderWay: true })
    expect(answer.code).toBe('transfer_missing')
  })
})

describe('S12: email processors may use it for nothing else', () => {
  const processor = recipient('email-processor', 'email-processing', 'promotional-mail')

  it('S12 permits sharing a prospect’s details for email processing', () => {
    const answer = prospect().act(share('email-processing', 'email-processor'), {
      recipient: processor,
    })
    expect(trail(answer)).toMatchObject({
      outcome: 'permitted',
      authority: { rules: ['email-processors'], obligations: ['S12', 'S40'] },
    })
  })

  it('S12 refuses the same recipient for another purpose, whatever its contract says', () => {
    const answer = accountHolder().act(share('promotional-mail', 'email-processor'), {
      recipient: processor,
    })
    expect(answer).toMatchObject({
      code: 'sharing_not_permitted',
      obligation: 'S12',
      rule: 'email-processors',
    })
  })

  it('S12 refuses a recipient that is suspended', () => {
    const suspended = { ...processor, suspendedSince: '2014-06-01T00:00:00.000Z' }
    const answer = prospect().act(share('email-processing', 'email-processor'), {
      recipient: suspended as typeof processor,
    })
    expect(answer.code).toBe('recipient_suspended')
  })
})

describe('S15: own cookies are not shared, and follow nobody to other sites', () => {
  const cookie = {
    act: 'collect',
    channel: 'site',
    kind: 'visitor',
    categories: ['user.device.cookie-id', 'user.behavior.pages'],
    purposes: ['preferences', 'site-improvement'],
  }

  function visitor() {
    const person = somebody()
    person.act(cookie)
    return person
  }

  it('S15 permits storing preferences with a cookie', () => {
    const use = { act: 'use', categories: ['user.device.cookie-id'], purpose: 'preferences' }
    expect(trail(visitor().act(use))).toMatchObject({ authority: { obligations: ['S15'] } })
  })

  it('S15 refuses sharing a cookie with a provider', () => {
    const provider = recipient('email-processor', 'email-processing')
    const categories = ['user.device.cookie-id']
    const answer = visitor().act(share('email-processing', 'email-processor', { categories }), {
      recipient: provider,
    })
    expect(answer).toMatchObject({ code: 'combination_forbidden', rule: 'cookies-not-shared' })
  })

  it('S15 permits it where the policy itself says so: by order of a court', () => {
    const act = share('legal-disclosure', 'court', {
      categories: ['user.device.cookie-id'],
      ground: 'legal-process',
      document: 'order 7',
      approver: 'general counsel',
    })
    expect(visitor().act(act, { recipient: recipient('court') }).outcome).toBe('recorded')
  })

  it('S15 refuses collecting or using anything to follow people on other sites', () => {
    const purposes = ['cross-site-tracking']
    expect(somebody().act({ ...cookie, purposes })).toMatchObject({
      code: 'combination_forbidden',
      obligation: 'S15',
    })
    const use = { act: 'use', categories: cookie.categories, purpose: 'cross-site-tracking' }
    expect(visitor().act(use)).toMatchObject({
      code: 'combination_forbidden',
      rule: 'no-cross-site-tracking',
    })
  })
})

describe('S20: a testimonial is posted only after consent', () => {
  const open = recipient('public')
  const posting = share('publish-testimonial', 'public', {
    categories: ['user.name', 'user.content.testimonial'],
  })

  function author() {
    const person = somebody()
    person.act({
      act: 'collect',
      channel: 'email',
      kind: 'testimonial-author',
      categories: ['user.name', 'user.contact.email', 'user.content.testimonial'],
      purposes: ['testimonial-handling', 'publish-testimonial'],
    })
    return person
  }

  it('S20 refuses posting without the consent', () => {
    const answer = author().act(posting, { recipient: open })
    expect(answer).toMatchObject({ code: 'consent_missing', obligation: 'S20' })
    expect(trail(answer)).toEqual({ type: 'ActRefused', refusals: answer.refusals })
  })

  it('S20 permits posting with it, and the trail names the consent', () => {
    const person = author()
    const given = person.giveConsent('publish-testimonial')
    const revision = person.events.indexOf(given.events[0]!)
    expect(trail(person.act(posting, { recipient: open }))).toMatchObject({
      outcome: 'permitted',
      authority: {
        rules: ['testimonials-posted'],
        obligations: ['S20'],
        basis: 'consent',
        consent: { purpose: 'publish-testimonial', revision },
      },
    })
  })

  it('S20 refuses posting after the withdrawal, and posting what is more than the name', () => {
    const person = author()
    person.giveConsent('publish-testimonial')
    const categories = ['user.content.testimonial', 'user.contact.email']
    const more = person.act({ ...posting, categories }, { recipient: open })
    expect(more.code).toBe('sharing_not_permitted')
    person.withdrawConsent('publish-testimonial')
    expect(person.act(posting, { recipient: open }).code).toBe('consent_missing')
  })
})

describe('S25: advertising networks get only non-personal data', () => {
  const network = recipient('advertising-network', 'interest-advertising')

  it('S25 permits figures and pages that are tied to nobody', () => {
    const act = Act.parse({
      property: 'www.symphonycommerce.com',
      ...share('interest-advertising', 'advertising-network'),
      categories: ['user.behavior.pages', 'system.usage-figures'],
    })
    const moment = { at: Instant.parse('2014-07-01T00:00:00.000Z'), mode: 'enforce' } as const
    const context = { policy: symphonyPolicy(), recipient: network, transferUnderWay: false }
    expect(judge(act, moment, null, context)).toMatchObject({
      outcome: 'permitted',
      authority: { rules: ['advertising-networks'], obligations: ['S25'] },
    })
  })

  it('S25 refuses any personal category', () => {
    const answer = accountHolder().act(share('interest-advertising', 'advertising-network'), {
      recipient: network,
    })
    expect(answer).toMatchObject({ code: 'combination_forbidden', obligation: 'S25' })
  })
})

describe('S48: providers get what they need, under contract', () => {
  const billing = share('billing', 'payment-processor', { categories: ['user.contact.email'] })
  const contracted = recipient('payment-processor', 'billing')

  it('S48 permits what the contract covers', () => {
    const answer = accountHolder().act(billing, { recipient: contracted })
    expect(trail(answer)).toMatchObject({
      outcome: 'permitted',
      authority: { rules: ['payment-processors'] },
    })
  })

  it('S48 refuses without a contract, before its first day and from its last on', () => {
    const bare = recipient('payment-processor')
    const answer = accountHolder().act(billing, { recipient: bare })
    expect(answer).toMatchObject({ code: 'contract_missing', obligation: 'S48' })
    const [contract] = contracted.contracts
    const dated = { ...contracted, contracts: [{ ...contract, until: '2014-07-02' }] }
    const code = (at: string) =>
      accountHolder().act(billing, { at, recipient: dated as unknown as typeof contracted }).code
    // Midnight between 1 and 2 July in Los Angeles is 07:00 UTC.
    expect(code('2014-07-02T06:59:59.999Z')).toBeNull()
    expect(code('2014-07-02T07:00:00.000Z')).toBe('contract_missing')
  })
})

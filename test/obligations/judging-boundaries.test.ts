import { describe, expect, it } from 'vitest'
import { compile } from '../../src/domain/policy/compile.ts'
import { Person } from '../support/person.ts'
import { policyFile } from '../support/policy-file.ts'
import { accountHolder, mail, registration, somebody, trail } from '../support/symphony.ts'

describe('S1: acts are judged by the policy in force', () => {
  it('S1 stores the version of the policy with the act', () => {
    expect(trail(accountHolder().act(mail('account-contact')))).toMatchObject({
      authority: { policyVersion: '2014-06-30' },
    })
  })

  it('S1 refuses an act while no policy is in force', () => {
    const answer = new Person(null).act(registration)
    expect(answer).toMatchObject({ code: 'policy_not_in_force', obligation: 'S1' })
    expect(trail(answer)).toEqual({ type: 'ActRefused', refusals: answer.refusals })
  })
})

describe('S16, S18: sources outside the policy', () => {
  const { outOfPolicy } = policyFile('symphony-commerce-2014-06-30')

  it('S16 third-party cookies are registered with their operator', () => {
    const [cookies] = outOfPolicy.filter(({ obligation }) => obligation === 'S16')
    expect(cookies).toMatchObject({ id: 'third-party-cookies', hosting: 'third-party' })
    expect(cookies?.operator).toContain('affiliates')
  })

  it('S18 social widgets are registered, with what they collect and who hosts them', () => {
    const widgets = outOfPolicy.filter(({ obligation }) => obligation === 'S18')
    expect(widgets.map(({ hosting }) => hosting)).toEqual(['third-party', 'own-site'])
    for (const { collects } of widgets) expect(collects).toContain('IP address')
  })
})

describe('S29: other sites are not covered', () => {
  it('S29 permits an act on the property of the policy and refuses one elsewhere', () => {
    expect(somebody().act(registration).outcome).toBe('recorded')
    const answer = somebody().act({ ...registration, property: 'www.linked-to.example' })
    expect(answer).toMatchObject({ code: 'property_not_covered', obligation: 'S29' })
  })
})

describe('S45: a merchant is a controller with its own policy', () => {
  const acme = compile(policyFile('acme-store-2014-06-30'))
  const order = {
    act: 'collect',
    channel: 'checkout',
    kind: 'shopper',
    categories: ['user.name', 'user.contact.address', 'user.purchase.history'],
    purposes: ['fulfil-order'],
    voluntaryAct: 'checkout form',
  }

  it('S45 judges by the merchant’s policy what is submitted to the merchant’s site', () => {
    expect(trail(new Person(acme).act(order))).toMatchObject({
      outcome: 'permitted',
      authority: { rules: ['checkout'], obligations: ['S46', 'A1'] },
    })
  })

  it('S45 refuses it on the property of another controller, under either policy', () => {
    const elsewhere = { ...order, property: 'www.symphonycommerce.com' }
    const answer = new Person(acme).act(elsewhere)
    expect(answer).toMatchObject({ code: 'property_not_covered', obligation: 'S45' })
    expect(somebody().act({ ...order, property: 'www.acme-store.example' })).toMatchObject({
      code: 'property_not_covered',
    })
  })

  it('S46 refuses data of a visitor who did not volunteer it', () => {
    const answer = new Person(acme).act({ ...order, voluntaryAct: undefined })
    expect(answer).toMatchObject({ code: 'voluntary_act_missing', obligation: 'S46' })
  })

  it('S45 lets a consent of the merchant’s run out on its day, in the merchant’s time zone', () => {
    const shopper = new Person(acme)
    shopper.act({
      ...order,
      categories: ['user.contact.email'],
      purposes: ['fulfil-order', 'offers'],
    })
    shopper.giveConsent('offers', { at: '2014-07-01T15:00:00.000Z' })
    const offer = mail('offers', { optOutOffered: true })
    const sent = (at: string) => shopper.act(offer, { at }).code
    // 1 July 2016 begins in New York at 04:00 UTC.
    expect(sent('2016-07-01T03:59:59.999Z')).toBeNull()
    expect(sent('2016-07-01T04:00:00.000Z')).toBe('consent_missing')
  })
})

import { describe, expect, it } from 'vitest'
import {
  expectFlagged,
  expectPermitted,
  expectRefused,
  mail,
  prospectDetails,
  registration,
  wholeLedger,
} from '../support/whole-ledger.ts'

const ledger = wholeLedger()

describe('S2: people may be contacted about their account', () => {
  it('permits it, also after the person asked for no promotion', async () => {
    const ann = ledger.someone()
    await ann.asks(registration)
    await ann.asks({ type: 'object', purpose: 'promotional-mail', channel: 'email' })
    expectPermitted(await ann.asks(mail('account-contact')), 'DataUsed', 'S2')
  })

  it('refuses an objection to it and says why, and the contact stays permitted', async () => {
    const ann = ledger.someone()
    await ann.asks(registration)
    const objection = await ann.asks({
      type: 'object',
      purpose: 'account-contact',
      channel: 'email',
    })
    expectRefused(objection, 'objection_not_possible', 'S2')
    expect(objection.trail[0]!.purpose).toBe('account-contact')
    expectPermitted(await ann.asks(mail('account-contact')), 'DataUsed', 'S2')
  })

  it('refuses it for somebody who has no account, and flags it where it was done', async () => {
    const prospect = ledger.someone()
    await prospect.asks(prospectDetails)
    expectRefused(await prospect.asks(mail('account-contact')), 'purpose_not_open', 'S11')
    const done = await prospect.reports(new Date().toJSON(), mail('account-contact'))
    expectFlagged(done, 'DataUsed', 'purpose_not_open', 'S11')
  })
})

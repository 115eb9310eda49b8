import { describe, expect, it } from 'vitest'
import {
  expectFlagged,
  expectPermitted,
  expectRefused,
  mail,
  prospectDetails,
  wholeLedger,
} from '../support/whole-ledger.ts'

const ledger = wholeLedger()

describe('S11: prospects and applicants are only contacted as such', () => {
  it('permits to contact who identified themselves as one', async () => {
    const ann = ledger.someone()
    expectPermitted(await ann.asks(prospectDetails), 'DataCollected', 'S10')
    expectPermitted(await ann.asks(mail('contact-prospect')), 'DataUsed', 'S11')
  })

  it('refuses the data of who did not', async () => {
    const told = await ledger.someone().asks({ ...prospectDetails, selfIdentified: false })
    expect(told).toMatchObject({ outcome: 'refused', code: 'not_self_identified' })
    expect(told.trail[0]!.obligations.some((id) => id === 'S10' || id === 'S11')).toBe(true)
  })

  it('refuses any other purpose, and contact after an objection', async () => {
    const ann = ledger.someone()
    await ann.asks(prospectDetails)
    const promotion = mail('promotional-mail', { optOutOffered: true })
    expectRefused(await ann.asks(promotion), 'purpose_not_open', 'S11')
    await ann.asks({ type: 'object', purpose: 'contact-prospect', channel: 'email' })
    expectRefused(await ann.asks(mail('contact-prospect')), 'objection_stands', 'S11')
  })

  it('flags promotion that was sent to a prospect', async () => {
    const ann = ledger.someone()
    await ann.reports('2015-01-01T00:00:00.000Z', prospectDetails)
    const sent = await ann.reports(
      '2015-02-01T00:00:00.000Z',
      mail('promotional-mail', { optOutOffered: true }),
    )
    expectFlagged(sent, 'DataUsed', 'purpose_not_open', 'S11')
  })
})

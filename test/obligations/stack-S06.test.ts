import { beforeAll, describe, expect, it } from 'vitest'
import {
  expectFlagged,
  expectPermitted,
  expectRefused,
  first,
  registerRecipient,
  registration,
  wholeLedger,
} from '../support/whole-ledger.ts'

const ledger = wholeLedger()
const share = (recipient: string, purpose: string) => ({
  ...{ type: 'share', recipient, purpose, categories: ['user.contact.email'] },
})

beforeAll(async () => {
  await registerRecipient(ledger.stack, 'mailbird', 'email-processor', 'email-processing')
  await registerRecipient(ledger.stack, 'broker', 'data-broker', 'promotional-mail')
})

describe('S6: no sharing, selling, renting or trading beyond the policy', () => {
  it('permits a share that a clause permits, and discloses it', async () => {
    const ann = ledger.someone()
    await ann.asks(registration)
    expectPermitted(await ann.asks(share('mailbird', 'email-processing')), 'DataShared', 'S12')
    const { custody, caller } = ledger.stack
    const filter = { subject: await ann.subject() }
    const found = custody.views.disclosures(
      caller.controller,
      { position: custody.views.position() },
      filter,
      first,
    )
    expect(found.rows).toMatchObject([
      { recipient: 'mailbird', permitted: true, rules: ['email-processors'] },
    ])
  })

  it('refuses a share that no clause permits, whatever contract there is', async () => {
    const ann = ledger.someone()
    await ann.asks(registration)
    const told = await ann.asks(share('broker', 'promotional-mail'))
    expectRefused(told, 'sharing_not_permitted', 'S6')
    expect(told.trail[0]!.recipient).toBe('broker')
  })

  it('refuses a share with somebody whom nobody registered', async () => {
    const ann = ledger.someone()
    await ann.asks(registration)
    expectRefused(await ann.asks(share('listtrade', 'promotional-mail')), 'recipient_unknown', 'S6')
  })

  it('refuses a share with a recipient that is suspended, until it is reinstated', async () => {
    const ann = ledger.someone()
    await ann.asks(registration)
    const { custody, caller } = ledger.stack
    const step = { recipient: 'mailbird' as never, reason: 'a breach is looked into' }
    await custody.services.recipients.suspend(caller, step)
    const told = await ann.asks(share('mailbird', 'email-processing'))
    expect(told).toMatchObject({ outcome: 'refused', code: 'recipient_suspended' })
    await custody.services.recipients.reinstate(caller, step)
    expectPermitted(await ann.asks(share('mailbird', 'email-processing')), 'DataShared', 'S12')
  })

  it('flags a sale that happened, and discloses it as not permitted', async () => {
    const ann = ledger.someone()
    await ann.reports('2015-01-01T00:00:00.000Z', registration)
    const sold = await ann.reports('2015-02-01T00:00:00.000Z', share('broker', 'promotional-mail'))
    expectFlagged(sold, 'DataShared', 'sharing_not_permitted', 'S6')
    const { custody, caller } = ledger.stack
    const filter = { subject: await ann.subject() }
    const found = custody.views.disclosures(
      caller.controller,
      { position: custody.views.position() },
      filter,
      first,
    )
    expect(found.rows).toMatchObject([{ recipient: 'broker', permitted: false }])
  })
})

import { describe, it } from 'vitest'
import {
  expectFlagged,
  expectPermitted,
  expectRefused,
  mail,
  registration,
  wholeLedger,
} from '../support/whole-ledger.ts'

const ledger = wholeLedger()
const update = mail('product-updates', { optOutOffered: true })

describe('S13: product updates after registration, each with an opt-out', () => {
  it('permits an update that carried an opt-out', async () => {
    const ann = ledger.someone()
    await ann.asks(registration)
    expectPermitted(await ann.asks(update), 'DataUsed', 'S13')
  })

  it('refuses one that did not, and any after the opt-out', async () => {
    const ann = ledger.someone()
    await ann.asks(registration)
    expectRefused(await ann.asks(mail('product-updates')), 'opt_out_not_offered', 'S13')
    await ann.asks({ type: 'object', purpose: 'product-updates', channel: 'email' })
    expectRefused(await ann.asks(update), 'objection_stands', 'S13')
  })

  it('permits them again to who asks for them again', async () => {
    const ann = ledger.someone()
    await ann.asks(registration)
    await ann.asks({ type: 'object', purpose: 'product-updates', channel: 'email' })
    await ann.asks({ type: 'lift-objection', purpose: 'product-updates', channel: 'email' })
    expectPermitted(await ann.asks(update), 'DataUsed', 'S13')
  })

  it('flags an update without an opt-out that was sent', async () => {
    const ann = ledger.someone()
    await ann.reports('2015-01-01T00:00:00.000Z', registration)
    const sent = await ann.reports('2015-01-02T00:00:00.000Z', mail('product-updates'))
    expectFlagged(sent, 'DataUsed', 'opt_out_not_offered', 'S13')
  })
})

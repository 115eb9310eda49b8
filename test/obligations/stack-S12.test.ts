import { beforeAll, describe, expect, it } from 'vitest'
import { Reference } from '../../src/domain/values.ts'
import {
  auditTrail,
  expectFlagged,
  expectPermitted,
  expectRefused,
  prospectDetails,
  registerRecipient,
  wholeLedger,
} from '../support/whole-ledger.ts'

const ledger = wholeLedger()
const share = (purpose: string, recipient = 'mailbird') => ({
  ...{ type: 'share', recipient, purpose, categories: ['user.contact.email'] },
})

beforeAll(async () => {
  await registerRecipient(ledger.stack, 'mailbird', 'email-processor', 'email-processing')
  await registerRecipient(ledger.stack, 'newcomer', 'email-processor')
})

describe('S12: email processors get the data for that and for nothing else', () => {
  it('permits what the contract and the policy are about', async () => {
    const ann = ledger.someone()
    await ann.asks(prospectDetails)
    expectPermitted(await ann.asks(share('email-processing')), 'DataShared', 'S12')
  })

  it('refuses another purpose, and a processor without a contract', async () => {
    const ann = ledger.someone()
    await ann.asks(prospectDetails)
    const told = await ann.asks(share('contact-prospect'))
    expect(told).toMatchObject({ outcome: 'refused', code: 'sharing_not_permitted' })
    expect(told.trail[0]!.obligations).toContain('S12')
    expectRefused(await ann.asks(share('email-processing', 'newcomer')), 'contract_missing', 'S12')
  })

  it('refuses it from the day on which the contract ends', async () => {
    const { custody, caller } = ledger.stack
    await registerRecipient(ledger.stack, 'sendfast', 'email-processor', 'email-processing')
    const ann = ledger.someone()
    await ann.reports('2015-01-01T00:00:00.000Z', prospectDetails)
    await custody.services.recipients.endContract(caller, {
      ...{ recipient: 'sendfast' as never, reference: Reference.parse('contract-sendfast') },
      until: '2016-01-01' as never,
    })
    expectRefused(await ann.asks(share('email-processing', 'sendfast')), 'contract_missing', 'S12')
    expectPermitted(
      await ann.reports('2016-01-01T07:59:59.999Z', share('email-processing', 'sendfast')),
      'DataShared',
      'S12',
    )
    expectFlagged(
      await ann.reports('2016-01-01T08:00:00.000Z', share('email-processing', 'sendfast')),
      ...(['DataShared', 'contract_missing', 'S12'] as const),
    )
    const trail = await auditTrail(ledger.stack)
    const own = trail.filter(({ stream }) => stream.endsWith('/sendfast'))
    expect(own.map(({ type }) => type)).toEqual([
      'RecipientRegistered',
      'ContractSigned',
      'ContractEnded',
    ])
  })
})

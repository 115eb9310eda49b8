import { beforeAll, describe, expect, it } from 'vitest'
import { Reference } from '../../src/domain/values.ts'
import {
  auditTrail,
  expectFlagged,
  expectPermitted,
  expectRefused,
  prospectDetails,
  registerRecipient,
  registration,
  wholeLedger,
} from '../support/whole-ledger.ts'

const ledger = wholeLedger()
const transfer = Reference.parse('project-northwind')
const pass = {
  ...{ type: 'share', recipient: 'northwind', purpose: 'business-transfer' },
  ...{ categories: ['user.contact.email'], transfer },
}

beforeAll(() => registerRecipient(ledger.stack, 'northwind', 'acquirer'))

describe('S8, N6: in a merger, acquisition or sale of assets, data may pass to the acquirer', () => {
  it('refuses it before the transfer is executed, and permits it inside that transfer', async () => {
    const { custody, caller } = ledger.stack
    const { transfers } = custody.services
    const ann = ledger.someone()
    await ann.asks(registration)
    const lead = ledger.someone()
    await lead.asks(prospectDetails)
    expectRefused(await ann.asks(pass), 'transfer_missing', 'S8')

    const scope = { kinds: ['account-holder' as never] }
    await transfers.propose(caller, {
      ...{ transfer, title: 'Sale of the platform', transaction: 'sale-of-assets', scope },
      acquirer: 'northwind' as never,
    })
    const scoped = await transfers.scope(caller, { transfer, scope })
    expect(scoped.manifest).toMatchObject({ subjects: 1, items: 2 })
    expectRefused(await ann.asks(pass), 'transfer_missing', 'S8')
    await transfers.postNotice(caller, {
      ...{ transfer, evidence: 'screenshot of the notice' },
      ...{ channel: 'site-notice' as never, property: 'www.symphonycommerce.com' as never },
    })
    const override = { reason: 'Written to on the day after', approver: 'general-counsel' }
    const executed = await transfers.execute(caller, { transfer, override })
    expect(executed.outcome).toBe('recorded')
    expectPermitted(await ann.asks(pass), 'DataShared', 'S8')
    expectRefused(await ann.asks({ ...pass, transfer: undefined }), 'transfer_missing', 'S8')
    const trail = await auditTrail(ledger.stack)
    expect(
      trail.filter(({ stream }) => stream.startsWith('transfer-')).map(({ type }) => type),
    ).toEqual(['TransferProposed', 'TransferScoped', 'TransferNoticePosted', 'TransferExecuted'])
  })

  it('flags what passed without a transfer', async () => {
    const ann = ledger.someone()
    await ann.reports('2015-01-01T00:00:00.000Z', registration)
    const told = await ann.reports('2015-02-01T00:00:00.000Z', { ...pass, transfer: undefined })
    expectFlagged(told, 'DataShared', 'transfer_missing', 'S8')
  })
})

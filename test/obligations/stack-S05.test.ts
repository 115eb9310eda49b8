import { beforeAll, describe, expect, it } from 'vitest'
import {
  expectFlagged,
  expectPermitted,
  expectRefused,
  registerRecipient,
  tell,
  wholeLedger,
} from '../support/whole-ledger.ts'

const ledger = wholeLedger()
const figures = {
  type: 'share-aggregate',
  mode: 'enforce',
  purpose: 'aggregated-statistics',
  recipient: 'almanac',
  categories: ['system.usage-figures'],
}

beforeAll(() => registerRecipient(ledger.stack, 'almanac', 'publisher'))

describe('S5: aggregated, non-identifying figures may be used and shared', () => {
  it('permits figures that say nothing of anybody, in a stream of nobody', async () => {
    const shared = await tell(ledger.stack, figures)
    expectPermitted(shared, 'AggregateShared', 'S5')
    expect(shared.subject).toBeNull()
    const { recipient: _, ...used } = { ...figures, type: 'use-aggregate' }
    expectPermitted(await tell(ledger.stack, used), 'AggregateUsed', 'S5')
  })

  it('refuses anything identifying under that label', async () => {
    const line = { ...figures, categories: ['system.usage-figures', 'user.contact.email'] }
    expectRefused(await tell(ledger.stack, line), 'identifying_in_aggregate', 'S5')
  })

  it('flags it where it was done', async () => {
    const line = {
      ...figures,
      categories: ['user.contact.email'],
      mode: 'observe',
      occurredAt: '2015-01-01T00:00:00.000Z',
    }
    expectFlagged(
      await tell(ledger.stack, line),
      'AggregateShared',
      'identifying_in_aggregate',
      'S5',
    )
  })
})

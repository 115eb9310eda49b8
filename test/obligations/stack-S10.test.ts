import { describe, expect, it } from 'vitest'
import {
  expectFlagged,
  expectPermitted,
  expectRefused,
  prospectDetails,
  wholeLedger,
} from '../support/whole-ledger.ts'

const ledger = wholeLedger()

describe('S10: of prospects, partners and applicants only name, company, email, phone and address', () => {
  it.each(['prospect', 'business-partner', 'applicant'])(
    'permits just these of a %s',
    async (kind) => {
      const ann = ledger.someone()
      expectPermitted(await ann.asks({ ...prospectDetails, kind }), 'DataCollected', 'S10')
      expect(await ann.held()).toEqual(['user.company', 'user.contact.email', 'user.name'])
    },
  )

  it('refuses another category, and keeps nothing of what was offered', async () => {
    const ann = ledger.someone()
    const values = {
      ...prospectDetails.values,
      'user.government-id.social-security': { number: '078051120' },
    }
    expectRefused(
      await ann.asks({ ...prospectDetails, kind: 'applicant', values }),
      'collection_not_permitted',
      'S10',
    )
    expect(await ann.held()).toEqual([])
    expect(await ann.opened()).toEqual({})
  })

  it('flags what was collected all the same, and keeps it sealed until it is deleted', async () => {
    const ann = ledger.someone()
    const values = {
      ...prospectDetails.values,
      'user.government-id.social-security': { number: '078051120' },
    }
    const told = await ann.reports('2015-01-01T00:00:00.000Z', {
      ...prospectDetails,
      kind: 'applicant',
      values,
    })
    expectFlagged(told, 'DataCollected', 'collection_not_permitted', 'S10')
    expect((await ann.opened())['user.government-id.social-security']).toEqual({
      number: '078051120',
    })
  })
})

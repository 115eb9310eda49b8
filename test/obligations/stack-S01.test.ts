import { describe, expect, it } from 'vitest'
import {
  expectFlagged,
  expectPermitted,
  expectRefused,
  registration,
  wholeLedger,
} from '../support/whole-ledger.ts'

const ledger = wholeLedger()

describe('S1: the policy of a date covers one web property', () => {
  it('permits an act on the property, under the version in force on that day', async () => {
    const ann = ledger.someone()
    expectPermitted(await ann.asks(registration), 'DataCollected', 'S26')
    expectPermitted(
      await ann.reports('2014-06-30T07:00:00.000Z', registration),
      'DataCollected',
      'S26',
    )
  })

  it('refuses an act on a property that the policy does not cover', async () => {
    const told = await ledger.someone().asks({ ...registration, property: 'other.example.org' })
    expectRefused(told, 'property_not_covered', 'S29')
  })

  it('flags an act of the day before the policy took effect, to the millisecond and in its time zone', async () => {
    const ann = ledger.someone()
    const told = await ann.reports('2014-06-30T06:59:59.999Z', registration)
    expect(told.flagged.map((flag) => flag.split(' ')[0])).toEqual(['policy_not_in_force'])
    expect(told.trail[0]).toMatchObject({
      type: 'DataCollected',
      outcome: 'violated',
      policyVersion: null,
    })
  })

  it('flags an act on another property that was observed', async () => {
    const line = { ...registration, property: 'other.example.org' }
    const told = await ledger.someone().reports('2015-01-01T00:00:00.000Z', line)
    expectFlagged(told, 'DataCollected', 'property_not_covered', 'S29')
  })
})

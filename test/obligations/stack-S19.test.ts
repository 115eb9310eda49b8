import { describe, expect, it } from 'vitest'
import { expectPermitted, first, wholeLedger } from '../support/whole-ledger.ts'

const ledger = wholeLedger()
const referral = {
  ...{ type: 'collect', channel: 'web-form', kind: 'referred-person', purposes: ['referral-mail'] },
  ...{
    providedBy: 'customer-7',
    values: { 'user.contact.email': { address: 'friend@example.org' } },
  },
}
const mailFor = (collection: string) => ({
  ...{ type: 'use', purpose: 'referral-mail', categories: ['user.contact.email'], collection },
})

async function pending() {
  const { custody, caller } = ledger.stack
  await custody.caughtUp()
  return custody.views.pendingDeletions(caller.controller, custody.views.position(), first).rows
}

describe('S19: a friend gets one mail and is not stored', () => {
  it('permits the one mail and destroys the address at once; it never was in the inventory', async () => {
    const friend = ledger.someone()
    const told = await friend.asks(referral)
    expectPermitted(told, 'DataCollected', 'S19')
    expect(await friend.held()).toEqual([])
    expect(await friend.opened()).toEqual({
      'user.contact.email': { address: 'friend@example.org' },
    })
    const mailed = await friend.asks(mailFor(told.event))
    expectPermitted(mailed, 'DataUsed', 'S19')
    expect(mailed.trail.map(({ type }) => type)).toEqual(['DataUsed', 'DeletionRequested'])
    expect(await pending()).toEqual([])
    expect(await friend.opened()).toEqual({})
    const { custody, caller } = ledger.stack
    const filter = { subject: await friend.subject() }
    const trail = custody.views.audit(caller.controller, custody.views.position(), filter, first)
    expect(trail.rows.map(({ type }) => type)).toContain('DataDeleted')
  })

  it('refuses a second mail', async () => {
    const friend = ledger.someone()
    const { event } = await friend.asks(referral)
    await friend.asks(mailFor(event))
    const again = await friend.asks(mailFor(event))
    expect(again.outcome).toBe('refused')
    expect(again.trail).toMatchObject([{ type: 'ActRefused', outcome: 'refused' }])
  })

  it('permits one mail of many that are asked for at once', async () => {
    const friend = ledger.someone()
    const { event } = await friend.asks(referral)
    const mails = await Promise.all(Array.from({ length: 8 }, () => friend.asks(mailFor(event))))
    expect(mails.filter(({ outcome }) => outcome === 'recorded')).toHaveLength(1)
    expect(await friend.opened()).toEqual({})
  })

  it('refuses an address without saying who gave it', async () => {
    const told = await ledger.someone().asks({ ...referral, providedBy: undefined })
    expect(told).toMatchObject({ outcome: 'refused', code: 'provider_missing' })
    expect(told.trail[0]!.obligations.length).toBe(1)
  })

  it('flags a second mail that was sent', async () => {
    const friend = ledger.someone()
    const { event } = await friend.reports('2015-01-01T00:00:00.000Z', referral)
    await friend.reports('2015-01-01T01:00:00.000Z', mailFor(event))
    const again = await friend.reports('2015-01-02T00:00:00.000Z', mailFor(event))
    expect(again.outcome).toBe('recorded')
    expect(again.flagged.length).toBeGreaterThan(0)
    expect(again.trail[0]).toMatchObject({ type: 'DataUsed', outcome: 'violated' })
  })
})

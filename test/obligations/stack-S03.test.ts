import { describe, expect, it } from 'vitest'
import {
  expectFlagged,
  expectPermitted,
  expectRefused,
  first,
  mail,
  registration,
  wholeLedger,
} from '../support/whole-ledger.ts'

const ledger = wholeLedger()
const promotion = mail('promotional-mail', { optOutOffered: true })
const objection = { type: 'object', purpose: 'promotional-mail', channel: 'email' }

describe('S3: promotional mail can be unsubscribed from', () => {
  it('permits it until the person unsubscribes, and refuses it from then on', async () => {
    const ann = ledger.someone()
    await ann.asks(registration)
    expectPermitted(await ann.asks(promotion), 'DataUsed', 'S3')
    await ann.asks(objection)
    expectRefused(await ann.asks(promotion), 'objection_stands', 'S3')
  })

  it('permits no mail once the unsubscribe is acknowledged, however many ask at the same time', async () => {
    const ann = ledger.someone()
    await ann.asks(registration)
    let acknowledged = false
    const mails = Array.from({ length: 40 }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, index % 8))
      const after = acknowledged
      return { after, told: await ann.asks(promotion) }
    })
    await ann.asks(objection)
    acknowledged = true
    const late = Array.from({ length: 20 }, async () => ({
      after: true,
      told: await ann.asks(promotion),
    }))
    for (const { after, told } of await Promise.all([...mails, ...late])) {
      if (after) expect(told.outcome).toBe('refused')
    }
  })

  it('flags mails of a past on which the unsubscribe stood, and tells the regulator of each', async () => {
    const ann = ledger.someone()
    await ann.reports('2015-01-01T12:00:00.000Z', registration)
    await ann.reports('2015-02-01T12:00:00.000Z', objection)
    expectPermitted(await ann.reports('2015-01-31T12:00:00.000Z', promotion), 'DataUsed', 'S3')
    expectFlagged(
      await ann.reports('2015-02-02T12:00:00.000Z', promotion),
      'DataUsed',
      'objection_stands',
      'S3',
    )
    const { custody, caller } = ledger.stack
    const subject = await ann.subject()
    const uses = custody.views.promotionalUses(
      caller.controller,
      custody.views.position(),
      { subject },
      first,
    )
    expect(
      uses.rows.map(({ at, judged, objection }) => [at.slice(0, 10), judged, objection]),
    ).toEqual([
      ['2015-01-31', 'permitted', 'none'],
      ['2015-02-02', 'violated', 'made'],
    ])
  })
})

import { describe, expect, it } from 'vitest'
import {
  expectFlagged,
  expectPermitted,
  expectRefused,
  first,
  registration,
  wholeLedger,
} from '../support/whole-ledger.ts'

const ledger = wholeLedger()
const diagnosis = {
  type: 'use',
  purpose: 'diagnosis-and-improvement',
  categories: ['user.contact.email'],
}
const consent = { purpose: 'diagnosis-and-improvement', channel: 'email' }

describe('S4: diagnosing and improving only with authorization', () => {
  it('is refused until the person consents, permitted while that stands, refused after it is withdrawn', async () => {
    const ann = ledger.someone()
    await ann.asks(registration)
    expectRefused(await ann.asks(diagnosis), 'consent_missing', 'S4')
    await ann.asks({ type: 'give-consent', ...consent })
    expectPermitted(await ann.asks(diagnosis), 'DataUsed', 'S4')
    await ann.asks({ type: 'withdraw-consent', ...consent })
    expectRefused(await ann.asks(diagnosis), 'consent_missing', 'S4')
  })

  it('keeps with the act the very consent that it stands on', async () => {
    const ann = ledger.someone()
    await ann.asks(registration)
    const given = await ann.asks({ type: 'give-consent', ...consent })
    const told = await ann.asks(diagnosis)
    const { custody } = ledger.stack
    const [record] = await custody.log.readAt([told.trail[0]!.position])
    const { data } = JSON.parse(record!.body) as { data: { judgement: { authority: unknown } } }
    expect(data.judgement.authority).toMatchObject({
      basis: 'consent',
      consent: { purpose: consent.purpose, revision: given.trail[0]!.revision },
    })
  })

  it('flags what was done without it, and shows how consent stood', async () => {
    const ann = ledger.someone()
    await ann.reports('2015-01-01T12:00:00.000Z', registration)
    expectFlagged(
      await ann.reports('2015-01-02T12:00:00.000Z', diagnosis),
      'DataUsed',
      'consent_missing',
      'S4',
    )
    await ann.reports('2015-02-01T12:00:00.000Z', { type: 'give-consent', ...consent })
    await ann.reports('2015-03-01T12:00:00.000Z', { type: 'withdraw-consent', ...consent })
    const { custody, caller } = ledger.stack
    await custody.caughtUp()
    const position = custody.views.position()
    const subject = await ann.subject()
    const at = (moment: string) =>
      custody.views
        .standings(caller.controller, { position, moment: moment as never }, { subject }, first)
        .rows.map(({ status }) => status)
    expect(at('2015-01-15T00:00:00.000Z')).toEqual([])
    expect(at('2015-02-15T00:00:00.000Z')).toEqual(['given'])
    expect(at('2015-03-15T00:00:00.000Z')).toEqual(['withdrawn'])
  })
})

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
const disclosure = {
  ...{ type: 'share', recipient: 'court', purpose: 'legal-disclosure' },
  categories: ['user.name', 'user.contact.email'],
}
const grounds = {
  ground: 'legal-process',
  document: 'Subpoena of 3 May 2017',
  approver: 'general-counsel',
}

beforeAll(() => registerRecipient(ledger.stack, 'court', 'public-authority'))

describe('S7: disclosure on limited grounds', () => {
  it('permits it with a ground, a document and an approver, and the trail keeps all three', async () => {
    const ann = ledger.someone()
    await ann.asks(registration)
    expectPermitted(await ann.asks({ ...disclosure, ...grounds }), 'DataShared', 'S7')
    const { custody, caller } = ledger.stack
    const filter = { subject: await ann.subject() }
    const found = custody.views.disclosures(
      caller.controller,
      { position: custody.views.position() },
      filter,
      first,
    )
    expect(found.rows).toMatchObject([{ recipient: 'court', ...grounds }])
  })

  it.each(['ground', 'document', 'approver'])('refuses it without the %s', async (missing) => {
    const ann = ledger.someone()
    await ann.asks(registration)
    const told = await ann.asks({ ...disclosure, ...grounds, [missing]: undefined })
    expectRefused(told, 'ground_missing', 'S7')
  })

  it('flags one that was made without them', async () => {
    const ann = ledger.someone()
    await ann.reports('2015-01-01T00:00:00.000Z', registration)
    const told = await ann.reports('2015-02-01T00:00:00.000Z', disclosure)
    expectFlagged(told, 'DataShared', 'ground_missing', 'S7')
  })
})

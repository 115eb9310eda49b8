import { beforeAll, describe, it } from 'vitest'
import {
  expectFlagged,
  expectPermitted,
  expectRefused,
  registerRecipient,
  wholeLedger,
} from '../support/whole-ledger.ts'

const ledger = wholeLedger()
const testimonial = {
  ...{ type: 'collect', channel: 'email', kind: 'testimonial-author' },
  purposes: ['testimonial-handling', 'publish-testimonial'],
  values: { 'user.name': { full: 'Ann Example' }, 'user.content.testimonial': { text: 'Lovely.' } },
}
const posting = {
  ...{ type: 'share', recipient: 'public-website', purpose: 'publish-testimonial' },
  categories: ['user.name', 'user.content.testimonial'],
}
const consent = { purpose: 'publish-testimonial', channel: 'email' }

beforeAll(() => registerRecipient(ledger.stack, 'public-website', 'public'))

describe('S20: a testimonial is posted with the name only after consent by email', () => {
  it('is refused without the consent, permitted with it, and refused once it is withdrawn', async () => {
    const ann = ledger.someone()
    await ann.asks(testimonial)
    expectRefused(await ann.asks(posting), 'consent_missing', 'S20')
    await ann.asks({ type: 'give-consent', ...consent, evidence: 'mail of 3 March' })
    expectPermitted(await ann.asks(posting), 'DataShared', 'S20')
    await ann.asks({ type: 'withdraw-consent', ...consent })
    expectRefused(await ann.asks(posting), 'consent_missing', 'S20')
  })

  it('is refused where the author was asked and said no', async () => {
    const ann = ledger.someone()
    await ann.asks(testimonial)
    await ann.asks({ type: 'request-consent', ...consent })
    expectRefused(await ann.asks(posting), 'consent_missing', 'S20')
    await ann.asks({ type: 'refuse-consent', ...consent })
    expectRefused(await ann.asks(posting), 'consent_missing', 'S20')
  })

  it('flags one that was posted before the consent came', async () => {
    const ann = ledger.someone()
    await ann.reports('2015-01-01T00:00:00.000Z', testimonial)
    await ann.reports('2015-03-01T00:00:00.000Z', { type: 'give-consent', ...consent })
    expectFlagged(
      await ann.reports('2015-02-01T00:00:00.000Z', posting),
      'DataShared',
      'consent_missing',
      'S20',
    )
    expectPermitted(await ann.reports('2015-03-02T00:00:00.000Z', posting), 'DataShared', 'S20')
  })
})

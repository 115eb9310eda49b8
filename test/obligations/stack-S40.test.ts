import { describe, expect, it } from 'vitest'
import {
  expectFlagged,
  expectPermitted,
  expectRefused,
  mail,
  wholeLedger,
} from '../support/whole-ledger.ts'

const ledger = wholeLedger()
const chat = {
  ...{ type: 'collect', channel: 'live-chat', kind: 'chat-visitor', purposes: ['chat-reply'] },
  values: {
    'user.name': { full: 'Ann Example' },
    'user.contact.email': { address: 'ann@example.org' },
  },
}

describe('S40, N2: used only as is compatible with the purpose of the collection', () => {
  it('permits the purpose of the collection and what is compatible with it, and keeps the clause', async () => {
    const ann = ledger.someone()
    await ann.asks(chat)
    const reply = await ann.asks(mail('chat-reply'))
    expectPermitted(reply, 'DataUsed', 'S22')
    const compatible = await ann.asks(mail('request-handling'))
    expectPermitted(compatible, 'DataUsed', 'S28')
  })

  it('refuses a purpose that is not', async () => {
    const ann = ledger.someone()
    await ann.asks(chat)
    const told = await ann.asks(mail('inquiry-reply'))
    expect(told).toMatchObject({ outcome: 'refused', code: 'purpose_incompatible' })
    expect(told.trail[0]!.purpose).toBe('inquiry-reply')
  })

  it('refuses a category that is not held', async () => {
    const ann = ledger.someone()
    await ann.asks(chat)
    const line = { type: 'use', purpose: 'chat-reply', categories: ['user.contact.phone'] }
    expectRefused(await ann.asks(line), 'not_held', 'S40')
  })

  it('flags an incompatible use that happened', async () => {
    const ann = ledger.someone()
    await ann.reports('2015-01-01T00:00:00.000Z', chat)
    const told = await ann.reports('2015-01-02T00:00:00.000Z', mail('inquiry-reply'))
    expect(told.flagged.some((flag) => flag.startsWith('purpose_incompatible '))).toBe(true)
    const line = { type: 'use', purpose: 'chat-reply', categories: ['user.contact.phone'] }
    expectFlagged(
      await ann.reports('2015-01-02T00:00:00.000Z', line),
      'DataUsed',
      'not_held',
      'S40',
    )
  })
})

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collected, pseudonym, symphony, terms } from '../support/envelopes.ts'
import { openScene, type Scene } from '../support/views-on.ts'

const ann = pseudonym(1)
const all = { limit: 100, cursor: null }
const account = terms('account-data', 'account-closure', 'P1Y')
const orders = terms('orders/2014-07-01', 'collection', 'P7Y')

let scene: Scene
beforeEach(() => {
  scene = openScene()
})
afterEach(() => scene.dispose())

describe('the inventory', () => {
  it('holds each category of a collection, with what it stands on', async () => {
    const position = await scene.tell({
      stream: ['subject', ann],
      type: 'DataCollected',
      at: '2014-07-01T09:30:00.000Z',
      data: collected('2014-07-01', { email: 'account-data', order: 'orders/2014-07-01' }, [
        account,
        orders,
      ]),
    })
    const views = await scene.views()
    const { rows, next } = views.inventory(symphony, { position }, {}, all)
    expect(next).toBeNull()
    expect(rows.map(({ category, lot }) => [category, lot])).toEqual([
      ['email', 'account-data'],
      ['order', 'orders/2014-07-01'],
    ])
    expect(rows[0]).toEqual({
      subject: ann,
      category: 'email',
      lot: 'account-data',
      collection: '0190f000-0000-7000-8000-000000000001',
      kind: 'prospect',
      property: 'www.example.org',
      channel: 'web-form',
      source: 'crm',
      purposes: ['support'],
      fields: ['value'],
      permitted: true,
      policyVersion: '2014-06-30',
      rules: ['r1'],
      basis: 'contract',
      began: position,
      beganAt: '2014-07-01T09:30:00.000Z',
      ended: null,
      endedAt: null,
    })
  })
})

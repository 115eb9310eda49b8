import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Position } from '../../src/domain/values.ts'
import { collected, pseudonym, saying, symphony, terms, used, words } from '../support/envelopes.ts'
import { openScene, type Scene } from '../support/views-on.ts'

const ann = pseudonym(1)
const all = { limit: 100, cursor: null }

let scene: Scene
beforeEach(() => {
  scene = openScene()
})
afterEach(() => scene.dispose())

const collect = (on: string, lot: ReturnType<typeof terms>, subject = ann) =>
  scene.tell({
    stream: ['subject', subject],
    type: 'DataCollected',
    at: on,
    data: collected(on, { email: lot.lot }, [lot]),
  })
const use = (on: string) =>
  scene.tell({ stream: ['subject', ann], type: 'DataUsed', at: on, data: used(on, 'support') })
const account = (type: 'AccountOpened' | 'AccountClosed', on: string) => {
  const reason = type === 'AccountClosed' ? { reason: 'asked for' } : {}
  const data = { on, mode: 'observe', source: 'shop', ...reason }
  return scene.tell(saying(['subject', ann], type, data, { at: on }))
}

async function due(position?: Position, filter = {}) {
  const views = await scene.views()
  const at = position ?? (await scene.head())
  const { rows } = views.retention(symphony, at, filter, all)
  return rows.map(({ lot, startedOn, dueOn }) => `${lot}: ${startedOn} to ${dueOn}`)
}

describe('the retention schedule', () => {
  it('gives each day of collection a clock of its own, exact on leap days', async () => {
    await collect('2016-02-29', terms('orders/2016-02-29', 'collection', 'P1Y'))
    await collect('2016-03-01', terms('orders/2016-03-01', 'collection', 'P1Y'))
    await use('2016-06-01')
    expect(await due()).toEqual([
      'orders/2016-02-29: 2016-02-29 to 2017-02-28',
      'orders/2016-03-01: 2016-03-01 to 2017-03-01',
    ])
  })

  it('moves with the last activity, later only, and remembers how it stood', async () => {
    const first = await collect('2014-07-01', terms('marketing', 'last-activity', 'P1Y'))
    const second = await use('2014-09-01')
    await use('2014-08-01')
    expect(await due()).toEqual(['marketing: 2014-09-01 to 2015-09-01'])
    expect(await due(second)).toEqual(['marketing: 2014-09-01 to 2015-09-01'])
    expect(await due(first)).toEqual(['marketing: 2014-07-01 to 2015-07-01'])
    expect(await due(undefined, { dueBy: '2015-08-31' })).toEqual([])
    expect(await due(first, { dueBy: '2015-07-01' })).toHaveLength(1)
  })

  it('waits while an account is open and starts when it closes', async () => {
    const lot = terms('account-data', 'account-closure', 'P6M')
    const never = await collect('2014-07-01', lot)
    const open = await account('AccountOpened', '2014-07-02')
    await use('2014-08-01')
    const closed = await account('AccountClosed', '2015-01-31')
    await use('2015-03-01')
    expect(await due(never)).toEqual(['account-data: 2014-07-01 to 2015-01-01'])
    expect(await due(open)).toEqual(['account-data: null to null'])
    expect(await due(open, { dueBy: '9999-12-31' })).toEqual([])
    expect(await due(closed)).toEqual(['account-data: 2015-01-31 to 2015-07-31'])
    expect(await due()).toEqual(['account-data: 2015-01-31 to 2015-07-31'])
  })

  it('knows what a transient collection holds, which the inventory does not', async () => {
    const lot = terms('referral/0190f000-0000-7000-8000-000000000001', 'collection', 'P0D')
    const position = await scene.tell({
      stream: ['subject', ann],
      type: 'DataCollected',
      data: collected('2014-07-01', { email: lot.lot, name: lot.lot }, [lot], { transient: true }),
    })
    const views = await scene.views()
    const [row] = views.retention(symphony, position, { subject: ann }, all).rows
    expect(row).toMatchObject({ lot: lot.lot, categories: ['email', 'name'], kinds: ['prospect'] })
    expect(views.inventory(symphony, { position }, {}, all).rows).toEqual([])
  })

  it('ends a lot with the last of its categories, and begins anew when it is filled again', async () => {
    const lot = terms('account-data', 'last-activity', 'P1Y')
    await scene.tell({
      stream: ['subject', ann],
      type: 'DataCollected',
      data: collected('2014-07-01', { email: lot.lot, name: lot.lot }, [lot]),
    })
    const gone = (categories: string[]) =>
      scene.tell({
        stream: ['subject', ann],
        type: 'DataDeleted',
        data: words('DataDeleted', {
          on: '2014-08-01',
          deletion: 'd1',
          cause: 'request',
          lots: [{ lot: lot.lot, categories }],
        }),
      })
    const half = await gone(['email'])
    const none = await gone(['name'])
    await collect('2014-09-01', lot)
    const views = await scene.views()
    const lots = (position: Position) =>
      views.retention(symphony, position, {}, all).rows.map(({ categories }) => categories)
    expect(lots(half)).toEqual([['name']])
    expect(lots(none)).toEqual([])
    expect(lots(await scene.head())).toEqual([['email']])
    expect(await due()).toEqual(['account-data: 2014-09-01 to 2015-09-01'])
  })

  it('filters by rule and by person', async () => {
    await collect('2014-07-01', terms('a', 'collection', 'P1Y'))
    await collect('2014-07-01', terms('b', 'collection', 'P2Y'), pseudonym(2))
    const views = await scene.views()
    const position = await scene.head()
    const lots = (filter: object) =>
      views.retention(symphony, position, filter, all).rows.map(({ lot }) => lot)
    expect(lots({})).toEqual(['a', 'b'])
    expect(lots({ rule: 'b' })).toEqual(['b'])
    expect(lots({ subject: ann })).toEqual(['a'])
    expect(lots({ subject: pseudonym(9) })).toEqual([])
  })
})

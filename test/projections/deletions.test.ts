import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Position } from '../../src/domain/values.ts'
import { collected, pseudonym, saying, symphony, terms } from '../support/envelopes.ts'
import { openScene, type Scene } from '../support/views-on.ts'

const ann = pseudonym(1)
const all = { limit: 100, cursor: null }
const account = { lot: 'account-data', categories: ['email'] }
const orders = { lot: 'orders/2014-07-01', categories: ['order'] }
const lots = [account, orders]

let scene: Scene
beforeEach(async () => {
  scene = openScene()
  await collect('2014-07-01')
})
afterEach(() => scene.dispose())

const collect = (on: string) =>
  scene.tell({
    stream: ['subject', ann],
    type: 'DataCollected',
    at: on,
    data: collected(on, { email: account.lot, order: orders.lot }, [
      terms(account.lot, 'account-closure', 'P1Y'),
      terms(orders.lot, 'collection', 'P1Y'),
    ]),
  })

type Step =
  'DeletionRequested' | 'DeletionDeferred' | 'DeletionResumed' | 'DataDeleted' | 'SubjectErased'

const step = (type: Step, data: object = {}) => {
  const on = '2014-08-01'
  return scene.tell(saying(['subject', ann], type, { on, deletion: 'd1', ...data }, { at: on }))
}
const request = (everything: boolean) =>
  step('DeletionRequested', { cause: 'request', everything, lots, request: null })

async function pending(position?: Position) {
  const views = await scene.views()
  return views.pendingDeletions(symphony, position ?? (await scene.head()), all).rows
}

describe('deletions that are not done', () => {
  it('wait from the request until the last lot is gone', async () => {
    const requested = await request(false)
    const half = await step('DataDeleted', { cause: 'request', lots: [account] })
    await step('DataDeleted', { cause: 'request', lots: [orders] })
    expect(await pending(requested)).toEqual([
      {
        subject: ann,
        deletion: 'd1',
        cause: 'request',
        status: 'requested',
        holds: [],
        until: null,
        lots: ['account-data', 'orders/2014-07-01'],
        since: requested,
      },
    ])
    expect((await pending(half))[0]).toMatchObject({ lots: ['orders/2014-07-01'] })
    expect(await pending()).toEqual([])
    const views = await scene.views()
    expect(views.inventory(symphony, { position: half }, {}, all).rows).toHaveLength(1)
    expect(views.retention(symphony, half, {}, all).rows).toMatchObject([{ deletion: 'd1' }])
  })

  it('are deferred when every lot that is left is, by holds and legal minimums together', async () => {
    await request(false)
    const some = await step('DeletionDeferred', { lots: [account], holds: ['m1'], until: null })
    const both = await step('DeletionDeferred', { lots, holds: [], until: '2016-01-01' })
    const on = await step('DeletionResumed', { lots: [orders] })
    expect(await pending(some)).toMatchObject([{ status: 'requested', holds: ['m1'], until: null }])
    expect(await pending(both)).toMatchObject([
      { status: 'deferred', holds: ['m1'], until: '2016-01-01' },
    ])
    expect(await pending(on)).toMatchObject([{ status: 'requested', holds: ['m1'] }])
    const views = await scene.views()
    const deferred = views
      .retention(symphony, on, {}, all)
      .rows.map((row) => [row.lot, row.deferred])
    expect(deferred.sort()).toEqual([
      ['account-data', true],
      ['orders/2014-07-01', false],
    ])
  })

  it('of everything wait for the erasure, and leave nothing held', async () => {
    await request(true)
    const empty = await step('DataDeleted', { cause: 'request', lots })
    const erased = await step('SubjectErased')
    expect(await pending(empty)).toMatchObject([{ status: 'requested', lots: [] }])
    expect(await pending(erased)).toEqual([])
    const views = await scene.views()
    expect(views.inventory(symphony, { position: erased }, {}, all).rows).toEqual([])
    expect(views.retention(symphony, erased, {}, all).rows).toEqual([])
  })

  it('of everything become those of their own lots when the person comes back', async () => {
    await request(true)
    await step('DeletionDeferred', { lots, holds: ['m1'], until: null })
    await collect('2015-01-01')
    await step('DeletionResumed', { lots })
    await step('DataDeleted', { cause: 'request', lots })
    expect(await pending()).toEqual([])
  })
})

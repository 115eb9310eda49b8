import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Downstream } from '../../src/domain/endpoint/events.ts'
import type { LedgerEvent } from '../../src/domain/envelope.ts'
import type { Position, SubjectId } from '../../src/domain/values.ts'
import { decode } from '../../src/ledger/codec.ts'
import type { NotificationRow } from '../../src/projections/notification-views.ts'
import { rebuild } from '../../src/projections/rebuild.ts'
import { dumpViews } from '../../src/projections/dump.ts'
import {
  collected,
  eventId,
  instant,
  permitted,
  pseudonym,
  saying,
  symphony,
  terms,
} from '../support/envelopes.ts'
import { notificationsBy } from '../support/notifications-model.ts'
import { acme, controllers, randomHistory } from '../support/random-history.ts'
import { expectSameLines } from '../support/same-lines.ts'
import { randomFrom, seed } from '../support/seed.ts'
import { openScene, type Scene } from '../support/views-on.ts'

const ann = pseudonym(1)
const mailer = { kind: 'recipient', id: 'mailer' } as Downstream
const crm = { kind: 'source', id: 'crm' } as Downstream
const all = { limit: 100, cursor: null }
const everything = ['person.erased', 'data.deleted', 'data.corrected', 'consent.withdrawn']

let scene: Scene
beforeEach(() => {
  scene = openScene()
})
afterEach(() => scene.dispose())

const tell = (...said: Parameters<typeof saying>) => scene.tell(saying(...said))
const of = (type: LedgerEvent['type'], data: object, subject = ann, more = {}) =>
  tell(['subject', subject], type, { on: '2014-07-01', ...data }, more)

const endpoint = ({ kind, id }: Downstream, topics = everything, more = {}) =>
  tell(
    [kind, id],
    'EndpointRegistered',
    { url: `https://${id}.example/`, topics, generation: 1 },
    more,
  )
const collect = (items: Record<string, string>, more = {}, subject = ann) =>
  scene.tell({
    stream: ['subject', subject],
    type: 'DataCollected',
    data: {
      ...collected(
        '2014-07-01',
        items,
        [...new Set(Object.values(items))].map((lot) => terms(lot, 'collection', 'P1Y')),
      ),
      ...more,
    },
  })
const share = (recipient: string, categories: string[], more = {}, subject: SubjectId = ann) => {
  const act = { act: 'share', property: 'www.example.org', categories, purpose: 'newsletter' }
  const data = { mode: 'observe', source: 'crm', recipientClass: 'x', judgement: permitted('s1') }
  return of('DataShared', { ...data, act: { ...act, recipient, ...more } }, subject)
}
const consent = { mode: 'observe', source: 'crm', purpose: 'newsletter', channel: 'email' }
const deleted = (lots: Record<string, string[]>, more = {}) =>
  of(
    'DataDeleted',
    {
      deletion: 'd1',
      cause: 'request',
      lots: Object.entries(lots).map(([lot, categories]) => ({ lot, categories })),
    },
    ann,
    more,
  )
const erase = () => of('SubjectErased', { deletion: 'd1' })

async function rows(filter = {}, position?: Position): Promise<readonly NotificationRow[]> {
  const views = await scene.views()
  return views.notifications(symphony, position ?? (await scene.head()), filter, all).rows
}
const brief = (list: readonly NotificationRow[]) =>
  list
    .map(({ topic, downstream, categories }) => [topic, downstream.id, ...categories].join(' '))
    .sort()

describe('who is told of what', () => {
  it('is each recipient of the data, and each source of it, once', async () => {
    await endpoint(mailer)
    await endpoint(crm)
    await collect({ email: 'account-data', name: 'account-data' })
    await share('mailer', ['email'], { document: 'Order 7' })
    await share('mailer', ['email'])
    const erased = await of('SubjectErased', { deletion: 'd1' }, ann, {
      at: '2014-08-01',
      recordedAt: '2014-08-02',
    })
    const content = { purpose: null, reason: null, stillHeld: [] }
    const stand = { status: 'outstanding', attempts: 0, fault: null }
    const when = {
      cause: eventId(6),
      position: erased,
      occurredAt: instant('2014-08-01'),
      since: instant('2014-08-02'),
      next: instant('2014-08-02'),
      changedAt: instant('2014-08-02'),
    }
    const shared = { topic: 'person.erased', subject: ann, ...content, ...stand, ...when }
    expect(await rows()).toEqual([
      {
        notification: expect.stringMatching(/^msg-[0-9a-f]{32}$/),
        downstream: mailer,
        categories: ['email'],
        references: [
          { event: eventId(4), document: 'Order 7' },
          { event: eventId(5), document: null },
        ],
        referencesInAll: 2,
        ...shared,
      },
      {
        notification: expect.stringMatching(/^msg-[0-9a-f]{32}$/),
        downstream: crm,
        categories: ['email', 'name'],
        references: [{ event: eventId(3), document: null }],
        referencesInAll: 1,
        ...shared,
      },
    ])
  })

  it('is nobody who had nothing of the person, of the categories or for the purpose', async () => {
    await endpoint(mailer)
    await endpoint(crm)
    await endpoint({ kind: 'recipient', id: 'court' } as Downstream)
    await collect({ email: 'account-data', order: 'orders/2014-07-01' })
    await collect({ email: 'account-data' }, {}, pseudonym(2))
    await share('mailer', ['email'])
    await share('court', ['order'], { purpose: 'support' })
    await share('court', ['email'], {}, pseudonym(2))
    await deleted({ 'orders/2014-07-01': ['order'] })
    expect(brief(await rows())).toEqual(['data.deleted court order', 'data.deleted crm order'])
    await of('ConsentWithdrawn', { ...consent, purpose: 'updates' })
    expect(await rows({ topic: 'consent.withdrawn' })).toEqual([])
    await of('ConsentWithdrawn', consent)
    await of('ConsentWithdrawn', { ...consent, purpose: 'support' })
    expect(brief(await rows({ topic: 'consent.withdrawn' }))).toEqual([
      'consent.withdrawn court order',
      'consent.withdrawn crm email order',
      'consent.withdrawn mailer email',
    ])
    const [withdrawn] = await rows({ topic: 'consent.withdrawn' })
    expect(withdrawn).toMatchObject({ purpose: 'newsletter', reason: null })
  })

  it('is who has an endpoint for the topic at that time', async () => {
    await collect({ email: 'account-data' })
    await share('mailer', ['email'])
    await of('ConsentWithdrawn', consent)
    await endpoint(mailer, ['data.corrected'])
    await of('ConsentWithdrawn', consent)
    const items = [{ category: 'email', fields: ['value'], lot: 'account-data' }]
    const correction = { source: 'crm', items, request: null }
    await of('DataCorrected', correction)
    await tell(['recipient', 'mailer'], 'EndpointRemoved', { reason: 'moved' })
    await of('DataCorrected', correction)
    expect(brief(await rows())).toEqual(['data.corrected mailer email'])
  })

  it('hears of a deletion also where other values of the category are still held', async () => {
    await endpoint(mailer)
    await endpoint(crm)
    await collect({ email: 'account-data', name: 'account-data' })
    await collect({ email: 'newsletter' }, { source: 'shop' })
    await share('mailer', ['email', 'name'])
    await deleted({ 'account-data': ['email', 'name'] })
    expect(await rows()).toMatchObject([
      { downstream: mailer, categories: ['email', 'name'], stillHeld: ['email'] },
      { downstream: crm, categories: ['email', 'name'], stillHeld: ['email'], reason: 'request' },
    ])
    await deleted({ newsletter: ['email'] })
    expect((await rows()).slice(2)).toMatchObject([{ downstream: mailer, stillHeld: [] }])
  })

  it('is given the latest fifty references, and told how many there are', async () => {
    await endpoint(mailer)
    await collect({ email: 'account-data' })
    for (let count = 0; count < 60; count += 1) await share('mailer', ['email'])
    await erase()
    const [row] = await rows()
    expect(row).toMatchObject({ referencesInAll: 60 })
    expect(row!.references.map(({ event }) => event)).toEqual(
      Array.from({ length: 50 }, (_, index) => eventId(13 + index)),
    )
  })

  it('is of the same controller', async () => {
    await endpoint(mailer, everything, { controller: acme })
    await collect({ email: 'account-data' })
    await share('mailer', ['email'])
    await erase()
    expect(await rows()).toEqual([])
    const views = await scene.views()
    expect(views.notifications(acme, await scene.head(), {}, all).rows).toEqual([])
  })
})

describe('what is outstanding', () => {
  const reported = (row: NotificationRow, type: LedgerEvent['type'], data: object, at: string) => {
    const { cause, subject, topic, downstream } = row
    const notice = { cause, subject, topic, downstream }
    return tell(['notification', row.notification], type, { notice, ...data }, { at })
  }
  const fault = { code: 'rejected', status: 503 } as const
  const due = async (now: string) =>
    (await scene.views())
      .dueNotifications(symphony, mailer, instant(now), 10)
      .map(({ notification }) => notification)

  it('is known, and since when, at every step, and at every step of the past', async () => {
    await endpoint(mailer)
    await collect({ email: 'account-data' })
    await share('mailer', ['email'])
    const before = await scene.head()
    const asked = await erase()
    const [row] = await rows()
    const { notification } = row!
    const failed = await reported(
      row!,
      'NotificationFailed',
      { attempt: 1, ...fault, next: instant('2014-07-04') },
      '2014-07-02',
    )
    const abandoned = await reported(
      row!,
      'NotificationAbandoned',
      { attempts: 2, ...fault },
      '2014-07-04',
    )
    const retried = await reported(row!, 'NotificationRetried', { reason: 'mended' }, '2014-07-09')
    expect(await due('2014-07-08')).toEqual([])
    expect(await due('2014-07-09')).toEqual([notification])
    const confirmed = await reported(
      row!,
      'NotificationConfirmed',
      { attempt: 3, status: 200 },
      '2014-07-10',
    )
    expect(await due('2014-07-31')).toEqual([])
    const open = { status: 'outstanding', since: instant('2014-07-01') }
    const steps = [
      [before, []],
      [asked, [{ ...open, attempts: 0, next: instant('2014-07-01'), fault: null }]],
      [failed, [{ ...open, attempts: 1, next: instant('2014-07-04'), fault }]],
      [abandoned, []],
      [retried, [{ ...open, attempts: 2, next: instant('2014-07-09'), fault: null }]],
      [confirmed, []],
    ] as const
    for (const [position, expected] of steps) {
      expect(await rows({ status: 'outstanding' }, position)).toMatchObject(expected)
    }
    expect(await rows({ status: 'abandoned' }, abandoned)).toMatchObject([
      { attempts: 2, next: null, fault, changedAt: instant('2014-07-04') },
    ])
    expect(await rows()).toMatchObject([{ status: 'confirmed', attempts: 3, fault: null }])
    const views = await scene.views()
    expect(views.notification(symphony, notification)).toEqual((await rows())[0])
    expect(views.notification(acme, notification)).toBeNull()
  })

  it('comes due by system, the longest due first', async () => {
    await endpoint(mailer)
    await endpoint(crm)
    await collect({ email: 'account-data' })
    await share('mailer', ['email'])
    await of('ConsentWithdrawn', consent, ann, { at: '2014-07-03' })
    await of('ConsentWithdrawn', consent, ann, { at: '2014-07-02' })
    const ids = (await rows({ downstream: mailer })).map(({ notification }) => notification)
    expect(await due('2014-07-01')).toEqual([])
    expect(await due('2014-07-02')).toEqual([ids[1]])
    expect(await due('2014-07-03')).toEqual([ids[1], ids[0]])
    const views = await scene.views()
    expect(views.dueNotifications(symphony, mailer, instant('2014-07-03'), 1)).toHaveLength(1)
  })

  it('stands in the trail of the person, with the system that is told', async () => {
    await endpoint(mailer)
    await collect({ email: 'account-data' })
    await share('mailer', ['email'])
    await erase()
    await reported(
      (await rows())[0]!,
      'NotificationConfirmed',
      { attempt: 1, status: 200 },
      '2014-07-02',
    )
    const views = await scene.views()
    const trail = views.audit(symphony, await scene.head(), { subject: ann }, all).rows
    expect(trail.at(-1)).toMatchObject({
      type: 'NotificationConfirmed',
      subject: ann,
      recipient: 'mailer',
      source: null,
    })
  })
})

describe('endpoints', () => {
  it('are listed with the secret that signs, and with the one that still does', async () => {
    const first = await endpoint(mailer)
    await tell(
      ['recipient', 'mailer'],
      'EndpointSecretRotated',
      { generation: 2 },
      { at: '2014-07-05' },
    )
    const rotated = await scene.head()
    const other = { url: 'https://moved.example/', topics: ['person.erased'], generation: 3 }
    await tell(['recipient', 'mailer'], 'EndpointRegistered', other, { at: '2014-07-06' })
    const moved = await scene.head()
    const removed = await tell(['recipient', 'mailer'], 'EndpointRemoved', { reason: 'gone' })
    const views = await scene.views()
    const at = (position: Position) => views.endpoints(symphony, position)
    const since = instant('2014-07-01')
    const row = { downstream: mailer, url: 'https://mailer.example/', topics: everything }
    expect(at(first)).toEqual([{ ...row, generation: 1, since, before: null, removed: false }])
    expect(at(rotated)).toMatchObject([{ generation: 2, before: 1, since: instant('2014-07-05') }])
    expect(at(moved)).toMatchObject([{ ...other, before: null, removed: false }])
    expect(at(removed)).toMatchObject([{ removed: true }])
    expect(views.endpoints(acme, removed)).toEqual([])
  })
})

describe('notifications of a random history', () => {
  it('are those of a plain model as of any position, and of a rebuild', async () => {
    const random = randomFrom(seed())
    for (const told of randomHistory(random, 3_000, 12)) await scene.tell(told)
    const views = await scene.views()
    const records = await scene.log.readAll(0 as Position, 10_000)
    const events = records.map(decode)
    let found = 0
    for (let round = 0; round < 40; round += 1) {
      const controller = controllers[round % 2]!
      const { position } = records[Math.floor(random() * records.length)]!
      const expected = notificationsBy(events, controller, position)
      for (const status of [undefined, 'outstanding', 'confirmed'] as const) {
        const lines: string[] = []
        let cursor: string | null = null
        do {
          const limit = 1 + Math.floor(random() * 30)
          const filter = status ? { status } : {}
          const page = views.notifications(controller, position, filter, { limit, cursor })
          for (const row of page.rows) {
            const to = `${row.downstream.kind}/${row.downstream.id}`
            const stood = [row.status, row.attempts]
            lines.push([row.position, to, row.categories.join(), ...stood].join(' '))
          }
          cursor = page.next
        } while (cursor !== null)
        found += lines.length
        const wanted = expected.filter((line) => !status || line.includes(` ${status} `))
        expect(lines.sort()).toEqual(wanted.sort())
      }
    }
    expect(found).toBeGreaterThan(100)
    const directory = mkdtempSync(join(tmpdir(), 'custody-notifications-'))
    try {
      const path = join(directory, 'fresh.db')
      await rebuild({ reader: scene.log, path })
      expectSameLines([...dumpViews(scene.path)], [...dumpViews(path)])
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})

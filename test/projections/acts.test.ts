import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BadCursor } from '../../src/projections/views.ts'
import {
  collected,
  instant,
  permitted,
  pseudonym,
  saying,
  symphony,
  terms,
  used,
  violated,
} from '../support/envelopes.ts'
import { acme, policyOf } from '../support/random-history.ts'
import { openScene, type Scene } from '../support/views-on.ts'

const ann = pseudonym(1)
const bob = pseudonym(2)
const all = { limit: 100, cursor: null }

let scene: Scene
beforeEach(() => {
  scene = openScene()
})
afterEach(() => scene.dispose())

const tell = (...said: Parameters<typeof saying>) => scene.tell(saying(...said))
const publish = () =>
  tell(['policy', 'privacy'], 'PolicyPublished', {
    version: '2014-06-30',
    effective: '2014-06-30',
    document: policyOf(symphony),
    digest: 'a'.repeat(64),
    notice: { channels: ['email'], before: 'P0D', obligation: 'S43' },
  })
const share = (recipient: string, more: object = {}) => ({
  on: '2014-07-01',
  mode: 'observe',
  source: 'crm',
  act: {
    act: 'share',
    property: 'www.example.org',
    categories: ['email'],
    purpose: 'newsletter',
    recipient,
    ...more,
  },
  recipientClass: 'email-processor',
  judgement: permitted('s12'),
})

describe('disclosures', () => {
  it('say what went to whom and on what ground, of people and of nobody', async () => {
    const ground = { ground: 'legal-process', document: 'order 7', approver: 'counsel' }
    const first = await tell(['subject', ann], 'DataShared', share('court', ground))
    await tell(['subject', bob], 'DataShared', {
      ...share('mailer'),
      judgement: violated('contract_missing'),
    })
    await tell(['activity', 'web.2014-07'], 'AggregateShared', share('mailer'))
    const position = await scene.head()
    const views = await scene.views()
    const { rows } = views.disclosures(symphony, { position }, {}, all)
    expect(rows[0]).toEqual({
      event: '0190f000-0000-7000-8000-000000000001',
      position: first,
      subject: ann,
      recipient: 'court',
      recipientClass: 'email-processor',
      purpose: 'newsletter',
      categories: ['email'],
      ground: 'legal-process',
      document: 'order 7',
      approver: 'counsel',
      permitted: true,
      policyVersion: '2014-06-30',
      rules: ['s12'],
      at: '2014-07-01T12:00:00.000Z',
    })
    expect(rows.map(({ subject, permitted }) => [subject, permitted])).toEqual([
      [ann, true],
      [bob, false],
      [null, true],
    ])
    const to = (filter: object) =>
      views.disclosures(symphony, { position }, filter, all).rows.length
    expect(to({ recipient: 'mailer' })).toBe(2)
    expect(to({ subject: ann })).toBe(1)
    expect(to({ subject: ann, recipient: 'mailer' })).toBe(0)
    expect(to({ recipient: 'nobody' })).toBe(0)
    expect(views.disclosures(symphony, { position: first }, {}, all).rows).toHaveLength(1)
    const before = { position, moment: instant('2014-06-01') }
    expect(views.disclosures(symphony, before, {}, all).rows).toEqual([])
  })
})

describe('promotional uses', () => {
  const mail = (on: string, offered = true) =>
    tell(['subject', ann], 'DataUsed', used(on, 'newsletter', { optOutOffered: offered }), {
      at: on,
    })
  const word = (
    type: 'ConsentGiven' | 'ObjectionMade',
    at: string,
    expires: string | null = null,
  ) => {
    const given = type === 'ConsentGiven' ? { evidence: null, expires } : {}
    const data = { on: at, mode: 'observe', source: 'crm', purpose: 'newsletter', channel: 'email' }
    return tell(['subject', ann], type, { ...data, ...given }, { at })
  }

  it('say what stood at each mail, of the purposes that a policy declares promotional', async () => {
    const early = await mail('2014-06-01')
    await publish()
    await mail('2014-07-01')
    await word('ConsentGiven', '2014-07-02', '2014-09-01')
    await mail('2014-07-03', false)
    await mail('2014-09-01')
    await tell(['subject', ann], 'DataUsed', used('2014-07-04', 'support'))
    const known = await scene.head()
    await word('ObjectionMade', '2014-07-03')
    const views = await scene.views()
    const uses = (position: number) =>
      views
        .promotionalUses(symphony, position as never, {}, all)
        .rows.map(({ at, optOutOffered, consent, objection }) =>
          [at.slice(5, 10), optOutOffered, consent, objection].join(' '),
        )
    expect(uses(early)).toEqual([])
    expect(uses(known)).toEqual([
      '07-01 true none none',
      '07-03 false given none',
      '09-01 true expired none',
    ])
    expect(uses(await scene.head())).toEqual([
      '07-01 true none none',
      '07-03 false given made',
      '09-01 true expired made',
    ])
    const position = await scene.head()
    expect(views.promotionalUses(symphony, position, { subject: bob }, all).rows).toEqual([])
  })
})

describe('the audit trail', () => {
  it('shows each event without a personal value, and why it was refused', async () => {
    const refusal = (code: string, obligation: string, rule: string | null) => ({
      code,
      obligation,
      rule,
      explanation: 'It is so.',
    })
    const position = await tell(
      ['subject', ann],
      'ActRefused',
      {
        on: '2014-07-01',
        source: 'crm',
        attempted: used('2014-07-01', 'newsletter').act,
        refusals: [
          refusal('objection_stands', 'S3', 'newsletter'),
          refusal('consent_missing', 'S4', null),
        ],
      },
      { policyVersion: '2014-06-30', recordedAt: '2014-07-02' },
    )
    const views = await scene.views()
    expect(views.audit(symphony, position, {}, all).rows).toEqual([
      {
        position,
        event: '0190f000-0000-7000-8000-000000000001',
        stream: `subject-symphony-commerce/${ann}`,
        revision: 0,
        type: 'ActRefused',
        subject: ann,
        occurredAt: '2014-07-01T12:00:00.000Z',
        recordedAt: '2014-07-02T12:00:00.000Z',
        principal: 'token:test',
        source: 'crm',
        policyVersion: '2014-06-30',
        purpose: 'newsletter',
        recipient: null,
        outcome: 'refused',
        code: 'consent_missing',
        codes: ['objection_stands', 'consent_missing'],
        obligations: ['S3', 'S4'],
        rules: ['newsletter'],
      },
    ])
    expect(views.auditSummary(symphony, position)).toEqual([
      { type: 'ActRefused', outcome: 'refused', code: 'consent_missing', events: 1 },
    ])
  })

  it('finds the rare among the many, page by page', async () => {
    for (let n = 0; n < 200; n += 1) {
      const judgement = n % 40 === 7 ? violated('not_held') : permitted('r1')
      await tell(
        ['subject', pseudonym(n % 9)],
        'DataUsed',
        used('2014-07-01', 'support', { judgement }),
      )
    }
    const position = await scene.head()
    const views = await scene.views()
    const first = views.audit(
      symphony,
      position,
      { outcome: 'violated' },
      { limit: 3, cursor: null },
    )
    const rest = views.audit(
      symphony,
      position,
      { outcome: 'violated' },
      { limit: 3, cursor: first.next },
    )
    expect([first.rows.length, rest.rows.length, rest.next]).toEqual([3, 2, null])
    expect(views.audit(symphony, position, { code: 'on_hold' }, all).rows).toEqual([])
  })
})

describe('what was recorded under an operation', () => {
  it('is found by its key, within the controller', async () => {
    const operation = { key: 'ab'.repeat(32), body: 'Zm9v'.repeat(10) + 'Zm8' }
    const data = used('2014-07-01', 'support')
    const position = await tell(['subject', ann], 'DataUsed', data, { operation })
    await tell(['subject', ann], 'DataUsed', data, { operation })
    await tell(['subject', ann], 'DataUsed', data, {
      operation: { key: 'A b', body: 'plain text' },
    })
    const views = await scene.views()
    expect(views.operation(symphony, operation.key)).toEqual({
      body: operation.body,
      position,
      events: 2,
    })
    expect(views.operation(symphony, 'A b')).toMatchObject({ body: 'plain text', events: 1 })
    expect(views.operation(symphony, 'other')).toBeNull()
    expect(views.operation(acme, operation.key)).toBeNull()
  })
})

describe('people', () => {
  it('are counted, known by their kinds and by what they were told', async () => {
    const lot = terms('account-data', 'last-activity', 'P1Y')
    const as = (kind: string) =>
      collected('2014-07-01', { email: lot.lot }, [lot], { kind: kind as never })
    await tell(['subject', ann], 'DataCollected', as('prospect'))
    const told = { on: '2014-07-02', about: 'transfer', reference: 't1', channel: 'email' }
    const position = await tell(['subject', ann], 'SubjectNotified', told)
    await tell(['subject', ann], 'DataCollected', as('account-holder'))
    await tell(['subject', ann], 'DataUsed', used('2014-07-01', 'support'), { controller: acme })
    const views = await scene.views()
    expect(views.kindsOf(symphony, ann)).toEqual(['account-holder', 'prospect'])
    expect(views.kindsOf(acme, ann)).toEqual([])
    expect(views.kindsOf(symphony, bob)).toEqual([])
    expect(views.counts(symphony)).toEqual({ subjects: 1, events: 3 })
    expect(views.counts('nobody' as never)).toEqual({ subjects: 0, events: 0 })
    const notified = (at: number, about: 'transfer' | 'policy' = 'transfer', who = ann) =>
      views.notified(symphony, at as never, who, about, 't1' as never)
    expect([notified(position), notified(position - 1)]).toEqual([true, false])
    expect([notified(position, 'policy'), notified(position, 'transfer', bob)]).toEqual([
      false,
      false,
    ])
  })
})

describe('what would pass in a business transfer', () => {
  it('is every item held, each with the first reason why it would not', async () => {
    const keep = terms('account-data', 'account-closure', 'P9Y')
    const short = terms('leads', 'collection', 'P1M')
    const collect = (who: number, more: object = {}, lot = keep) =>
      tell(
        ['subject', pseudonym(who)],
        'DataCollected',
        collected('2014-07-01', { email: lot.lot }, [lot], more),
      )
    await collect(1)
    await collect(2, { property: 'shop.example.org' })
    await collect(3)
    await collect(4, { judgement: violated('collection_not_permitted') })
    await collect(5)
    await collect(6, {}, short)
    await tell(['subject', pseudonym(3)], 'DeletionRequested', {
      on: '2014-07-02',
      deletion: 'd1',
      cause: 'request',
      everything: false,
      lots: [{ lot: keep.lot, categories: ['email'] }],
      request: null,
    })
    await tell(['subject', pseudonym(5)], 'ObjectionMade', {
      on: '2014-07-02',
      mode: 'enforce',
      source: 'desk',
      purpose: 'business-transfer',
      channel: 'email',
    })
    const views = await scene.views()
    const scope = { properties: ['www.example.org'] } as never
    const position = await scene.head()
    const items = [...views.transferItems(symphony, position, scope, '2014-08-01' as never)]
    expect(
      items.map(({ subject, excluded }) => [Number(`0x${subject.slice(-1)}`), excluded]),
    ).toEqual([
      [1, null],
      [2, 'outside-scope'],
      [3, 'deletion-pending'],
      [4, 'collected-in-violation'],
      [5, 'objection'],
      [6, 'due'],
    ])
    expect([
      ...views.transferItems('nobody' as never, position, scope, '2014-08-01' as never),
    ]).toEqual([])
  })
})

describe('a cursor', () => {
  it('that no page of the list ever answered is refused by name', async () => {
    for (let n = 0; n < 3; n += 1)
      await tell(['subject', ann], 'DataUsed', used('2014-07-01', 'support'))
    const position = await scene.head()
    const views = await scene.views()
    const { next } = views.audit(symphony, position, {}, { limit: 1, cursor: null })
    const paging = (cursor: string | null) => ({ limit: 1, cursor })
    expect(views.audit(symphony, position, {}, paging(next)).rows).toHaveLength(1)
    expect(() => views.requests(symphony, position, paging(next))).toThrow(BadCursor)
    for (const bad of ['', 'x', 'bm8', Buffer.from('["audit"]').toString('base64url'), '%', '🙂']) {
      expect(() => views.audit(symphony, position, {}, paging(bad)), bad).toThrow(BadCursor)
    }
  })
})

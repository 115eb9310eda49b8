import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { ReportAnswer } from '../../src/api/reports.ts'
import { mayDo, type Action } from '../../src/api/permissions.ts'
import { openApi, prospect, roles, type Answer } from './harness.ts'

/** One life through every resource, in the order in which a company would live it. */

const api = await openApi({ policy: false })
afterAll(() => api.close())

/** Asks as the first role that may. */
const as = (action: Action) => roles.find((role) => mayDo(role, action))!
const post = (action: Action, url: string, body?: unknown, headers: Record<string, string> = {}) =>
  api.ask({ method: 'POST', url, as: as(action), body, headers })

let latest = 0
const get = (action: Action, url: string) =>
  api.ask({ url, as: as(action), headers: { 'custody-wait-for': String(latest) } })
const ask = (url: string, body: unknown) =>
  post('subjects:read', url, body, { 'custody-wait-for': String(latest) })

function expectWritten(answer: Answer): void {
  expect(answer.status, answer.text).toBe(201)
  expect(answer.headers['custody-position']).toBe(String(answer.body.position))
  latest = answer.body.position
}
function expectRefused(answer: Answer, status: number, code: string): void {
  expect(answer.status, answer.text).toBe(status)
  expect(answer.body.type).toBe(`urn:custody:problem:${code}`)
  expect(answer.body.refusals[0].code).toBe(code)
  latest = answer.body.position
}

const version = '/v1/policies/symphony-commerce-privacy/versions/2014-06-30'
const ann = { subject: { identifiers: [{ scheme: 'email', value: 'ann@example.org' }] } }

describe('a policy', () => {
  it('is published as YAML', async () => {
    const document = readFileSync('policies/symphony-commerce-2014-06-30.yaml', 'utf8')
    const yaml = { 'content-type': 'application/yaml' }
    expectWritten(await post('policies:write', '/v1/policies', document, yaml))
  })

  it('does not take effect before its notice (S43)', async () => {
    expectRefused(await post('policies:write', `${version}/effect`), 409, 'notice_missing')
  })

  it('is announced and takes effect', async () => {
    const notice = { channel: 'email', on: '2014-06-01' }
    expectWritten(await post('policies:write', `${version}/notices`, notice))
    expectWritten(await post('policies:write', `${version}/effect`, {}))
    const { body } = await get('policies:read', '/v1/policies')
    expect(body.rows).toMatchObject([
      { policy: 'symphony-commerce-privacy', version: '2014-06-30', status: 'in-force' },
    ])
  })
})

describe('a recipient', () => {
  const url = '/v1/recipients'
  it('is registered, signs, is suspended and reinstated, and its contract ends', async () => {
    const mailer = { recipient: 'mailer', name: 'Mailer Inc.', recipientClass: 'email-processor' }
    expectWritten(await post('recipients:write', url, { ...mailer, country: 'US' }))
    const contract = {
      reference: 'dpa-1',
      from: '2014-01-01',
      purposes: ['promotional-mail'],
      categories: 'any',
    }
    expectWritten(await post('recipients:write', `${url}/mailer/contracts`, contract))
    const why = { reason: 'a breach is looked into' }
    expectWritten(await post('recipients:write', `${url}/mailer/suspension`, why))
    const again = await post('recipients:write', `${url}/mailer/suspension`, why)
    expect([200, 409]).toContain(again.status)
    expectWritten(await post('recipients:write', `${url}/mailer/reinstatement`, why))
    const end = { until: '2030-01-01' }
    expectWritten(await post('recipients:write', `${url}/mailer/contracts/dpa-1/end`, end))
    const { body } = await get('recipients:read', url)
    expect(body.rows).toMatchObject([{ recipient: 'mailer', suspended: false }])
  })

  it('that is not known cannot be suspended', async () => {
    const answer = await post('recipients:write', `${url}/nobody/suspension`, { reason: 'why' })
    expect(answer.status).toBeGreaterThanOrEqual(404)
    expect(answer.body.refusals).toHaveLength(1)
  })
})

describe('a person', () => {
  it('is found by every spelling of an address, and by nobody else', async () => {
    expectWritten(await post('acts:record', '/v1/acts', prospect('ann@example.org')))
    const found = await ask('/v1/subjects/find', ann)
    const identifiers = [{ scheme: 'email', value: ' Ann@Example.ORG' }]
    const again = await ask('/v1/subjects/find', { subject: { identifiers } })
    expect(found.body).toEqual({
      subject: expect.stringMatching(/^[0-9a-f]{32}$/),
      kinds: ['prospect'],
    })
    expect(again.body).toEqual(found.body)
    const same = await ask('/v1/subjects/find', { subject: { subject: found.body.subject } })
    expect(same.body).toEqual(found.body)
    const other = await api.ask({
      method: 'POST',
      url: '/v1/subjects/find',
      as: 'stranger',
      body: { subject: { subject: found.body.subject } },
    })
    expect(other.status).toBe(404)
    expect(other.body.type).toBe('urn:custody:problem:subject_unknown')
  })

  it('is shown in the inventory, the consents, the disclosures and the trail', async () => {
    const inventory = await ask('/v1/subjects/inventory', ann)
    expect(inventory.body.rows).toMatchObject([
      { category: 'user.contact.email', kind: 'prospect', permitted: true, ended: null },
    ])
    const trail = await ask('/v1/subjects/audit', { ...ann, outcome: 'permitted' })
    expect(trail.body.rows).toMatchObject([{ type: 'DataCollected', outcome: 'permitted' }])
    expect((await ask('/v1/subjects/consents', ann)).body.rows).toEqual([])
    expect((await ask('/v1/subjects/disclosures', ann)).body.rows).toEqual([])
  })

  it('that is not known is a 404 to every question', async () => {
    const identifiers = [{ scheme: 'email', value: 'nobody@example.org' }]
    const questions = ['find', 'inventory', 'consents', 'disclosures', 'audit']
    for (const question of questions) {
      const answer = await ask(`/v1/subjects/${question}`, { subject: { identifiers } })
      expect([answer.status, answer.body.type]).toEqual([
        404,
        'urn:custody:problem:subject_unknown',
      ])
    }
    expect(api.log.join('')).not.toContain('nobody@example.org')
  })

  it('is given all that is held on them, in clear, and that is an event', async () => {
    const answer = await post('subjects:export', '/v1/subjects/export', {
      ...ann,
      reason: 'subject-export',
    })
    expect(answer.status).toBe(200)
    expect(answer.body.items).toMatchObject([
      { category: 'user.contact.email', values: { address: 'ann@example.org' } },
    ])
    latest = await api.head()
    const trail = await ask('/v1/subjects/audit', { ...ann, type: 'DataAccessed' })
    expect(trail.body.rows).toHaveLength(1)
  })
})

describe('a hold', () => {
  it('is placed and released', async () => {
    const hold = {
      matter: 'matter-1',
      title: 'Doe v. Symphony',
      ground: 'court-order',
      scope: { everything: true },
      document: 'order 17',
    }
    expectWritten(await post('holds:write', '/v1/holds', hold))
    expectRefused(
      await post('holds:write', '/v1/holds', { ...hold, title: 'Other' }),
      409,
      'already_exists',
    )
    const reason = { reason: 'settled' }
    expectWritten(await post('holds:write', '/v1/holds/matter-1/release', reason))
    const { body } = await get('holds:read', '/v1/holds')
    expect(body.rows).toMatchObject([{ matter: 'matter-1', ended: latest }])
  })
})

describe('a request', () => {
  const url = '/v1/requests'
  const request = { request: 'request-1', kind: 'export', channel: 'email', ...ann }
  it('is received, verified and fulfilled with what it asked for', async () => {
    expectWritten(await post('requests:write', url, request))
    const fulfilment = { outcome: 'handed over', handler: 'officer 7' }
    const early = await post('requests:write', `${url}/request-1/fulfilment`, fulfilment)
    expectRefused(early, 403, 'not_verified')
    const verification = { method: 'answered a mail', handler: 'officer 7' }
    expectWritten(await post('requests:write', `${url}/request-1/verification`, verification))
    const done = await post('requests:write', `${url}/request-1/fulfilment`, fulfilment)
    expectWritten(done)
    expect(done.body.export.items[0].values).toEqual({ address: 'ann@example.org' })
    const shown = await get('requests:read', `${url}/request-1`)
    expect(shown.body).toMatchObject({ request: 'request-1', status: 'fulfilled' })
  })

  it('is denied, with the reason (S23)', async () => {
    const denied = { ...request, request: 'request-2', kind: 'erasure' }
    expectWritten(await post('requests:write', url, denied))
    const denial = { reason: 'cannot be verified', handler: 'officer 7', channel: 'email' }
    expectWritten(await post('requests:write', `${url}/request-2/denial`, denial))
    const { body } = await get('requests:read', url)
    expect(body.rows.map(({ status }: { status: string }) => status)).toEqual([
      'fulfilled',
      'denied',
    ])
  })

  it('of somebody who is not known is refused, and one that is not there is a 404', async () => {
    const identifiers = [{ scheme: 'email', value: 'nobody@example.org' }]
    const unknown = { ...request, request: 'request-3', subject: { identifiers } }
    const answer = await post('requests:write', url, unknown)
    expect(answer.status, answer.text).toBe(404)
    expect(answer.body.refusals[0].code).toBe('subject_unknown')
    expect((await get('requests:read', `${url}/request-9`)).status).toBe(404)
  })
})

describe('a transfer', () => {
  const url = '/v1/transfers'
  it('is proposed, scoped on a manifest, announced and executed', async () => {
    const acquirer = { recipient: 'acquirer', name: 'Acquirer', recipientClass: 'acquirer' }
    expectWritten(await post('recipients:write', '/v1/recipients', acquirer))
    const proposal = {
      transfer: 'merger-1',
      title: 'The merger',
      transaction: 'merger',
      acquirer: 'acquirer',
      scope: { everything: true },
    }
    expectWritten(await post('transfers:write', url, proposal))
    const early = await post('transfers:write', `${url}/merger-1/execution`, {})
    expect(early.status).toBe(409)
    const scope = { scope: { kinds: ['prospect'] } }
    const scoped = await post('transfers:write', `${url}/merger-1/scope`, scope)
    expectWritten(scoped)
    expect(scoped.body.manifest).toMatchObject({ subjects: 1, items: 1 })
    const notice = {
      channel: 'site-notice',
      property: 'www.symphonycommerce.com',
      evidence: 'screenshot 1',
    }
    expectWritten(await post('transfers:write', `${url}/merger-1/notices`, notice))
    const override = { reason: 'told on the site', approver: 'counsel 1' }
    const executed = await post('transfers:write', `${url}/merger-1/execution`, { override })
    expectWritten(executed)
    expect(executed.body.manifest.digest).toMatch(/^[0-9a-f]{64}$/)
    const { body } = await get('transfers:read', `${url}/merger-1`)
    expect(body).toMatchObject({ status: 'executed', sitePosted: true })
  })

  it('is abandoned', async () => {
    const proposal = {
      transfer: 'sale-1',
      title: 'A sale',
      transaction: 'sale-of-assets',
      acquirer: 'acquirer',
      scope: { categories: ['user.contact.email'] },
    }
    expectWritten(await post('transfers:write', url, proposal))
    const reason = { reason: 'no agreement' }
    expectWritten(await post('transfers:write', `${url}/sale-1/abandonment`, reason))
    const { body } = await get('transfers:read', url)
    expect(body.rows).toHaveLength(2)
    expect((await get('transfers:read', `${url}/none`)).status).toBe(404)
  })
})

describe('a token', () => {
  it('is shown once, works until it is revoked, and not after', async () => {
    const token = { token: 'crm', role: 'source', label: 'the CRM' }
    const issued = await post('tokens:write', '/v1/tokens', token)
    expectWritten(issued)
    const headers = { authorization: `Bearer ${issued.body.secret}` }
    const status = () => api.ask({ url: '/v1/status', as: null, headers })
    expect((await status()).body).toMatchObject({ token: 'crm', role: 'source' })
    const again = await post('tokens:write', '/v1/tokens', token)
    expect(again.text).not.toContain(issued.body.secret)
    const reason = { reason: 'rotated' }
    expectWritten(await post('tokens:write', '/v1/tokens/crm/revocation', reason))
    expect((await status()).status).toBe(401)
    expect(api.log.join('')).not.toContain(issued.body.secret)
  })
})

describe('the lists', () => {
  it('of retention, deletions, promotional uses and counts answer as of a position', async () => {
    for (const [action, url] of [
      ['retention:read', '/v1/retention?dueBy=2030-01-01'],
      ['deletions:read', '/v1/deletions'],
      ['deletions:read', '/v1/residues?dueBy=2030-01-01'],
      ['audit:read', '/v1/promotional-uses'],
      ['audit:read', '/v1/audit/summary'],
      ['inventory:read', '/v1/inventory/summary'],
      ['inventory:read', '/v1/consents'],
      ['inventory:read', '/v1/disclosures'],
    ] as const) {
      const answer = await get(action, url)
      expect(answer.status, answer.text).toBe(200)
      expect(answer.body.asOf.position).toBeGreaterThanOrEqual(latest)
      const again = await get(
        action,
        `${url}${url.includes('?') ? '&' : '?'}position=${answer.body.asOf.position}`,
      )
      expect(again.text).toBe(answer.text)
    }
  })
})

describe('a report', () => {
  const { subject } = ann
  it('is whole, as documented, and the same bytes whenever it is asked at its position', async () => {
    for (const question of [
      { url: '/v1/reports/audit', as: as('audit:read') },
      { url: '/v1/reports/audit?from=2014-01-01&until=2030-01-01', as: as('audit:read') },
      { url: '/v1/reports/promotional-uses', as: as('audit:read') },
      { url: '/v1/reports/disclosures', as: as('audit:read') },
      { url: '/v1/reports/retention?day=2030-01-01', as: as('retention:read') },
      { url: '/v1/reports/transfers/merger-1?day=2026-01-01', as: as('transfers:read') },
    ]) {
      const first = await api.ask({ ...question, headers: { 'custody-wait-for': String(latest) } })
      expect(first.status, first.text).toBe(200)
      const report = ReportAnswer.parse(first.body)
      expect(String(report.position)).toBe(first.headers['custody-position'])
      const mark = question.url.includes('?') ? '&' : '?'
      const url = `${question.url}${mark}position=${report.position}`
      expect((await api.ask({ ...question, url })).text).toBe(first.text)
    }
  })

  it('on a person is asked for in a body, for a day that has been', async () => {
    const day = new Date(Date.now() - 86_400_000).toJSON().slice(0, 10)
    const report = await ask('/v1/reports/subjects', { subject, day })
    expect(report.status, report.text).toBe(200)
    expect(ReportAnswer.parse(report.body).kind).toBe('subject')
    expect(report.text).not.toContain('ann@example.org')
    const future = await ask('/v1/reports/subjects', { subject, day: '2999-01-01' })
    expect(future.body.errors).toMatchObject([{ in: 'body', field: 'day' }])
  })

  it('on a transfer that is not there is a 404', async () => {
    expect((await get('transfers:read', '/v1/reports/transfers/none')).status).toBe(404)
  })
})

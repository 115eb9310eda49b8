import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApi, prospect } from './harness.ts'

const api = await openApi({ limits: { waitMilliseconds: 200 } })
const positions: number[] = []
afterAll(() => api.close())
beforeAll(async () => {
  for (let number = 0; number < 5; number += 1) {
    const occurredAt = `201${5 + number}-01-01T00:00:00.000Z`
    const body = prospect(`person-${number}@example.org`, { mode: 'observe', occurredAt })
    const answer = await api.ask({ method: 'POST', url: '/v1/acts', body })
    positions.push(answer.body.position)
  }
  await api.stack.custody.caughtUp()
})

const rows = async (search: string) => {
  const answer = await api.ask({ url: `/v1/inventory?${search}` })
  expect(answer.status, answer.text).toBe(200)
  return answer.body
}

describe('as of (N3)', () => {
  it('nothing said: the present position, which is stated', async () => {
    const { asOf, rows: all } = await rows('')
    expect(asOf).toEqual({ kind: 'recorded', position: await api.head(), moment: null })
    expect(all).toHaveLength(5)
  })

  it('a position: what was known there', async () => {
    const { asOf, rows: known } = await rows(`asOf=${positions[2]}`)
    expect(asOf.position).toBe(positions[2])
    expect(known).toHaveLength(3)
    expect(await rows(`position=${positions[2]}`)).toEqual({ asOf, rows: known, next: null })
  })

  it('an instant, as recorded: what the ledger had written by then', async () => {
    const { asOf, rows: known } = await rows('asOf=2015-06-01T00:00:00.000Z')
    expect(asOf).toMatchObject({ kind: 'recorded', moment: null })
    expect(known).toHaveLength(0)
  })

  it('an instant, as occurred: what was held in the world then, by what is known now', async () => {
    const moment = '2017-06-01T00:00:00.000Z'
    const { asOf, rows: held } = await rows(`asOf=${moment}&asOfKind=occurred`)
    expect(asOf).toMatchObject({ kind: 'occurred', position: await api.head(), moment })
    expect(held).toHaveLength(3)
    const then = await rows(`asOf=${moment}&asOfKind=occurred&position=${positions[0]}`)
    expect(then.rows).toHaveLength(1)
  })

  it('what contradicts itself, or has not come, is refused by name', async () => {
    for (const [search, field] of [
      ['asOf=2999-01-01T00:00:00.000Z', 'asOf'],
      ['asOfKind=occurred', 'asOf'],
      ['asOf=3&asOfKind=occurred', 'asOf'],
      ['asOf=3&position=3', 'position'],
      ['asOf=yesterday', 'asOf'],
      ['position=99999999999999999', 'position'],
      ['limit=0', 'limit'],
      ['limit=1001', 'limit'],
      ['limit=1&limit=2', 'limit'],
    ]) {
      const answer = await api.ask({ url: `/v1/inventory?${search}` })
      expect(answer.status, search).toBe(400)
      expect(answer.body.errors[0], search).toMatchObject({ in: 'query', field })
    }
  })
})

describe('paging', () => {
  it('gives every row once, all of one time, though more is written meanwhile', async () => {
    const whole = await rows('')
    const seen: unknown[] = []
    let cursor = ''
    for (let page = 0; page < 3; page += 1) {
      const { asOf, rows: some, next } = await rows(`limit=2${cursor}`)
      expect(asOf).toEqual(whole.asOf)
      seen.push(...some)
      expect(next === null).toBe(page === 2)
      cursor = `&cursor=${next}`
      const late = prospect(`late-${page}@example.org`)
      await api.ask({ method: 'POST', url: '/v1/acts', body: late })
      await api.stack.custody.caughtUp()
    }
    expect(seen).toEqual(whole.rows)
  })

  it('has cursors that say nothing, and serve one question of one controller', async () => {
    const { next, rows: some } = await rows('limit=2')
    const clear = Buffer.from(next, 'base64url').toString('latin1')
    for (const { subject } of some) expect(clear).not.toContain(subject)
    const others = [
      { url: `/v1/inventory?limit=2&kind=prospect&cursor=${next}` },
      { url: `/v1/inventory?limit=2&position=${positions[1]}&cursor=${next}` },
      { url: `/v1/consents?cursor=${next}` },
      { url: `/v1/inventory?cursor=${next}`, as: 'stranger' as const },
      { url: `/v1/inventory?cursor=${next.slice(0, -2)}AA` },
      { url: '/v1/inventory?cursor=AAAA' },
    ]
    for (const question of others) {
      const answer = await api.ask(question)
      expect(answer.status, question.url).toBe(400)
      expect(answer.body.errors).toMatchObject([{ in: 'query', field: 'cursor' }])
    }
  })

  it('works the same for questions in a body', async () => {
    const identifiers = [{ scheme: 'email', value: 'person-1@example.org' }]
    for (const purpose of ['a', 'b']) {
      const body = prospect('person-1@example.org', { mode: 'observe', voluntaryAct: purpose })
      await api.ask({ method: 'POST', url: '/v1/acts', body })
    }
    await api.stack.custody.caughtUp()
    const question = { subject: { identifiers }, limit: 1 }
    const url = '/v1/subjects/audit'
    const first = await api.ask({ method: 'POST', url, body: question })
    const cursor = first.body.next
    const second = await api.ask({ method: 'POST', url, body: { ...question, cursor } })
    expect(first.body.rows[0].position).toBeLessThan(second.body.rows[0].position)
  })
})

describe('waiting', () => {
  it('shows a write to whoever names its position', async () => {
    for (let number = 0; number < 10; number += 1) {
      const body = prospect(`waited-${number}@example.org`)
      const { headers } = await api.ask({ method: 'POST', url: '/v1/acts', body })
      const wait = { 'custody-wait-for': String(headers['custody-position']) }
      const identifiers = [{ scheme: 'email', value: `waited-${number}@example.org` }]
      const url = '/v1/subjects/inventory'
      const seen = await api.ask({
        method: 'POST',
        url,
        body: { subject: { identifiers } },
        headers: wait,
      })
      expect(seen.body.rows).toHaveLength(1)
    }
  })

  it('ends with a 503 that says when to ask again', async () => {
    const answers = await Promise.all([
      api.ask({ url: '/v1/audit', headers: { 'custody-wait-for': '999999999' } }),
      api.ask({ url: '/v1/audit?position=999999999' }),
    ])
    for (const answer of answers) {
      expect(answer.status).toBe(503)
      expect(answer.body.type).toBe('urn:custody:problem:views_behind')
      expect(answer.headers['retry-after']).toBe('1')
    }
  })

  it('for what is no position is refused by name', async () => {
    const answer = await api.ask({ url: '/v1/audit', headers: { 'custody-wait-for': 'later' } })
    expect(answer.body.errors).toMatchObject([{ in: 'header', field: 'Custody-Wait-For' }])
  })
})

it('shows nothing of one controller to another (S45)', async () => {
  const lists = api.app.routeEntries.filter(({ method, url }) => {
    return method === 'GET' && url.startsWith('/v1/') && !url.includes(':')
  })
  expect(lists.length).toBeGreaterThan(10)
  const { rows: held } = await rows('')
  for (const { url } of lists) {
    const { body, text } = await api.ask({ url, as: 'stranger' })
    for (const { subject } of held) expect(text, url).not.toContain(subject)
    if (url === '/v1/status') expect(body).toMatchObject({ controller: 'acme-store', subjects: 0 })
    else if (url.startsWith('/v1/audit'))
      expect(text).not.toMatch(/symphony-commerce|DataCollected/)
    else if (/^\/v1\/(?:checkpoint|proofs)/.test(url))
      expect(text).not.toContain('symphony-commerce')
    else if (url.startsWith('/v1/reports/'))
      expect(Object.values(body.tables).flat(), url).toEqual([])
    else expect(body.rows, url).toEqual([])
  }
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { erase, someone } from '../jobs/downstream.ts'
import { openApi, type Harness, type Json } from './harness.ts'

const url = 'https://hooks.mailworks.example/custody'
const topics = ['person.erased', 'data.deleted']
let api: Harness
beforeAll(async () => {
  api = await openApi()
  const body = { recipient: 'mailworks', name: 'Mailworks', recipientClass: 'email-processor' }
  await post('/v1/recipients', body)
})
afterAll(() => api.close())

const post = (path: string, body?: Json, as: 'officer' | 'admin' | 'stranger' = 'officer') =>
  api.ask({ method: 'POST', url: path, as, body, headers: { 'content-type': 'application/json' } })
const get = async (path: string) => {
  await api.stack.custody.caughtUp()
  return api.ask({ url: path })
}

describe('an endpoint', () => {
  it('is registered by an officer or an admin, who is shown its secret once', async () => {
    const first = await post('/v1/recipients/mailworks/endpoint', { url, topics })
    expect(first.status).toBe(201)
    expect(first.body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(first.body.events).toMatchObject([{ type: 'EndpointRegistered' }])
    const again = await post('/v1/recipients/mailworks/endpoint', { url, topics }, 'admin')
    expect([again.status, again.body.secret]).toEqual([200, null])
    const rotated = await post('/v1/recipients/mailworks/endpoint/rotation', undefined, 'admin')
    expect(rotated.status).toBe(201)
    expect(rotated.body.secret).toMatch(/^whsec_/)
    expect(rotated.body.secret).not.toBe(first.body.secret)
    const { body } = await get('/v1/endpoints')
    expect(body.rows).toMatchObject([
      { downstream: { kind: 'recipient', id: 'mailworks' }, url, generation: 2, before: 1 },
    ])
    expect(JSON.stringify(body)).not.toContain('whsec_')
    expect(api.log.join('')).not.toContain('whsec_')
  })

  it('of a source system is registered, changed and removed', async () => {
    const path = '/v1/sources/crm/endpoint'
    expect((await post(`${path}/rotation`)).body.type).toBe('urn:custody:problem:not_found')
    expect((await post(path, { url, topics })).status).toBe(201)
    expect((await post(`${path}/removal`, { reason: 'replaced' })).status).toBe(201)
    expect((await post(`${path}/removal`, { reason: 'replaced' })).status).toBe(200)
    const { body } = await get('/v1/endpoints')
    expect(body.rows.at(-1)).toMatchObject({ downstream: { kind: 'source' }, removed: true })
  })

  it('is refused where Custody may not post, and the field named', async () => {
    const before = await api.head()
    for (const bad of [
      'http://hooks.mailworks.example/custody',
      'https://hooks.mailworks.example:8443/custody',
      'https://127.0.0.1/custody',
      'https://10.0.0.1/',
      'https://169.254.169.254/latest/meta-data/',
      'https://[::1]/',
      'https://ann:secret@hooks.mailworks.example/',
      'https://hooks.mailworks.example/?person=ann',
    ]) {
      const answer = await post('/v1/recipients/mailworks/endpoint', { url: bad, topics })
      expect(answer.status, bad).toBe(400)
      expect(answer.body.errors[0]).toMatchObject({ in: 'body', field: 'url' })
      expect(answer.text).not.toContain('ann')
    }
    expect(await api.head()).toBe(before)
  })

  it('of a recipient that is not registered is refused', async () => {
    const answer = await post('/v1/recipients/nobody/endpoint', { url, topics })
    expect([answer.status, answer.body.type]).toEqual([404, 'urn:custody:problem:not_found'])
  })
})

describe('what downstream systems are told', () => {
  it('is listed with since when it is outstanding, in pages, as of any position', async () => {
    for (const name of ['ann', 'ben', 'cas']) {
      await erase(api.stack, await someone(api.stack, name))
    }
    const path = '/v1/notifications?status=outstanding&downstream=recipient/mailworks'
    const { body } = await get(`${path}&topic=person.erased`)
    expect(body.rows).toHaveLength(3)
    expect(body.rows[0]).toMatchObject({
      topic: 'person.erased',
      downstream: { kind: 'recipient', id: 'mailworks' },
      status: 'outstanding',
      attempts: 0,
      since: expect.stringMatching(/Z$/),
      categories: ['user.contact.email'],
    })
    const first = await get(`${path}&topic=person.erased&limit=2`)
    expect(first.body.rows).toEqual(body.rows.slice(0, 2))
    const next = `${path}&topic=person.erased&limit=2&cursor=${first.body.next}`
    expect((await get(next)).body.rows).toEqual(body.rows.slice(2))
    expect((await get(`${path}&position=1`)).body.rows).toEqual([])
    expect((await get('/v1/notifications?downstream=source/crm')).body.rows).toEqual([])
    expect((await get('/v1/notifications?status=confirmed')).body.rows).toEqual([])
    const stranger = await api.ask({ url: '/v1/notifications', as: 'stranger' })
    expect(stranger.body.rows).toEqual([])
  })

  it('is tried again when an officer says so, and not when there is no such message', async () => {
    const { rows } = (await get('/v1/notifications')).body
    const { notification } = rows[0]
    const retry = `/v1/notifications/${notification}/retry`
    const due = await post(retry, { reason: 'now' })
    expect([due.status, due.body.events]).toEqual([200, []])
    for (const [path, as] of [
      [`/v1/notifications/msg-${'0'.repeat(32)}/retry`, 'officer'],
      [retry, 'stranger'],
    ] as const) {
      const answer = await post(path, { reason: 'now' }, as)
      expect([answer.status, answer.body.type]).toEqual([404, 'urn:custody:problem:not_found'])
    }
  })
})

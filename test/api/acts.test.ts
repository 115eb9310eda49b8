import { afterAll, describe, expect, it } from 'vitest'
import { openApi, prospect } from './harness.ts'

const api = await openApi()
afterAll(() => api.close())

const act = (body: unknown, headers: Record<string, string> = {}) =>
  api.ask({ method: 'POST', url: '/v1/acts', as: 'source', body, headers })

describe('an act', () => {
  it('that the policy permits is recorded, and says where', async () => {
    const answer = await act(prospect('ann@example.org'))
    expect(answer.status).toBe(201)
    expect(answer.body).toMatchObject({ outcome: 'recorded', repeated: false, flagged: [] })
    expect(answer.body.events.map(({ type }: { type: string }) => type)).toEqual(['DataCollected'])
    expect(answer.headers['custody-position']).toBe(String(answer.body.position))
    expect(await api.head()).toBe(answer.body.position)
  })

  it('that the policy forbids is a 403 that names the promise, and an event', async () => {
    const values = { 'user.purchase.history': { order: '4111111111111111' } }
    const answer = await act(prospect('bea@example.org', { values }))
    expect(answer.status).toBe(403)
    expect(answer.body.type).toMatch(/^urn:custody:problem:/)
    const [refusal] = answer.body.refusals
    expect(answer.body.type).toBe(`urn:custody:problem:${refusal.code}`)
    expect(answer.body.detail).toBe(refusal.explanation)
    expect(refusal.obligation).toMatch(/^S\d+$/)
    expect(answer.headers['custody-position']).toBe(String(answer.body.position))
    expect(answer.text).not.toContain('4111111111111111')
    const trail = await api.ask({
      url: '/v1/audit?outcome=refused',
      headers: { 'custody-wait-for': String(answer.body.position) },
    })
    expect(trail.body.rows.at(-1)).toMatchObject({ type: 'ActRefused', code: refusal.code })
  })

  it('that was observed although it is forbidden is recorded, and flagged', async () => {
    const occurredAt = '2015-03-01T10:00:00.000Z'
    const answer = await act(
      prospect('cid@example.org', { mode: 'observe', occurredAt, selfIdentified: false }),
    )
    expect(answer.status).toBe(201)
    expect(answer.body.flagged[0]).toMatchObject({ code: 'not_self_identified' })
  })

  it('cannot be observed before it happens', async () => {
    const occurredAt = '2999-01-01T00:00:00.000Z'
    const answer = await act(prospect('dan@example.org', { mode: 'observe', occurredAt }))
    expect(answer.status).toBe(400)
    expect(answer.body.errors).toEqual([
      { in: 'body', field: 'occurredAt', rule: 'must not be in the future' },
    ])
  })

  it('that is asked for happens when it is asked: it has no time of its own', async () => {
    const answer = await act(
      prospect('dan@example.org', { occurredAt: '2015-01-01T00:00:00.000Z' }),
    )
    expect(answer.status).toBe(400)
    expect(answer.body.errors[0].field).toBe('occurredAt')
  })
})

describe('an Idempotency-Key', () => {
  it('gives the first answer again, and records nothing again', async () => {
    const key = { 'idempotency-key': 'order-1' }
    const first = await act(prospect('eve@example.org'), key)
    const head = await api.head()
    const second = await act(prospect('eve@example.org'), key)
    expect(first.status).toBe(201)
    expect(first.headers['idempotency-replayed']).toBeUndefined()
    expect(second.status).toBe(200)
    expect(second.headers['idempotency-replayed']).toBe('true')
    expect(second.body.events).toEqual(first.body.events)
    expect(await api.head()).toBe(head)
  })

  it('gives a refusal again, too', async () => {
    const key = { 'idempotency-key': 'order-2' }
    const first = await act(prospect('fay@example.org', { selfIdentified: false }), key)
    const head = await api.head()
    const second = await act(prospect('fay@example.org', { selfIdentified: false }), key)
    expect([first.status, second.status]).toEqual([403, 403])
    expect(second.headers['idempotency-replayed']).toBe('true')
    expect(second.body.refusals).toEqual(first.body.refusals)
    expect(await api.head()).toBe(head)
  })

  it('with another body is refused', async () => {
    const key = { 'idempotency-key': 'order-3' }
    await act(prospect('gus@example.org'), key)
    await api.stack.custody.caughtUp()
    const head = await api.head()
    const more = { voluntaryAct: 'contact form' }
    for (const body of [prospect('hal@example.org'), prospect('gus@example.org', more)]) {
      const other = await act(body, key)
      expect(other.status).toBe(422)
      expect(other.body.type).toBe('urn:custody:problem:idempotency_key_reused')
    }
    expect(await api.head()).toBe(head)
  })

  it('that is empty, too long or not ASCII is refused by name', async () => {
    for (const key of ['', 'x'.repeat(256), 'two words', 'schlüssel']) {
      const answer = await act(prospect('ida@example.org'), { 'idempotency-key': key })
      expect(answer.status, key).toBe(400)
      expect(answer.body.errors[0]).toMatchObject({ in: 'header', field: 'Idempotency-Key' })
    }
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApi, type Harness } from './harness.ts'

let api: Harness
beforeAll(async () => {
  api = await openApi()
}, 120_000)
afterAll(() => api.close())

const figure = (text: string, name: string) =>
  Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1])

describe('GET /metrics', () => {
  it('tells what was refused, signed and is to be done, and no pseudonym', async () => {
    const subject = { identifiers: [{ scheme: 'email', value: 'ann@example.org' }] }
    const asked = await api.ask({
      method: 'POST',
      url: '/v1/acts',
      as: 'source',
      body: {
        ...{ type: 'use', mode: 'enforce', source: 'shop', subject },
        ...{ property: 'www.symphonycommerce.com', purpose: 'promotional-mail' },
        ...{ categories: ['user.contact.email'], optOutOffered: true },
      },
    })
    expect(asked.status).toBe(404)
    await api.stack.custody.caughtUp()
    const before = await api.ask({ url: '/metrics', as: 'auditor' })
    expect(before.status).toBe(200)
    expect(String(before.headers['content-type'])).toMatch(/^text\/plain/)
    expect(before.text).toContain('code="subject_unknown",outcome="refused"} 1')
    expect(figure(before.text, 'custody_projection_lag_events')).toBe(0)
    expect(figure(before.text, 'custody_events_signed')).toBe(0)
    expect(before.text).not.toMatch(/[0-9a-f]{32}/)

    const signed = await api.ask({ method: 'POST', url: '/v1/checkpoint', as: 'auditor' })
    expect(signed.status, signed.text).toBeLessThan(300)
    const after = await api.ask({ url: '/metrics', as: 'admin' })
    expect(figure(after.text, 'custody_events_signed')).toBeGreaterThan(3)
    expect(figure(after.text, 'custody_checkpoint_age_seconds')).toBeLessThan(60)
  })

  it('is of the controller that the token is bound to', async () => {
    const own = await api.ask({ url: '/metrics', as: 'stranger' })
    expect(own.status).toBe(200)
    expect(own.text).not.toContain('symphony-commerce')
    expect((await api.ask({ url: '/metrics', as: null })).status).toBe(401)
    expect((await api.ask({ url: '/metrics', as: 'source' })).status).toBe(403)
  })
})

import { connect, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Health } from '../../src/api/deps.ts'
import { createLogger } from '../../src/api/logging.ts'
import { openApi, prospect } from './harness.ts'

const well = { answers: true, milliseconds: 1, why: null }
const ill = { answers: false, milliseconds: 2_000, why: 'no answer within 2000 ms' }
let health: Health = {
  ledger: { ...well, store: 'sqlite', position: null },
  vault: { ...well, store: 'sqlite' },
  views: { answers: true, position: null, behindEvents: 0, behindSeconds: 0, troubled: false },
  notary: { ...well, checkpointAgeSeconds: null },
}
const api = await openApi({
  health: async () => health,
  limits: { readyBehindEvents: 10, readyBehindSeconds: 5 },
})
let port: number
beforeAll(async () => {
  await api.app.listen({ port: 0, host: '127.0.0.1' })
  port = (api.app.server.address() as AddressInfo).port
})
afterAll(() => api.close())

describe('health', () => {
  it('is told to whoever asks', async () => {
    expect((await api.ask({ url: '/healthz', as: null })).body).toEqual({ alive: true })
    const ready = await api.ask({ url: '/readyz', as: null })
    expect([ready.status, ready.body.ready]).toEqual([200, true])
  })

  it('is not ready while a store does not answer, or the views are far behind', async () => {
    const before = health
    const { ledger, vault, views, notary } = before
    const cases: [Partial<Health>, string][] = [
      [{ ledger: { ...ledger, ...ill } }, 'ledger: no answer within 2000 ms'],
      [{ vault: { ...vault, ...ill } }, 'vault: no answer within 2000 ms'],
      [{ notary: { ...notary, ...ill } }, 'notary: no answer within 2000 ms'],
      [{ views: { ...views, answers: false } }, 'views: they cannot be read'],
      [
        { views: { ...views, behindEvents: 11, troubled: true } },
        'views: 11 events and 0 s behind, and could not go on; the log says why',
      ],
      [
        { views: { ...views, behindEvents: 1, behindSeconds: 6 } },
        'views: 1 events and 6 s behind',
      ],
      [{ views: { ...views, behindEvents: null } }, 'views: how far behind is not known'],
    ]
    for (const [sick, reason] of cases) {
      health = { ...before, ...sick }
      const answer = await api.ask({ url: '/readyz', as: null })
      expect([answer.status, answer.body.ready]).toEqual([503, false])
      expect(answer.body.reasons).toEqual([reason])
    }
    health = before
  })
})

describe('methods', () => {
  it('HEAD is GET without a body, OPTIONS says what there is', async () => {
    const head = await api.ask({ method: 'HEAD', url: '/v1/status' })
    expect([head.status, head.text]).toEqual([200, ''])
    const options = await api.ask({ method: 'OPTIONS', url: '/v1/holds', as: null })
    expect([options.status, options.headers['allow']]).toEqual([204, 'GET, HEAD, POST, OPTIONS'])
    expect((await api.ask({ method: 'OPTIONS', url: '/nowhere', as: null })).status).toBe(404)
  })
})

describe('what is not HTTP, or too much of it', () => {
  const say = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(text))
      let heard = ''
      socket.setEncoding('utf8')
      socket.on('data', (part) => (heard += String(part)))
      socket.on('close', () => resolve(heard))
      socket.on('error', reject)
    })

  it('is answered by a problem, too', async () => {
    expect(await say('planted.person@example.org\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 [^]*bad_request/,
    )
    const long = `GET /v1/status HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`
    expect(await say(long)).toMatch(/^HTTP\/1\.1 431 [^]*headers_too_large/)
  })

  it('a body without a length is cut off at the limit', async () => {
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
    const request =
      `POST /v1/acts HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${api.tokens.source}\r\n` +
      `content-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n`
    const answer = await say(request + chunk.repeat(20) + '0\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 413 [^]*body_too_large/)
  })

  it('a body in an encoding is a 415', async () => {
    const answer = await api.ask({
      method: 'POST',
      url: '/v1/acts',
      body: prospect('a@example.org'),
      headers: { 'content-encoding': 'gzip' },
    })
    expect(answer.body.type).toBe('urn:custody:problem:media_type_not_supported')
  })

  it('an Accept header is read as it is meant', async () => {
    const status = async (accept: string) =>
      (await api.ask({ url: '/v1/status', headers: { accept } })).status
    expect(await status('application/json')).toBe(200)
    expect(await status('text/html, application/*;q=0.5')).toBe(200)
    expect(await status('text/html, */*;q=0.1')).toBe(200)
    expect(await status('application/json;q=0, */*')).toBe(406)
    expect(await status('text/html')).toBe(406)
  })

  it('a path that is not well formed, or too long, is a problem that does not quote it', async () => {
    for (const url of ['/v1/%zz-planted', `/v1/requests/${'planted'.repeat(40)}`, '/planted?a=b']) {
      const answer = await api.ask({ url })
      expect([400, 404, 414]).toContain(answer.status)
      expect(answer.headers['content-type']).toMatch(/problem/)
      expect(answer.text).not.toContain('planted')
    }
  })
})

describe('the log', () => {
  it('goes to standard output unless it is told where, and can be left out', () => {
    expect(createLogger({ level: 'info' }).isLevelEnabled('info')).toBe(true)
    expect(createLogger(false).isLevelEnabled('fatal')).toBe(false)
  })

  it('has one line for each request, of listed fields only', async () => {
    const before = api.log.length
    const { body } = await api.ask({
      method: 'POST',
      url: '/v1/acts?planted=1',
      as: 'source',
      body: prospect('planted.person@example.org'),
      headers: { 'user-agent': 'planted', 'idempotency-key': 'planted', referer: 'planted' },
    })
    expect(body.outcome).toBe('recorded')
    const lines = api.log.slice(before).map((line) => JSON.parse(line))
    expect(lines).toEqual([
      {
        level: 30,
        time: expect.any(Number),
        request: expect.stringMatching(/^[0-9a-f-]{36}$/),
        method: 'POST',
        route: '/v1/acts',
        status: 201,
        milliseconds: expect.any(Number),
        controller: 'symphony-commerce',
        role: 'source',
        token: 'source-token',
      },
    ])
  })

  it('holds nothing of a person, whatever is asked, found or wrong', async () => {
    const identifiers = [{ scheme: 'email', value: 'planted.person@example.org' }]
    const subject = { identifiers }
    const before = api.log.length
    await api.stack.custody.caughtUp()
    for (const url of ['find', 'inventory', 'consents', 'disclosures', 'audit']) {
      const answer = await api.ask({
        method: 'POST',
        url: `/v1/subjects/${url}`,
        body: { subject },
      })
      expect(answer.status).toBe(200)
    }
    await api.ask({
      method: 'POST',
      url: '/v1/subjects/export',
      body: { subject, reason: 'inspection' },
    })
    await api.ask({ method: 'POST', url: '/v1/acts', body: '{"planted.person@example.org' })
    await api.ask({ method: 'POST', url: '/v1/acts', body: { 'planted.person@example.org': 1 } })
    await api.ask({ url: '/v1/audit?planted.person@example.org=1' })
    await api.ask({ url: '/v1/requests/planted.person@example.org' })
    await api.ask({ url: '/planted.person@example.org' })
    const [pseudonym] = (
      await api.ask({ method: 'POST', url: '/v1/subjects/find', body: { subject } })
    ).text.match(/[0-9a-f]{32}/)!
    const log = api.log.slice(before).join('')
    expect(api.log.length - before).toBe(12)
    expect(log).not.toContain('planted')
    expect(log).not.toContain(pseudonym)
    for (const token of Object.values(api.tokens)) expect(log).not.toContain(token)
  })

  it('of an error that quotes what it could not read keeps the place, not the quote', async () => {
    const faulty = await openApi({
      policy: false,
      health: () => {
        JSON.parse('{"planted.person@example.org')
        throw new Error('unreachable')
      },
    })
    const answer = await faulty.ask({ url: '/readyz', as: null })
    expect(answer.body).toMatchObject({
      status: 500,
      type: 'urn:custody:problem:internal_error',
    })
    const log = faulty.log.join('')
    expect(log).toContain('"type":"SyntaxError"')
    expect(log).toContain('service.test')
    expect(log).not.toContain('planted')
    await faulty.close()
  })
})

it('lets an open request end before it closes', async () => {
  const closing = await openApi()
  await closing.app.listen({ port: 0, host: '127.0.0.1' })
  const { port: other } = closing.app.server.address() as AddressInfo
  const begun = new Promise((resolve) => closing.app.server.once('request', resolve))
  const answer = fetch(`http://127.0.0.1:${other}/v1/acts`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${closing.tokens.source}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(prospect('last@example.org')),
  })
  await begun
  const [{ status }] = await Promise.all([answer, closing.app.close()])
  expect(status).toBe(201)
  await closing.close()
})

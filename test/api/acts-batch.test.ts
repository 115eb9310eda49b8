import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LogUnavailable } from '../../src/ledger/event-log.ts'
import { openApi, outcomesOf, prospect, type Harness } from './harness.ts'

const api: Harness = await openApi({ limits: { lineBytes: 4096 } })
let port: number
beforeAll(async () => {
  await api.app.listen({ port: 0, host: '127.0.0.1' })
  port = (api.app.server.address() as AddressInfo).port
})
afterAll(() => api.close())

const batch = (body: string | Buffer, headers: Record<string, string> = {}) =>
  api.ask({
    method: 'POST',
    url: '/v1/acts/batch',
    as: 'source',
    body,
    headers: { 'content-type': 'application/x-ndjson', ...headers },
  })
const line = (value: unknown) => `${JSON.stringify(value)}\n`

describe('a batch', () => {
  it('answers each line with its own outcome, in order', async () => {
    const answer = await batch(
      line(prospect('a1@example.org')) +
        line(prospect('a2@example.org', { selfIdentified: false })) +
        line(prospect('a3@example.org', { kind: 7 })) +
        line(prospect('a4@example.org', { key: 'k-1' })) +
        line(prospect('a4@example.org', { key: 'k-1' })) +
        line(prospect('a4@example.org', { key: 'k-1', voluntaryAct: 'form' })),
    )
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('application/x-ndjson')
    const outcomes = outcomesOf(answer)
    expect(outcomes.map(({ line, outcome }) => [line, outcome])).toEqual([
      [1, 'recorded'],
      [2, 'refused'],
      [3, 'invalid'],
      [4, 'recorded'],
      [5, 'recorded'],
      [6, 'invalid'],
    ])
    expect(outcomes[1].problem.refusals[0].code).toBe('not_self_identified')
    expect(outcomes[2].problem.errors).toEqual([
      { in: 'body', field: 'kind', rule: 'must be text' },
    ])
    expect(outcomes[4]).toMatchObject({ repeated: true, events: outcomes[3].events })
    expect(outcomes[5].problem.type).toBe('urn:custody:problem:idempotency_key_reused')
  })

  it('under a key can be sent again whole, and records nothing again', async () => {
    const body = line(prospect('b1@example.org')) + line(prospect('b2@example.org'))
    const first = outcomesOf(await batch(body, { 'idempotency-key': 'upload-1' }))
    const head = await api.head()
    const second = outcomesOf(await batch(body, { 'idempotency-key': 'upload-1' }))
    expect(first.map(({ repeated }) => repeated)).toEqual([false, false])
    expect(second.map(({ repeated }) => repeated)).toEqual([true, true])
    expect(second.map(({ events }) => events)).toEqual(first.map(({ events }) => events))
    expect(await api.head()).toBe(head)
  })

  it('refuses lines that are too long, and not text, one by one', async () => {
    const long = line(prospect('c1@example.org', { voluntaryAct: 'x'.repeat(5000) }))
    const answer = await batch(
      Buffer.concat([
        Buffer.from(long + '\r\n  \n'),
        Buffer.from([0xff, 0xfe, 0x0a]),
        Buffer.from(line(prospect('c2@example.org')).replace('\n', '\r\n')),
        Buffer.from(long.trim()),
      ]),
    )
    expect(
      outcomesOf(answer).map(({ line, outcome, problem }) => [line, outcome, problem?.type]),
    ).toEqual([
      [1, 'invalid', 'urn:custody:problem:body_too_large'],
      [4, 'invalid', 'urn:custody:problem:invalid_json'],
      [5, 'recorded', undefined],
      [6, 'invalid', 'urn:custody:problem:body_too_large'],
    ])
  })

  it('of nothing answers nothing', async () => {
    const answer = await batch('')
    expect([answer.status, answer.text]).toEqual([200, ''])
  })

  it('sends the outcome of a line while the next has not been sent', async () => {
    const { sending, answer } = open()
    sending.write(line(prospect('d1@example.org')))
    const outcomes = createInterface({ input: await answer })[Symbol.asyncIterator]()
    expect(JSON.parse((await outcomes.next()).value as string)).toMatchObject({ line: 1 })
    sending.write(line(prospect('d2@example.org')))
    expect(JSON.parse((await outcomes.next()).value as string)).toMatchObject({ line: 2 })
    sending.end()
    expect((await outcomes.next()).done).toBe(true)
  })

  it('may be larger than any other body, and is held in small parts', async () => {
    const { sending, answer } = open()
    const counted = answer.then(async (response) => {
      let recorded = 0
      for await (const text of createInterface({ input: response })) {
        if ((JSON.parse(text) as { outcome: string }).outcome === 'recorded') recorded += 1
      }
      return recorded
    })
    const filler = 'x'.repeat(3000)
    const lines = 4000
    for (let number = 0; number < lines; number += 1) {
      const values = { 'user.name': { name: filler } }
      const text = line(prospect(`e${number % 50}@example.org`, { values }))
      if (!sending.write(text)) await new Promise((resolve) => sending.once('drain', resolve))
    }
    sending.end()
    expect(await counted).toBe(lines)
  })

  it('whose sender goes away is recorded up to there, and harms nobody', async () => {
    const { sending, answer } = open()
    answer.catch(() => undefined)
    sending.write(line(prospect('f1@example.org')) + '{"type": "coll')
    await answer
    sending.destroy()
    const after = await batch(line(prospect('f2@example.org')))
    expect(outcomesOf(after)[0].outcome).toBe('recorded')
    expect(api.log.filter((text) => (JSON.parse(text) as { level: number }).level >= 50)).toEqual(
      [],
    )
  })
})

it('stops at a fault of the ledger, and says which lines it does not know of', async () => {
  const { services } = api.stack.custody
  const broken = await openApi({
    services: {
      ...services,
      recording: {
        record: () => Promise.reject(new Error('the disk is full')),
        recordAll: () => Promise.reject(new Error('the disk is full')),
      },
      access: { ...services.access },
    },
  })
  const { app } = broken
  const answer = await app.inject({
    method: 'POST',
    url: '/v1/acts/batch',
    headers: {
      authorization: `Bearer ${api.tokens.source}`,
      'content-type': 'application/x-ndjson',
    },
    payload: line(prospect('g1@example.org')) + '{\n' + line(prospect('g2@example.org')),
  })
  const outcomes = answer.body
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text))
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['failed', 'invalid', 'failed'])
  expect(outcomes[0].problem).toMatchObject({ status: 500 })
  expect(answer.body).not.toContain('disk')
  const one = await app.inject({
    method: 'POST',
    url: '/v1/acts',
    headers: { authorization: `Bearer ${api.tokens.source}` },
    payload: prospect('g3@example.org'),
  })
  expect(one.statusCode).toBe(500)
  expect(one.json()).toMatchObject({ type: 'urn:custody:problem:internal_error' })
  expect(one.body).not.toContain('disk')
  const instance = one.json<{ instance: string }>().instance.replace('urn:uuid:', '')
  const logged = broken.log.find((text) => text.includes('disk is full') && text.includes(instance))
  expect(logged).toBeDefined()
  await broken.close()
})

function open(): { sending: ClientRequest; answer: Promise<IncomingMessage> } {
  const sending = request({
    port,
    host: '127.0.0.1',
    method: 'POST',
    path: '/v1/acts/batch',
    headers: {
      authorization: `Bearer ${api.tokens.source}`,
      'content-type': 'application/x-ndjson',
    },
  })
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    sending.once('response', resolve)
    sending.once('error', reject)
  })
  return { sending, answer }
}

it('says of a store that is away that it is away, not that something is wrong', async () => {
  const { services } = api.stack.custody
  const away = () => Promise.reject(new LogUnavailable('no leader is known'))
  const { app, log } = await openApi({
    services: { ...services, recording: { record: away, recordAll: away } },
  })
  const headers = { authorization: `Bearer ${api.tokens.source}` }
  const one = await app.inject({
    ...{ method: 'POST', url: '/v1/acts', headers, payload: prospect('h1@example.org') },
  })
  expect(one.statusCode).toBe(503)
  expect(one.headers['retry-after']).toBe('1')
  expect(one.json()).toMatchObject({ type: 'urn:custody:problem:unavailable' })
  const many = await app.inject({
    ...{ method: 'POST', url: '/v1/acts/batch', payload: line(prospect('h2@example.org')) },
    headers: { ...headers, 'content-type': 'application/x-ndjson' },
  })
  const [outcome] = many.body.trim().split('\n')
  expect(JSON.parse(outcome!)).toMatchObject({
    outcome: 'failed',
    problem: { type: 'urn:custody:problem:unavailable', status: 503 },
  })
  expect(log.join('')).toContain('no leader is known')
  expect(one.body + many.body).not.toContain('leader')
})

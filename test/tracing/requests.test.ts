import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { prospect } from '../api/harness.ts'
import { from, only, openTraced, record, type Traced } from './traced.ts'

let traced: Traced
afterEach(() => traced.close())

const traceId = 'a3ce929d0e0e4736ab1bf0f30c4b8a51'
const above = '00f067aa0ba902b7'

/** A body whose parts are sent one after the other, with a pause between them. */
function slowly(parts: readonly string[]): ReadableStream<Uint8Array> {
  const left = parts.map((part) => Buffer.from(part))
  return new ReadableStream({
    async pull(controller) {
      await pause(20)
      const next = left.shift()
      if (next) controller.enqueue(next)
      else controller.close()
    },
  })
}

describe('a request', () => {
  it('is a span under its route, part of the caller’s trace, with what it led to below it', async () => {
    traced = await openTraced()
    const answer = await record(traced, prospect('ann@example.org'), {
      traceparent: `00-${traceId}-${above}-01`,
      tracestate: 'vendor=ann',
      baggage: 'who=ann',
    })
    expect(answer.statusCode, answer.body).toBe(201)
    const spans = (await traced.spans()).filter((span) => span.traceId === traceId)
    const request = only(spans, 'POST /v1/acts')
    expect(request).toMatchObject({
      parentSpanId: above,
      kind: 2,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/v1/acts',
        'http.response.status_code': 201,
      },
    })
    expect(request.traceState ?? '').toBe('')
    const recording = only(spans.filter(from(request)), 'recording')
    expect(recording.attributes).toMatchObject({ 'custody.lines': 1, 'custody.recorded': 1 })
    only(spans.filter(from(recording)), 'vault.identifyAll')
    const execute = only(spans.filter(from(recording)), 'ledger.execute')
    expect(execute.attributes).toMatchObject({
      'custody.stream.kind': 'subject',
      'custody.event.type': 'DataCollected',
      'custody.outcome': 'recorded',
      'custody.appends': 1,
      'custody.conflicts': 0,
    })
    only(spans.filter(from(execute)), 'vault.keysFor')
    const append = only(spans.filter(from(execute)), 'ledger.append')
    expect(append.attributes).toMatchObject({ 'custody.outcome': 'appended' })
    const line = traced.log.map((one) => JSON.parse(one)).find(({ route }) => route === '/v1/acts')
    expect(line.trace).toBe(traceId)
  })

  it('begins a trace of its own where none is named, and machines that look every second none', async () => {
    traced = await openTraced()
    const headers = { authorization: `Bearer ${traced.token}` }
    for (const url of ['/healthz', '/readyz', '/v1/status', '/nowhere/ann@example.org']) {
      await traced.app.inject({ method: 'GET', url, headers })
    }
    const spans = await traced.spans()
    const requests = spans.filter(({ kind }) => kind === 2)
    expect(requests.map(({ name }) => name)).toEqual(['GET /v1/status', 'GET'])
    for (const { parentSpanId } of requests) expect(parentSpanId ?? '').toBe('')
    expect(requests[1]!.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 404,
    })
  })

  it('whose batch streams in keeps its trace to the end, and counts the spans that it leaves out', async () => {
    traced = await openTraced({ deps: { limits: { chunkLines: 100 } } })
    await traced.app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = traced.app.server.address() as AddressInfo
    const lines = Array.from({ length: 500 }, (_, index) =>
      JSON.stringify(prospect(`person-${index}@example.org`)),
    )
    const answer = await fetch(`http://127.0.0.1:${port}/v1/acts/batch`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${traced.token}`,
        'content-type': 'application/x-ndjson',
        traceparent: `00-${traceId}-${above}-01`,
      },
      body: lines.join('\n'),
    })
    expect((await answer.text()).match(/"outcome":"recorded"/g)).toHaveLength(500)
    const spans = (await traced.spans()).filter((span) => span.traceId === traceId)
    const request = only(spans, 'POST /v1/acts/batch')
    const recorded = spans.filter(({ name }) => name === 'recording')
    const made = recorded.reduce(
      (sum, span) => sum + Number(span.attributes['custody.recorded']),
      0,
    )
    expect(made).toBeLessThanOrEqual(500)
    expect(recorded.length).toBeGreaterThan(0)
    for (const span of recorded) expect(span.parentSpanId).toBe(request.spanId)
    expect(spans).toHaveLength(201)
    expect(request.attributes['custody.spans_left_out']).toBeGreaterThan(500)
  })

  it('whose body comes in bit by bit is one trace all the same', async () => {
    traced = await openTraced({ deps: { limits: { chunkLines: 1 } } })
    await traced.app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = traced.app.server.address() as AddressInfo
    const send = (path: string, type: string, parts: readonly string[]) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${traced.token}`,
          'content-type': type,
          traceparent: `00-${traceId}-${above}-01`,
        },
        body: slowly(parts),
        duplex: 'half',
      } as RequestInit)
    const lines = [1, 2, 3, 4, 5].map(
      (person) => `${JSON.stringify(prospect(`person-${person}@example.org`))}\n`,
    )
    const batch = await send('/v1/acts/batch', 'application/x-ndjson', lines)
    expect((await batch.text()).match(/"outcome":"recorded"/g)).toHaveLength(5)
    const text = JSON.stringify({
      ...{ matter: 'm-1', title: 'One', ground: 'legal-claim', document: 'Letter' },
      scope: { everything: true },
    })
    const placed = await send('/v1/holds', 'application/json', [text.slice(0, 20), text.slice(20)])
    expect(placed.status, await placed.text()).toBe(201)
    const all = await traced.spans()
    const recordings = all.filter(({ name }) => name === 'recording')
    expect(recordings).toHaveLength(5)
    const spans = all.filter((span) => span.traceId === traceId)
    expect(spans.filter(from(only(spans, 'POST /v1/acts/batch')))).toEqual(
      expect.arrayContaining(recordings),
    )
    const hold = spans.filter(from(only(spans, 'POST /v1/holds')))
    const step = only(hold, 'ledger.execute')
    expect(step.attributes['custody.stream.kind']).toBe('hold')
  })

  it('whose caller goes away before the end has no status, and is told as that', async () => {
    traced = await openTraced({ environment: { OTEL_BSP_SCHEDULE_DELAY: '50' } })
    await traced.app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = traced.app.server.address() as AddressInfo
    const gone = new AbortController()
    const lines = Array.from({ length: 1_000 }, () => `${JSON.stringify(prospect('ann@x.org'))}\n`)
    const answer = await fetch(`http://127.0.0.1:${port}/v1/acts/batch`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${traced.token}`,
        'content-type': 'application/x-ndjson',
        traceparent: `00-${traceId}-${above}-01`,
      },
      body: slowly(lines),
      duplex: 'half',
      signal: gone.signal,
    } as RequestInit)
    const read = answer.text()
    gone.abort()
    await expect(read).rejects.toThrow()
    const ended = () =>
      traced.collector.spans().filter(({ name }) => name === 'POST /v1/acts/batch')
    await expect.poll(ended, { timeout: 20_000 }).toHaveLength(1)
    const request = ended()[0]!
    expect(request.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/v1/acts/batch',
      'error.type': 'aborted',
    })
    expect(request.status).toEqual({ code: 2 })
  })

  it('that fails says so by the kind of its error, and never by its message', async () => {
    traced = await openTraced({ deps: { limits: { waitMilliseconds: 20 } } })
    const answer = await traced.app.inject({
      method: 'GET',
      url: '/v1/inventory?position=999999',
      headers: { authorization: `Bearer ${traced.token}` },
    })
    expect(answer.statusCode).toBe(503)
    const spans = await traced.spans()
    const request = only(spans, 'GET /v1/inventory')
    expect(request.status).toEqual({ code: 2 })
    expect(request.attributes['error.type']).toBe('server_error')
    const wait = only(spans.filter(from(request)), 'views.wait')
    expect(wait.attributes).toEqual({ 'error.type': 'ViewsBehind' })
    expect(wait.status).toEqual({ code: 2 })
    expect(spans.flatMap(({ events }) => events)).toEqual([])
  })
})

import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { streamName } from '../../src/domain/envelope.ts'
import { Reference } from '../../src/domain/values.ts'
import { newEventId } from '../../src/ledger/event-id.ts'
import { LogUnavailable, NO_STREAM } from '../../src/ledger/event-log.ts'
import { prospect } from '../api/harness.ts'
import { crm, erase, notify, register, someone } from '../jobs/downstream.ts'
import { openCollector, type CollectedSpan } from '../support/collector.ts'
import { MemoryEventLog } from '../support/memory-log.ts'
import { openReceiver, says } from '../support/receiver.ts'
import { symphony } from '../support/stack.ts'
import { openTraced, type Traced } from './traced.ts'

let traced: Traced
afterEach(() => traced.close())

const traceId = 'a3ce929d0e0e4736ab1bf0f30c4b8a51'
const above = '00f067aa0ba902b7'
const from = (one: CollectedSpan) => (two: CollectedSpan) => two.parentSpanId === one.spanId

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

function record(body: unknown, headers: Record<string, string> = {}) {
  return traced.app.inject({
    method: 'POST',
    url: '/v1/acts',
    headers: { authorization: `Bearer ${traced.token}`, ...headers },
    body: body as object,
  })
}

const only = (spans: readonly CollectedSpan[], name: string) => {
  const found = spans.filter((span) => span.name === name)
  expect(found, name).toHaveLength(1)
  return found[0]!
}

describe('a request', () => {
  it('is a span under its route, part of the caller’s trace, with what it led to below it', async () => {
    traced = await openTraced()
    const answer = await record(prospect('ann@example.org'), {
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

describe('what is done', () => {
  const hold = (title: string) => ({
    matter: Reference.parse('m-1'),
    title,
    ground: 'legal-claim' as const,
    scope: { everything: true } as const,
    document: 'Letter',
  })

  it('in one append for several has a link to each', async () => {
    traced = await openTraced()
    const { custody, caller } = traced.stack
    const { holds } = custody.services
    await Promise.all(['one', 'two', 'three'].map((title) => holds.place(caller, hold(title))))
    const spans = (await traced.spans()).filter(
      ({ attributes }) => attributes['custody.stream.kind'] === 'hold',
    )
    const commands = spans.filter(({ name }) => name === 'ledger.execute')
    expect(commands.map(({ attributes }) => attributes['custody.outcome'])).toEqual([
      'recorded',
      'refused',
      'refused',
    ])
    expect(commands[1]!.attributes['custody.refusal.code']).toBe('already_exists')
    expect(new Set(commands.map((span) => span.traceId)).size).toBe(3)
    const append = only(spans, 'ledger.append')
    expect(append.parentSpanId).toBe(commands[0]!.spanId)
    expect(append.attributes['custody.events']).toBe(3)
    expect(append.links.map(({ spanId }) => spanId)).toEqual([
      commands[1]!.spanId,
      commands[2]!.spanId,
    ])
  })

  it('against another node that was faster says how often it was tried', async () => {
    traced = await openTraced()
    const { stack } = traced
    await stack.custody.services.holds.place(stack.caller, hold('one'))
    const beside = await stack.openBeside()
    const step = { matter: Reference.parse('m-1'), reason: 'over' }
    await beside.custody.services.holds.release(beside.caller, step)
    await beside.close()
    await stack.custody.services.holds.place(stack.caller, hold('two'))
    const spans = (await traced.spans()).filter(
      ({ attributes }) => attributes['custody.stream.kind'] === 'hold',
    )
    const last = spans.filter(({ name }) => name === 'ledger.execute').at(-1)!
    expect(last.attributes).toMatchObject({ 'custody.appends': 2, 'custody.conflicts': 1 })
    const appends = spans.filter(from(last)).filter(({ name }) => name === 'ledger.append')
    expect(appends.map(({ attributes }) => attributes['custody.outcome'])).toEqual([
      'conflict',
      'appended',
    ])
  })

  it('for a deletion is one trace, step by step', async () => {
    traced = await openTraced()
    const subject = await someone(traced.stack, 'ann')
    await erase(traced.stack, subject)
    const spans = await traced.spans()
    const deletion = only(spans, 'deletion')
    expect(deletion.attributes).toMatchObject({ 'custody.outcome': 'deleted' })
    const steps = spans
      .filter(from(deletion))
      .map(({ name, attributes }) => [name, attributes['custody.event.type']].join(' ').trim())
      .filter((step) => !step.startsWith('ledger.load'))
    expect(steps).toEqual([
      'ledger.execute DeletionRequested',
      'vault.fence',
      'views.wait',
      'vault.destroySubject',
      'ledger.execute DataDeleted',
    ])
  })

  it('behind the scenes is seen: pages of the views, signing, a message to a system', async () => {
    const receiver = await openReceiver()
    receiver.answer(says(503))
    traced = await openTraced({ webhookAllow: `127.0.0.1:${receiver.port}` })
    const { stack } = traced
    await register(stack, crm, receiver.url)
    await erase(stack, await someone(stack, 'ann'))
    await stack.custody.caughtUp()
    await notify(stack.custody, stack.caller)
    await stack.custody.notary.checkpoint(symphony)
    await stack.custody.caughtUp()
    const events = (await stack.custody.log.readAll(0 as never, 1_000)).length
    const spans = await traced.spans()
    await receiver.close()
    const pages = spans.filter(({ name }) => name === 'views.page')
    const folded = pages.reduce(
      (sum, { attributes }) => sum + Number(attributes['custody.events']),
      0,
    )
    expect(folded).toBe(events)
    const signed = only(spans, 'notary.sign')
    expect(signed.attributes['custody.outcome']).toBe('signed')
    const append = only(spans.filter(from(signed)), 'ledger.append')
    expect(append.attributes['custody.stream.kind']).toBe('checkpoint')
    const delivery = only(spans, 'webhook.deliver')
    expect(delivery.attributes).toEqual({
      'custody.outcome': 'failed',
      'custody.delivery.fault': 'rejected',
      'custody.delivery.status_code': 503,
    })
  })

  it('and fails in the store is told by the name of the error', async () => {
    traced = await openTraced()
    const message = 'no room for ann@example.org'
    const broken = Object.assign(new MemoryEventLog(), {
      append: () => Promise.reject(new LogUnavailable(message)),
    })
    const log = traced.tracing.wrappers.log(broken)
    const records = [{ id: newEventId(), type: 'HoldPlaced', body: '{}' }]
    const stream = streamName('hold', symphony, 'broken')
    await expect(log.append(stream, NO_STREAM, records)).rejects.toThrow(message)
    const spans = await traced.spans()
    const failed = only(
      spans.filter(({ status }) => status.code === 2),
      'ledger.append',
    )
    expect(failed.attributes['error.type']).toBe('LogUnavailable')
    expect(failed.status).toEqual({ code: 2 })
    expect(traced.collector.bytes().includes('ann@example.org')).toBe(false)
  })
})

describe('the kit', () => {
  it('heeds the standard settings: name, attributes, sampler', async () => {
    traced = await openTraced({
      environment: { OTEL_SERVICE_NAME: 'node-a', OTEL_RESOURCE_ATTRIBUTES: 'zone=b' },
    })
    await traced.spans()
    expect(traced.collector.resource()).toMatchObject({ 'service.name': 'node-a', zone: 'b' })
    await traced.close()

    traced = await openTraced({ environment: { OTEL_TRACES_SAMPLER: 'always_off' } })
    expect((await record(prospect('ann@example.org'))).statusCode).toBe(201)
    expect(await traced.spans()).toEqual([])
  })

  it('whose collector is away holds nobody up, and counts what is lost', async () => {
    const collector = await openCollector()
    collector.answer(400)
    traced = await openTraced({ collector })
    expect((await record(prospect('ann@example.org'))).statusCode).toBe(201)
    expect(await traced.spans()).toEqual([])
    expect(traced.lost()).toBeGreaterThan(5)
  })

  it('whose collector cannot be reached is not waited for when the process ends', async () => {
    const collector = await openCollector()
    await collector.close()
    traced = await openTraced({ collector })
    expect((await record(prospect('ann@example.org'))).statusCode).toBe(201)
    const began = performance.now()
    await traced.tracing.close()
    expect(performance.now() - began).toBeLessThan(15_000)
  })
})

import { afterEach, describe, expect, it } from 'vitest'
import { streamName } from '../../src/domain/envelope.ts'
import { Reference } from '../../src/domain/values.ts'
import { newEventId } from '../../src/ledger/event-id.ts'
import { LogUnavailable, NO_STREAM } from '../../src/ledger/event-log.ts'
import { prospect } from '../api/harness.ts'
import { crm, erase, notify, register, someone } from '../jobs/downstream.ts'
import { openCollector } from '../support/collector.ts'
import { MemoryEventLog } from '../support/memory-log.ts'
import { openReceiver, says } from '../support/receiver.ts'
import { symphony } from '../support/stack.ts'
import { from, only, openTraced, record, type Traced } from './traced.ts'

let traced: Traced
afterEach(() => traced.close())

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
    expect((await record(traced, prospect('ann@example.org'))).statusCode).toBe(201)
    expect(await traced.spans()).toEqual([])
  })

  it('whose collector is away holds nobody up, and counts what is lost', async () => {
    const collector = await openCollector()
    collector.answer(400)
    traced = await openTraced({ collector })
    expect((await record(traced, prospect('ann@example.org'))).statusCode).toBe(201)
    expect(await traced.spans()).toEqual([])
    expect(traced.lost()).toBeGreaterThan(5)
  })

  it('whose collector cannot be reached is not waited for when the process ends', async () => {
    const collector = await openCollector()
    await collector.close()
    traced = await openTraced({ collector })
    expect((await record(traced, prospect('ann@example.org'))).statusCode).toBe(201)
    const began = performance.now()
    await traced.tracing.close()
    expect(performance.now() - began).toBeLessThan(15_000)
  })
})

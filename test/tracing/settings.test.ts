import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { allowedOnly, errorType, methodName } from '../../src/tracing/attributes.ts'
import { parentOf } from '../../src/tracing/requests.ts'
import { tracingSettings } from '../../src/tracing/settings.ts'
import { LogUnavailable } from '../../src/ledger/event-log.ts'

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }

describe('traces', () => {
  it('are off unless an endpoint is named, and where the standard says so', () => {
    for (const environment of [
      {},
      { OTEL_SERVICE_NAME: 'custody' },
      { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' },
      { ...endpoint, OTEL_SDK_DISABLED: 'TRUE' },
      { ...endpoint, OTEL_TRACES_EXPORTER: 'none' },
    ]) {
      expect(tracingSettings(environment)).toBe(null)
    }
    expect(tracingSettings(endpoint)).toEqual({ protocol: 'http/protobuf' })
    const traces = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector/v1/traces' }
    expect(tracingSettings(traces)).toEqual({ protocol: 'http/protobuf' })
    const json = { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }
    expect(tracingSettings(json)).toEqual({ protocol: 'http/json' })
  })

  it('are refused where they could not be handed over, by the name of the variable alone', () => {
    for (const wrong of [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317/secret' },
      { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc-secret' },
      { ...endpoint, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc-secret' },
      { ...endpoint, OTEL_TRACES_EXPORTER: 'secret' },
    ]) {
      const settings = tracingSettings(wrong)
      expect(settings).toHaveProperty('wrong')
      expect(JSON.stringify(settings)).toMatch(/OTEL_[A-Z_]+: must be/)
      expect(JSON.stringify(settings)).not.toContain('secret')
    }
  })

  it('load nothing of the kit where they are off', () => {
    const program = `
      import { createRequire } from 'node:module'
      import { serveCommand } from './src/cli/serve.ts'
      import { openTracing } from './src/cli/tracing.ts'
      const tracing = await openTracing(process.env, () => {})
      const loaded = Object.keys(createRequire(import.meta.url).cache)
      // The counters of Prometheus load the interface, which does nothing by itself.
      const kit = loaded.filter((file) => /@opentelemetry\\/(?!api\\/)/.test(file)).length
      await tracing?.close()
      process.stdout.write(JSON.stringify({ traced: tracing !== null, kit, loaded: loaded.length }))
    `
    const run = (environment: Record<string, string>) =>
      JSON.parse(
        execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
          env: { ...process.env, ...environment },
          encoding: 'utf8',
        }),
      )
    const off = run({ OTEL_EXPORTER_OTLP_ENDPOINT: '' })
    expect(off).toMatchObject({ traced: false, kit: 0 })
    expect(off.loaded).toBeGreaterThan(10)
    const on = run({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })
    expect(on.traced).toBe(true)
    expect(on.kit).toBeGreaterThan(10)
  })
})

describe('what a span may say', () => {
  it('is on a list, with values of closed lists', () => {
    const person = 'ann@example.org'
    const pseudonym = '0123456789abcdef0123456789abcdef'
    expect(
      allowedOnly({
        'http.request.method': person,
        'http.route': `/v1/subjects/${pseudonym}/x@y`,
        'error.type': person,
        'custody.stream.kind': `subject-symphony-commerce/${pseudonym}`,
        'custody.event.type': 'AnnSmith',
        'custody.refusal.code': person,
        'custody.outcome': person,
        'custody.delivery.fault': person,
        'custody.lines': person,
        'custody.repeated': person,
        ...({ 'url.path': '/ann', 'custody.subject': pseudonym, toString: 'ann' } as object),
      }),
    ).toEqual({})
    const said = {
      'http.request.method': 'POST',
      'http.route': '/log/:controller/tile/*',
      'error.type': 'VaultUnavailable',
      'custody.stream.kind': 'subject',
      'custody.event.type': 'DataCollected',
      'custody.lines': 0,
      'custody.repeated': false,
    }
    expect(allowedOnly({ ...said, 'custody.position': null, 'custody.keys': NaN })).toEqual(said)
  })

  it('of an error is its name, where it is one of ours', () => {
    expect(errorType(new LogUnavailable('ann@example.org'))).toBe('LogUnavailable')
    const named = Object.assign(new Error('x'), { name: 'ann@example.org' })
    for (const other of [named, new Error('x'), 'ann@example.org', null, { name: 'Contended' }]) {
      expect(errorType(other)).toBe('_OTHER')
    }
    expect([methodName('GET'), methodName('ANN')]).toEqual(['GET', '_OTHER'])
  })
})

describe('traceparent', () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  const span = '00f067aa0ba902b7'

  it('is read as W3C Trace Context has it', () => {
    const parent = { traceId: trace, spanId: span, isRemote: true }
    expect(parentOf(`00-${trace}-${span}-01`)).toEqual({ ...parent, traceFlags: 1 })
    expect(parentOf(`00-${trace}-${span}-00`)).toEqual({ ...parent, traceFlags: 0 })
    expect(parentOf(`01-${trace}-${span}-03-more`)).toEqual({ ...parent, traceFlags: 1 })
  })

  it('that is none is as if there were none', () => {
    for (const wrong of [
      undefined,
      '',
      `00-${trace}-${span}`,
      `00-${trace}-${span}-01-more`,
      `ff-${trace}-${span}-01`,
      `00-${trace.toUpperCase()}-${span}-01`,
      `00-${'0'.repeat(32)}-${span}-01`,
      `00-${trace}-${'0'.repeat(16)}-01`,
      `00-${trace.slice(1)}-${span}-01`,
      ` 00-${trace}-${span}-01`,
    ]) {
      expect(parentOf(wrong), wrong).toBe(null)
    }
  })
})

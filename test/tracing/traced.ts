import type { FastifyInstance } from 'fastify'
import { expect } from 'vitest'
import { buildApp } from '../../src/api/app.ts'
import type { Deps } from '../../src/api/deps.ts'
import { createHealth } from '../../src/cli/health.ts'
import { Reference } from '../../src/domain/values.ts'
import { startTracing } from '../../src/tracing/start.ts'
import type { Tracing } from '../../src/tracing/tracing.ts'
import { openCollector, type CollectedSpan, type Collector } from '../support/collector.ts'
import { openStack, type Stack } from '../support/stack.ts'

/** The API on a whole ledger, traced into a collector of its own. */
export type Traced = Readonly<{
  app: FastifyInstance
  stack: Stack
  collector: Collector
  tracing: Tracing
  token: string
  log: readonly string[]
  /** Spans that the collector did not take. */
  lost: () => number
  /** Ends tracing; every span that was made, in the order of their beginnings. */
  spans: () => Promise<readonly CollectedSpan[]>
  close: () => Promise<void>
}>

/** Opens it. `environment`: more of OpenTelemetry's variables, which are set for this process. */
export async function openTraced(
  options: {
    environment?: Record<string, string>
    webhookAllow?: string
    collector?: Collector
    deps?: Partial<Deps>
  } = {},
): Promise<Traced> {
  const collector = options.collector ?? (await openCollector())
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('OTEL_')) delete process.env[name]
  }
  Object.assign(process.env, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_BSP_MAX_QUEUE_SIZE: '100000',
    ...options.environment,
  })
  let lost = 0
  const tracing = await startTracing({
    protocol: 'http/json',
    onLost: (spans) => (lost += spans),
  })
  const stack = await openStack({
    open: { trace: tracing.wrappers },
    ...(options.webhookAllow ? { webhookAllow: options.webhookAllow } : {}),
  })
  const { custody, caller } = stack
  const step = { token: Reference.parse('tester'), role: 'officer', label: 'tester' } as const
  const { secret } = await custody.services.access.issue(caller, step)
  await custody.caughtUp()
  const log: string[] = []
  const app = buildApp({
    services: custody.services,
    views: custody.views,
    notary: custody.notary,
    evidence: custody.evidence,
    metrics: () => Promise.reject(new Error('not asked for')),
    now: custody.now,
    health: createHealth(custody),
    tracer: tracing.requests,
    log: { level: 'info', destination: { write: (line) => void log.push(line) } },
    ...options.deps,
  })
  await app.ready()
  return {
    ...{ app, stack, collector, tracing, log },
    token: secret!,
    lost: () => lost,
    async spans() {
      await tracing.close()
      return [...collector.spans()].sort((one, other) =>
        Number(BigInt(one.startTimeUnixNano) - BigInt(other.startTimeUnixNano)),
      )
    },
    async close() {
      await app.close()
      await stack.dispose()
      await tracing.close()
      await collector.close()
      for (const name of Object.keys(process.env)) {
        if (name.startsWith('OTEL_')) delete process.env[name]
      }
    },
  }
}

/** Records one act over the API. */
export function record(
  { app, token }: Traced,
  body: Record<string, unknown>,
  headers: Record<string, string> = {},
) {
  return app.inject({
    method: 'POST',
    url: '/v1/acts',
    headers: { authorization: `Bearer ${token}`, ...headers },
    body,
  })
}

/** Whether a span is right below another. */
export const from = (one: CollectedSpan) => (two: CollectedSpan) => two.parentSpanId === one.spanId

/** The one span of that name. */
export function only(spans: readonly CollectedSpan[], name: string): CollectedSpan {
  const found = spans.filter((span) => span.name === name)
  expect(found, name).toHaveLength(1)
  return found[0]!
}

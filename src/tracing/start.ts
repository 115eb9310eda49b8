import { randomUUID } from 'node:crypto'
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base'
import { traceLedger } from './ledger.ts'
import { createRequests } from './requests.ts'
import { traceServices } from './services.ts'
import type { TracingSettings } from './settings.ts'
import { createSpans } from './spans.ts'
import type { Tracing } from './tracing.ts'
import { traceVault } from './vault.ts'

export type TracingOptions = TracingSettings &
  Readonly<{
    /** Hears of spans that the collector did not take. */
    onLost: (spans: number) => void
  }>

/** Those who stop a process do not wait longer for a collector, in milliseconds. */
const closingMs = 3_000

/**
 * Starts tracing. The kit is loaded here and by nobody else; it reads the rest of its settings from
 * `process.env`. It hooks into no library: spans are made by what is in this room, and say what is allowed.
 */
export async function startTracing({ protocol, onLost }: TracingOptions): Promise<Tracing> {
  const exporter = await exporterFor(protocol)
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(
        resourceFromAttributes({
          'service.name': 'custody',
          'service.instance.id': randomUUID(),
        }),
      )
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(watched(exporter, onLost))],
  })
  const spans = createSpans(provider.getTracer('custody'), Date.now)
  return {
    requests: createRequests(spans),
    wrappers: {
      ...traceLedger(spans),
      ...traceServices(spans),
      vault: (vault) => traceVault(spans, vault),
      page: ({ events, position, milliseconds }) =>
        spans.past('views.page', milliseconds, {
          'custody.events': events,
          'custody.position': position,
        }),
    },
    async close() {
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, closingMs)
      // What could not be handed over was told as lost.
      await Promise.race([provider.shutdown().catch(() => {}), late.promise])
      clearTimeout(timer)
    },
  }
}

async function exporterFor(protocol: TracingSettings['protocol']): Promise<SpanExporter> {
  const { OTLPTraceExporter } =
    protocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto')
  const { OTEL_EXPORTER_OTLP_TIMEOUT, OTEL_EXPORTER_OTLP_TRACES_TIMEOUT } = process.env
  const isSaid = OTEL_EXPORTER_OTLP_TRACES_TIMEOUT ?? OTEL_EXPORTER_OTLP_TIMEOUT
  // While it tries again the process can't end; the kit would do so for ten seconds.
  return new OTLPTraceExporter(isSaid ? {} : { timeoutMillis: closingMs })
}

/** `ExportResultCode.SUCCESS`. */
const taken = 0

function watched(exporter: SpanExporter, onLost: (spans: number) => void): SpanExporter {
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const outcome: number = result.code
        if (outcome !== taken) onLost(spans.length)
        done(result)
      }),
    shutdown: () => exporter.shutdown(),
    ...(exporter.forceFlush ? { forceFlush: () => exporter.forceFlush!() } : {}),
  }
}

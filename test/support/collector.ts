import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

type AnyValue = {
  stringValue?: string
  intValue?: string | number
  doubleValue?: number
  boolValue?: boolean
}
type KeyValue = { key: string; value: AnyValue }

/** A span as OTLP has it; times in nanoseconds since 1970. */
export type CollectedSpan = Readonly<{
  traceId: string
  spanId: string
  parentSpanId?: string
  traceState?: string
  name: string
  kind: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: Readonly<Record<string, string | number | boolean>>
  events: readonly unknown[]
  links: readonly { traceId: string; spanId: string }[]
  /** `code` 2: an error. */
  status: { code?: number; message?: string }
}>

/** A stand-in for a collector of OpenTelemetry: takes what is posted to `/v1/traces`, and keeps all of it. */
export type Collector = Readonly<{
  /** As OTEL_EXPORTER_OTLP_ENDPOINT. */
  endpoint: string
  port: number
  /** The bodies as they came, without their compression. */
  bytes: () => Buffer
  headers: readonly IncomingHttpHeaders[]
  /** Those that came as JSON. */
  spans: () => readonly CollectedSpan[]
  resource: () => Readonly<Record<string, string | number | boolean>>
  /** Answers with this status from here on. */
  answer: (status: number) => void
  close: () => Promise<void>
}>

/** @param port 0: any free one */
export async function openCollector(port = 0): Promise<Collector> {
  const bodies: Buffer[] = []
  const headers: IncomingHttpHeaders[] = []
  let status = 200
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      if (request.url === '/v1/traces' && status === 200) {
        headers.push(request.headers)
        bodies.push(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body)
      }
      response.writeHead(request.url === '/v1/traces' ? status : 404, {
        'content-type': request.headers['content-type'],
      })
      const isJson = request.headers['content-type'] === 'application/json'
      response.end(isJson ? '{}' : '')
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address() as AddressInfo
  const exported = () =>
    bodies
      .filter((_, place) => headers[place]!['content-type'] === 'application/json')
      .flatMap((body) => (JSON.parse(body.toString()) as Exported).resourceSpans)
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    port: address.port,
    bytes: () => Buffer.concat(bodies),
    headers,
    spans: () =>
      exported()
        .flatMap(({ scopeSpans }) => scopeSpans)
        .flatMap(({ spans }) => spans)
        .map((span) => ({
          ...span,
          attributes: plain(span.attributes),
          events: span.events ?? [],
          links: span.links ?? [],
          status: span.status ?? {},
        })),
    resource: () => plain(exported()[0]?.resource?.attributes),
    answer: (next) => void (status = next),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

type Exported = {
  resourceSpans: {
    resource?: { attributes?: KeyValue[] }
    scopeSpans: {
      spans: (Omit<CollectedSpan, 'attributes' | 'events' | 'links' | 'status'> & {
        attributes?: KeyValue[]
        events?: unknown[]
        links?: CollectedSpan['links']
        status?: CollectedSpan['status']
      })[]
    }[]
  }[]
}

function plain(attributes: readonly KeyValue[] = []) {
  return Object.fromEntries(
    attributes.map(({ key, value }) => {
      const { stringValue, intValue, doubleValue, boolValue } = value
      if (intValue !== undefined) return [key, Number(intValue)]
      const found = stringValue ?? doubleValue ?? boolValue
      if (found === undefined) throw new Error(`${key} has a value of another kind`)
      return [key, found]
    }),
  )
}

import { isSpanContextValid, SpanKind, SpanStatusCode, type SpanContext } from '@opentelemetry/api'
import { methodName } from './attributes.ts'
import { tell, type Spans } from './spans.ts'

/** A request as it comes in. `route` is the template that it matches. */
export type RequestStarted = Readonly<{
  method: string
  route: string | null
  traceparent: string | undefined
}>

/** The span of a request, until its answer is sent. */
export type RequestTrace = Readonly<{
  /** 32 hexadecimal digits: the caller's where it named one. */
  traceId: string
  /** Does the work as part of the request. */
  run: <Result>(work: () => Result) => Result
  /** @param status of the answer; null: whoever asked was gone before. Called again it does nothing. */
  end: (status: number | null) => void
}>

export type Requests = Readonly<{ begin: (request: RequestStarted) => RequestTrace }>

/** Spans of HTTP requests, under their method and route and nothing else that is in the URL. */
export function createRequests(spans: Spans): Requests {
  return {
    begin({ method, route, traceparent }) {
      const known = methodName(method)
      const scope = spans.open(route === null ? known : `${known} ${route}`, {
        kind: SpanKind.SERVER,
        parent: null,
        remote: parentOf(traceparent),
        attributes: { 'http.request.method': known, 'http.route': route },
      })
      let ended = false
      return {
        traceId: scope.span.spanContext().traceId,
        run: (work) => spans.run(scope, work),
        end(status) {
          if (ended) return
          ended = true
          if (status === null || status >= 500) {
            tell(scope, { 'error.type': status === null ? 'aborted' : 'server_error' })
            scope.span.setStatus({ code: SpanStatusCode.ERROR })
          }
          spans.close(scope, { 'http.response.status_code': status })
        },
      }
    },
  }
}

/**
 * The caller's span, of a W3C `traceparent`; null where there is none. `tracestate` and `baggage` are not
 * read: others may have written anything into them, and it would be handed on.
 */
export function parentOf(traceparent: string | undefined): SpanContext | null {
  const parts = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(
    traceparent ?? '',
  )
  if (!parts) return null
  const [, version, traceId, spanId, flags, more] = parts
  if (version === 'ff' || (version === '00' && more !== undefined)) return null
  const traceFlags = Number.parseInt(flags!, 16) & 1
  const context = { traceId: traceId!, spanId: spanId!, traceFlags, isRemote: true }
  return isSpanContextValid(context) ? context : null
}

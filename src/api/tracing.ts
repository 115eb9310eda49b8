import type { Api } from './instance.ts'

/** What sees each request; handed in where requests are traced. `traceparent` is as it came, W3C or not. */
export type RequestTracer = Readonly<{
  begin: (
    request: Readonly<{
      method: string
      route: string | null
      traceparent: string | undefined
    }>,
  ) => RequestTrace
}>

/** One request that is seen. */
export type RequestTrace = Readonly<{
  traceId: string
  run: <Result>(work: () => Result) => Result
  end: (status: number | null) => void
}>

declare module 'fastify' {
  interface FastifyRequest {
    /** Absent where requests are not traced. */
    trace?: RequestTrace | null
  }
}

/**
 * Lets the tracer see each request, but for those that machines send every few seconds. What comes after is
 * part of it: fastify goes on in the same asynchronous context once it has read a body.
 */
export function traceRequests(app: Api, tracer: RequestTracer): void {
  app.decorateRequest('trace', null)
  app.addHook('onRequest', (request, reply, done) => {
    const { config, url } = request.routeOptions
    if (config.quiet) return done()
    const header = request.headers['traceparent']
    const trace = tracer.begin({
      method: request.method,
      route: url ?? null,
      traceparent: typeof header === 'string' ? header : undefined,
    })
    request.trace = trace
    reply.raw.once('close', () => trace.end(reply.raw.writableFinished ? reply.statusCode : null))
    trace.run(done)
  })
  app.addHook('onResponse', (request, reply, done) => {
    request.trace?.end(reply.statusCode)
    done()
  })
}

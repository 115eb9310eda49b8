import type { FastifyReply, FastifyRequest } from 'fastify'
import { pino, type DestinationStream, type Logger } from 'pino'
import type { Deps } from './deps.ts'

/**
 * The log. Only what is listed here is ever written: no URL, header, body or query, and of an error no
 * message that quotes what it could not read.
 */
export function createLogger(log: Deps['log']): Logger {
  const options = {
    base: null,
    serializers: { err: errorFields, req: nothing, res: nothing },
  }
  if (log === false) return pino({ ...options, level: 'silent' })
  const destination = log.destination ?? standardOutput()
  return pino({ ...options, level: log.level }, destination)
}

/** Lines are written together, for a write of each would cost a request a tenth of its time. */
function standardOutput(): DestinationStream {
  return pino.destination({ dest: 1, sync: false, minLength: 16_000, periodicFlush: 100 })
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Not logged: asked every few seconds, by machines. */
    quiet?: true
  }
}

/** The hook that writes one line for each request, when its answer is sent. */
export function answerLog(logger: Logger) {
  return function logAnswer(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    const { bearer, routeOptions } = request
    if (logger.isLevelEnabled('info') && !routeOptions.config.quiet) {
      logger.info({
        request: request.id,
        ...(request.trace ? { trace: request.trace.traceId } : {}),
        method: request.method,
        route: routeOptions.url ?? null,
        status: reply.statusCode,
        milliseconds: Math.round(reply.elapsedTime * 10) / 10,
        controller: bearer?.controller ?? null,
        role: bearer?.role ?? null,
        token: bearer?.token ?? null,
      })
    }
    done()
  }
}

function nothing(): undefined {
  return undefined
}

/** Parsers' messages quote their input; a stack's first line is the message. */
const quoting = new Set(['SyntaxError', 'ZodError', '$ZodError'])

function errorFields(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error }
  const { name, message, stack, cause } = error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const frames = (stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return {
    type: name,
    ...(code === undefined ? {} : { code }),
    ...(quoting.has(name) ? {} : { message }),
    stack: frames.slice(0, 12).map((frame) => frame.trim()),
    ...(cause === undefined || depth > 4 ? {} : { cause: errorFields(cause, depth + 1) }),
  }
}

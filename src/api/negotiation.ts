import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendFault } from './problems.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route answers with, beside problems. Left out: `application/json`. */
    answers?: string
  }
}

/**
 * The hook that refuses what no answer would suit (406) and bodies in an encoding that is not read
 * (415), before the body is taken in.
 */
export function negotiate(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const { accept, 'content-encoding': encoding } = request.headers
  const answers = request.routeOptions.config.answers ?? 'application/json'
  if (accept !== undefined && accept !== '*/*' && !accepts(accept, answers)) {
    const detail = `This route answers with ${answers}, which Accept rules out.`
    void sendFault(reply, 'not_acceptable', { detail })
    return
  }
  if (encoding !== undefined && encoding !== 'identity') {
    const detail = 'Bodies are read without Content-Encoding only.'
    void sendFault(reply, 'media_type_not_supported', { detail })
    return
  }
  done()
}

/** Whether an `Accept` header (RFC 9110, 12.5.1) lets a media type through. The most specific range says. */
export function accepts(header: string, mediaType: string): boolean {
  const wanted = mediaType.toLowerCase()
  const family = `${wanted.slice(0, wanted.indexOf('/'))}/*`
  const weights = new Map<string, boolean>()
  for (const range of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim())
    weights.set(name, !parameters.some((part) => /^q=0(?:\.0{0,3})?$/.test(part)))
  }
  return weights.get(wanted) ?? weights.get(family) ?? weights.get('*/*') ?? false
}

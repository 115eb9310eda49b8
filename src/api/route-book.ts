import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Api, RouteEntry } from './instance.ts'
import { sendFault } from './problems.ts'

/** Notes every route as it is added, as `routeEntries`. @throws for one under `/v1` that anybody could call */
export function bookRoutes(app: Api): void {
  const entries: RouteEntry[] = []
  app.decorate('routeEntries', entries)
  app.addHook('onRoute', ({ method, url, config, schema }) => {
    const action = config?.action ?? null
    if (url.startsWith('/v1') && action === null) {
      throw new Error(
        `couldn't add ${url}: it names no action, so nobody would be asked for a token`,
      )
    }
    for (const one of [method].flat()) {
      entries.push({ method: one, url, action, schema: schema ?? {} })
    }
  })
}

/** Answers what no route takes: 204 to OPTIONS, 405 where the path takes other methods, else 404. */
export function answerNoRoute(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.raw.url?.split('?', 1)[0] ?? ''
  const methods = methodsAt(request.server.routeEntries, path)
  if (methods.length === 0) {
    return sendFault(reply, 'route_unknown', { detail: 'There is nothing at this path.' })
  }
  reply.header('allow', [...methods, 'OPTIONS'].join(', '))
  if (request.method === 'OPTIONS') return reply.code(204).send()
  const detail = `This path takes ${methods.join(', ')}.`
  return sendFault(reply, 'method_not_allowed', { detail })
}

function methodsAt(entries: readonly RouteEntry[], path: string): string[] {
  const parts = path.split('/')
  const there = entries.filter(({ url }) => matches(url.split('/'), parts))
  return [...new Set(there.map(({ method }) => method))].sort()
}

function matches(pattern: readonly string[], parts: readonly string[]): boolean {
  const rest = pattern.indexOf('*')
  if (rest > 0 && parts.length > rest) return matches(pattern.slice(0, rest), parts.slice(0, rest))
  if (pattern.length !== parts.length) return false
  return pattern.every(
    (one, index) => one === parts[index] || (one.startsWith(':') && parts[index]),
  )
}

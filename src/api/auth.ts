import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AccessService, Caller } from '../application/services.ts'
import type { Role } from '../domain/access/events.ts'
import type { ControllerId, Principal, Reference } from '../domain/values.ts'
import { mayDo, type Action } from './permissions.ts'
import { sendFault } from './problems.ts'

/** Who bears the request's token. */
export type Bearer = Readonly<{ controller: ControllerId; token: Reference; role: Role }>

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the bearer must be allowed to do; left out only on routes that everybody may call. */
    action?: Action
  }
  interface FastifyRequest {
    bearer: Bearer | null
  }
}

const bearerPattern = /^Bearer +([\x21-\x7e]{1,512}) *$/i

/**
 * The hook that lets a request in: a known token, whose role may call the route. The token alone says
 * for which controller; nothing in URL or body does (S45).
 */
export function authentication(access: AccessService) {
  return function authenticate(
    request: FastifyRequest,
    reply: FastifyReply,
    done: (error?: Error) => void,
  ): void {
    const action = request.routeOptions.config.action
    if (action === undefined) return done()
    const secret = bearerPattern.exec(request.headers.authorization ?? '')?.[1]
    if (secret === undefined) {
      refuse(reply, 'token_missing', 'Send the header Authorization: Bearer <token>.')
      return
    }
    access.identify(secret).then((bearer) => {
      if (!bearer) return void refuse(reply, 'token_unknown', 'The token is unknown or revoked.')
      request.bearer = bearer
      if (mayDo(bearer.role, action)) return done()
      const detail = `A token with the role ${bearer.role} may not do this (${action}).`
      void sendFault(reply, 'role_not_permitted', { detail })
    }, done)
  }
}

function refuse(
  reply: FastifyReply,
  code: 'token_missing' | 'token_unknown',
  detail: string,
): FastifyReply {
  const error = code === 'token_unknown' ? ', error="invalid_token"' : ''
  reply.header('www-authenticate', `Bearer realm="custody"${error}`)
  return sendFault(reply, code, { detail })
}

/** Who asks, as the services want to know it. */
export function callerOf(request: FastifyRequest): Caller {
  const { controller, token } = bearerOf(request)
  return { controller, principal: `token:${token}` as Principal, correlation: request.id }
}

/** The bearer of a request that `authenticate` let in. */
export function bearerOf(request: FastifyRequest): Bearer {
  if (!request.bearer) throw new Error("couldn't tell who asks: the route names no action")
  return request.bearer
}

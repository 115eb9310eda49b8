import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifySchema,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'

/** The fastify instance that routes are added to: their schemas are zod's. */
export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>

/** One route as it was added: for the answer to a wrong method, and for tests that walk all of them. */
export type RouteEntry = Readonly<{
  method: string
  url: string
  action: string | null
  schema: FastifySchema
}>

declare module 'fastify' {
  interface FastifyInstance {
    routeEntries: RouteEntry[]
  }
}

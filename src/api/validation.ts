import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify'
import { z } from 'zod'
import { fieldErrors, InvalidInput, parseOptions, type RequestPart } from './field-errors.ts'

const parts: Record<string, RequestPart> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'header',
}

/**
 * Parses each part of a request with its zod schema. Headers are documented only: the few that mean
 * something here are read where they are used.
 */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const part = parts[httpPart ?? ''] ?? 'body'
  if (part === 'header') return () => true
  return (data: unknown) => {
    const result = schema.safeParse(data ?? undefined, parseOptions)
    if (result.success) return { value: result.data }
    return { error: new InvalidInput(fieldErrors(result.error, part)) }
  }
}

/** Answers are built to their schemas by types, so they are only written out. */
export const plainSerializer: FastifySerializerCompiler<unknown> = () => JSON.stringify

/** Answers are checked against their schemas first. @throws where one is not as documented */
export const checkingSerializer: FastifySerializerCompiler<unknown> = ({ schema, url }) => {
  if (!(schema instanceof z.ZodType)) throw new Error(`couldn't document ${url}: no zod schema`)
  return (data: unknown) => {
    const result = schema.safeParse(data)
    if (result.success) return JSON.stringify(data)
    const cause = result.error
    throw new Error(`couldn't answer ${url}: ${z.prettifyError(cause)}`, { cause })
  }
}

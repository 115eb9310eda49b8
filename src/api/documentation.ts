import type { z } from 'zod'
import { Problem, problemMediaType } from './problems.ts'

/** What a status says, where a route answers it with a problem. */
const problemStates: Record<number, string> = {
  400: 'The request is not valid: which field, and which rule.',
  401: 'No token, or one that is unknown or revoked.',
  403: 'The role may not call this, or the policy refuses it.',
  404: 'Not in the custody of this controller.',
  406: 'No answer would suit the Accept header.',
  409: 'Refused in the present state.',
  410: 'The person was erased.',
  413: 'The body is too large.',
  415: 'Bodies of this media type, or in an encoding, are not taken.',
  422: 'Refused: something is missing or unknown, or the key came with another body.',
  500: 'A fault of the service. The log knows it by the instance.',
  503: 'A store is away, or the views have not reached the position in time: ask again.',
}

const always = [400, 401, 403, 406, 500, 503]

/** The problems that a kind of route can answer with, beside those of every route. */
export const problemsOf = {
  read: [],
  readOne: [404],
  readSubject: [404, 413, 415],
  write: [404, 409, 410, 413, 415, 422],
  none: [],
} as const

export type Success = Readonly<{ description: string; schema: z.ZodType; mediaType?: string }>

/** The `response` part of a route's schema: its successes, then every problem it can answer with. */
export function responses(
  successes: Readonly<Record<number, Success>>,
  kind: keyof typeof problemsOf,
): Record<string, unknown> {
  const documented: Record<string, unknown> = {}
  for (const [status, { description, schema, mediaType }] of Object.entries(successes)) {
    const content = { [mediaType ?? 'application/json']: { schema } }
    documented[status] = { description, content }
  }
  for (const status of [...always, ...problemsOf[kind]].sort((a, b) => a - b)) {
    const content = { [problemMediaType]: { schema: Problem } }
    documented[status] = { description: problemStates[status], content }
  }
  return documented
}

/** The successes of a write that answers with `schema`. */
export function written(schema: z.ZodType): Record<number, Success> {
  return {
    200: { description: 'Nothing was left to write, or this was said before.', schema },
    201: { description: 'Written, durably.', schema },
  }
}

/** The success of a read. */
export function found(description: string, schema: z.ZodType): Record<number, Success> {
  return { 200: { description, schema } }
}

/** What routes that ask for a token say of it. */
export const security: { [name: string]: string[] }[] = [{ token: [] }]

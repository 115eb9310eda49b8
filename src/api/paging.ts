import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { AsOf, Page, Paging } from '../projections/views.ts'
import { asOfRead, AsOfStated, reach, resolveAsOf, type AsOfAsked } from './as-of.ts'
import { bearerOf } from './auth.ts'
import type { Cursors } from './cursors.ts'
import type { Deps } from './deps.ts'
import type { RequestPart } from './field-errors.ts'
import { sendInvalid } from './problems.ts'

const usualLimit = 100
const cursor = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,4096}$/, 'must be a cursor from the page before')
  .optional()
  .describe('Where the page before said that the next one begins. Ask the same question with it.')

/** In a URL. */
export const pagingQuery = {
  limit: z
    .string()
    .regex(/^[0-9]{1,4}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(1000))
    .optional()
    .describe('How many rows a page has at most: 1 to 1000; 100 unless said.'),
  cursor,
}
/** The same in a body. */
export const pagingBody = { limit: z.int().min(1).max(1000).optional(), cursor }

/** A page of rows: what it is as of, and where the next one begins (null: nowhere). */
export function pageOf<Row extends z.ZodType>(row: Row) {
  return z.strictObject({ asOf: AsOfStated, rows: z.array(row), next: z.string().nullable() })
}

/** All rows, as of a time. */
export function listOf<Row extends z.ZodType>(row: Row) {
  return z.strictObject({ asOf: AsOfStated, rows: z.array(row) })
}

export type PageAsked = AsOfAsked &
  Readonly<{ limit?: number | undefined; cursor?: string | undefined }>

export type Reader = Readonly<{ deps: Deps; cursors: Cursors }>

/**
 * Answers a page of the question: the as-of is settled on the first page and the cursor carries it, so
 * that all pages are of one time. `filter` is what the question asks beside its time and paging.
 */
export async function answerPage(
  { deps, cursors }: Reader,
  request: FastifyRequest,
  reply: FastifyReply,
  question: Readonly<{
    asked: PageAsked
    part: RequestPart
    filter: unknown
    read: (asOf: AsOf, paging: Paging) => Page<unknown>
  }>,
): Promise<FastifyReply> {
  const { asked, part, filter, read } = question
  const { controller } = bearerOf(request)
  const { asOf, asOfKind, position } = asked
  const route = request.routeOptions.url
  const bound = JSON.stringify([controller, route, filter, asOf, asOfKind, position])
  let stated: AsOfStated
  let from: string | null = null
  if (asked.cursor === undefined) {
    const resolved = await resolveAsOf(deps, request, asked, part)
    if ('errors' in resolved) return sendInvalid(reply, resolved.errors)
    stated = resolved.stated
  } else {
    const opened = cursors.open(bound, asked.cursor)
    if (!opened) {
      const rule = 'must be the cursor of the page before, of the same question'
      return sendInvalid(reply, [{ in: part, field: 'cursor', rule }])
    }
    stated = opened.at
    from = opened.next
    await reach(deps, stated.position)
  }
  const page = read(asOfRead(stated), { limit: asked.limit ?? usualLimit, cursor: from })
  const next = page.next === null ? null : cursors.seal(bound, { at: stated, next: page.next })
  return reply.send({ asOf: stated, rows: page.rows, next })
}

/** Answers all rows of the question at once. */
export async function answerList(
  { deps }: Reader,
  request: FastifyRequest,
  reply: FastifyReply,
  asked: AsOfAsked,
  read: (asOf: AsOf) => readonly unknown[],
): Promise<FastifyReply> {
  const resolved = await resolveAsOf(deps, request, asked, 'query')
  if ('errors' in resolved) return sendInvalid(reply, resolved.errors)
  return reply.send({ asOf: resolved.stated, rows: read(asOfRead(resolved.stated)) })
}

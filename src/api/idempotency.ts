import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { OperationKey } from '../application/services.ts'
import { parseOptions, type FieldError } from './field-errors.ts'

/** The client's name for one write (IETF draft `idempotency-key-header`): visible ASCII, 1 to 255. */
export const IdempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
  .meta({
    description: 'The same key and body give the first answer; another body under it is refused.',
  })

/** The header as the document describes it. */
export const idempotencyHeaders = z.object({ 'idempotency-key': IdempotencyKey.optional() })

/** The operation that the request names; null where it names none. `body` is the text as it came. */
export function operationOf(
  request: FastifyRequest,
  body: string,
): { operation: OperationKey | null } | { errors: readonly FieldError[] } {
  const header = request.headers['idempotency-key']
  if (header === undefined) return { operation: null }
  const key = IdempotencyKey.safeParse(header, parseOptions)
  if (key.success) return { operation: { key: key.data, body } }
  const rule = key.error.issues[0]?.message ?? 'must be a key'
  return { errors: [{ in: 'header', field: 'Idempotency-Key', rule }] }
}

/** The key of one line of a batch that came under a key: no client can send it, for the blank in it. */
export function lineKey(batchKey: string, line: number): string {
  return `${batchKey} ${line}`
}

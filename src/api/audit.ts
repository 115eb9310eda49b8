import { z } from 'zod'
import { RefusalCode } from '../domain/refusal.ts'
import { Instant, ObligationId, Principal, PurposeKey, RecipientId } from '../domain/values.ts'
import { recordedQuery, waitHeaders } from './as-of.ts'
import { bearerOf } from './auth.ts'
import { found, responses, security } from './documentation.ts'
import { chosen } from './filters.ts'
import type { Api } from './instance.ts'
import { answerList, answerPage, listOf, pageOf, pagingQuery, type Reader } from './paging.ts'
import { AuditRow, AuditSummaryRow, PromotionalUseRow } from './rows.ts'

/** What an audit can be narrowed to, beside a person. */
export const auditFilters = {
  type: z
    .string()
    .regex(/^[A-Z][A-Za-z]{0,63}$/, 'must be the type of an event')
    .optional(),
  outcome: z.enum(['permitted', 'violated', 'refused']).optional(),
  code: RefusalCode.optional(),
  obligation: ObligationId.optional(),
  purpose: PurposeKey.optional(),
  recipient: RecipientId.optional(),
  principal: Principal.optional(),
  from: Instant.optional().describe('By when it happened; inclusive.'),
  until: Instant.optional().describe('By when it happened; exclusive.'),
}
type AuditFilters = z.infer<z.ZodObject<typeof auditFilters>>

/** The filters of an audit that were given. */
export function auditFilter(asked: AuditFilters) {
  const { type, outcome, code, obligation, purpose, recipient, principal, from, until } = asked
  return chosen({ type, outcome, code, obligation, purpose, recipient, principal, from, until })
}

const shared = { tags: ['audit'], security, headers: waitHeaders }

/** The audit trail: what was done, on what authority, and what was refused. */
export function addAudit(api: Api, reader: Reader): void {
  const { views } = reader.deps
  const read = { config: { action: 'audit:read' } } as const
  api.get(
    '/v1/audit',
    {
      ...read,
      schema: {
        ...shared,
        summary: 'Show the audit trail',
        querystring: z.strictObject({ ...recordedQuery, ...pagingQuery, ...auditFilters }),
        response: responses(found('A page of events.', pageOf(AuditRow)), 'read'),
      },
    },
    (request, reply) => {
      const filter = auditFilter(request.query)
      return answerPage(reader, request, reply, {
        asked: request.query,
        part: 'query',
        filter,
        read: ({ position }, paging) =>
          views.audit(bearerOf(request).controller, position, filter, paging),
      })
    },
  )
  api.get(
    '/v1/audit/summary',
    {
      ...read,
      schema: {
        ...shared,
        summary: 'Count the events, by type, outcome and code',
        querystring: z.strictObject(recordedQuery),
        response: responses(found('All counts.', listOf(AuditSummaryRow)), 'read'),
      },
    },
    (request, reply) =>
      answerList(reader, request, reply, request.query, ({ position }) =>
        views.auditSummary(bearerOf(request).controller, position),
      ),
  )
  api.get(
    '/v1/promotional-uses',
    {
      ...read,
      schema: {
        ...shared,
        summary: 'List promotional uses, with the consent and objection that stood at each',
        querystring: z.strictObject({ ...recordedQuery, ...pagingQuery }),
        response: responses(found('A page of uses.', pageOf(PromotionalUseRow)), 'read'),
      },
    },
    (request, reply) =>
      answerPage(reader, request, reply, {
        asked: request.query,
        part: 'query',
        filter: null,
        read: ({ position }, paging) =>
          views.promotionalUses(bearerOf(request).controller, position, {}, paging),
      }),
  )
}

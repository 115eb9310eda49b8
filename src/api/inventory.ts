import { z } from 'zod'
import { CategoryKey, Property, PurposeKey, RecipientId, SubjectKind } from '../domain/values.ts'
import { asOfQuery, waitHeaders } from './as-of.ts'
import { bearerOf } from './auth.ts'
import { found, responses, security } from './documentation.ts'
import { chosen } from './filters.ts'
import type { Api } from './instance.ts'
import { answerList, answerPage, listOf, pageOf, pagingQuery, type Reader } from './paging.ts'
import { DisclosureRow, InventoryRow, InventorySummaryRow, StandingRow } from './rows.ts'

const shared = { tags: ['inventory'], security, headers: waitHeaders }

/** What is held, on whom, and since when (N3). */
export function addInventory(api: Api, reader: Reader): void {
  const { views } = reader.deps
  const read = { config: { action: 'inventory:read' } } as const
  const filters = { category: CategoryKey, kind: SubjectKind, property: Property }
  api.get(
    '/v1/inventory',
    {
      ...read,
      schema: {
        ...shared,
        summary: 'List what is held',
        querystring: z.strictObject({
          ...asOfQuery,
          ...pagingQuery,
          ...z.strictObject(filters).partial().shape,
        }),
        response: responses(found('A page of items.', pageOf(InventoryRow)), 'read'),
      },
    },
    (request, reply) => {
      const { category, kind, property } = request.query
      const filter = chosen({ category, kind, property })
      return answerPage(reader, request, reply, {
        asked: request.query,
        part: 'query',
        filter,
        read: (asOf, paging) => views.inventory(bearerOf(request).controller, asOf, filter, paging),
      })
    },
  )
  api.get(
    '/v1/inventory/summary',
    {
      ...read,
      schema: {
        ...shared,
        summary: 'Count the people and items held, by category',
        querystring: z.strictObject(asOfQuery),
        response: responses(found('All categories.', listOf(InventorySummaryRow)), 'read'),
      },
    },
    (request, reply) =>
      answerList(reader, request, reply, request.query, (asOf) =>
        views.inventorySummary(bearerOf(request).controller, asOf),
      ),
  )
  addConsents(api, reader)
  addDisclosures(api, reader)
}

function addConsents(api: Api, reader: Reader): void {
  const { views } = reader.deps
  api.get(
    '/v1/consents',
    {
      config: { action: 'inventory:read' },
      schema: {
        ...shared,
        summary: 'List consents and objections, and how they stand',
        querystring: z.strictObject({
          ...asOfQuery,
          ...pagingQuery,
          purpose: PurposeKey.optional(),
          matter: z.enum(['consent', 'objection']).optional(),
        }),
        response: responses(found('A page of standings.', pageOf(StandingRow)), 'read'),
      },
    },
    (request, reply) => {
      const { purpose, matter } = request.query
      const filter = chosen({ purpose, matter })
      return answerPage(reader, request, reply, {
        asked: request.query,
        part: 'query',
        filter,
        read: (asOf, paging) => views.standings(bearerOf(request).controller, asOf, filter, paging),
      })
    },
  )
}

function addDisclosures(api: Api, reader: Reader): void {
  const { views } = reader.deps
  api.get(
    '/v1/disclosures',
    {
      config: { action: 'inventory:read' },
      schema: {
        ...shared,
        summary: 'List what was disclosed, and to whom',
        querystring: z.strictObject({
          ...asOfQuery,
          ...pagingQuery,
          recipient: RecipientId.optional(),
        }),
        response: responses(found('A page of disclosures.', pageOf(DisclosureRow)), 'read'),
      },
    },
    (request, reply) => {
      const filter = chosen({ recipient: request.query.recipient })
      return answerPage(reader, request, reply, {
        asked: request.query,
        part: 'query',
        filter,
        read: (asOf, paging) =>
          views.disclosures(bearerOf(request).controller, asOf, filter, paging),
      })
    },
  )
}

import { z } from 'zod'
import { Day, Instant, Position, Reference, SubjectId } from '../domain/values.ts'
import type * as views from '../projections/residue-views.ts'
import { recordedQuery, waitHeaders } from './as-of.ts'
import { bearerOf } from './auth.ts'
import { found, responses, security } from './documentation.ts'
import { chosen } from './filters.ts'
import type { Api } from './instance.ts'
import { answerPage, pageOf, pagingQuery, type Reader } from './paging.ts'

export const ResidueRow = z
  .strictObject({
    subject: SubjectId,
    deletion: Reference,
    began: Position,
    beganAt: Instant,
    until: Day,
  })
  .meta({ id: 'ResidueRow' }) satisfies z.ZodType<views.ResidueRow>

const filter = {
  dueBy: Day.optional().meta({ description: 'Only those that are over on this day.' }),
}

/** What deletions may have left in backups of the vault, and until when (S31). */
export function addResidues(api: Api, reader: Reader): void {
  const { views } = reader.deps
  api.get(
    '/v1/residues',
    {
      config: { action: 'deletions:read' },
      schema: {
        summary: 'List what deletions may have left in backups, and until when',
        tags: ['retention'],
        security,
        headers: waitHeaders,
        querystring: z.strictObject({ ...filter, ...recordedQuery, ...pagingQuery }),
        response: responses(found('A page of residues.', pageOf(ResidueRow)), 'read'),
      },
    },
    (request, reply) => {
      const asked = chosen({ dueBy: request.query.dueBy })
      return answerPage(reader, request, reply, {
        asked: request.query,
        part: 'query',
        filter: asked,
        read: ({ position }, paging) =>
          views.residues(bearerOf(request).controller, position, asked, paging),
      })
    },
  )
}

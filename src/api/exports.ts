import { z } from 'zod'
import type { SubjectExport as Export } from '../application/services.ts'
import {
  CategoryKey,
  ControllerId,
  Instant,
  Lot,
  Position,
  PurposeKey,
  RecipientId,
  SubjectId,
} from '../domain/values.ts'

/** S30: all that is held on a person, opened. The only answer with values in clear. */
export const SubjectExport = z
  .strictObject({
    controller: ControllerId,
    subject: SubjectId,
    position: Position,
    items: z.array(
      z.strictObject({
        category: CategoryKey,
        lot: Lot,
        collectedAt: Instant,
        source: z.string(),
        purposes: z.array(PurposeKey),
        values: z.record(z.string(), z.unknown()).nullable(),
        corrected: z.boolean(),
      }),
    ),
    consents: z.array(z.strictObject({ purpose: PurposeKey, status: z.string(), since: Instant })),
    disclosures: z.array(
      z.strictObject({
        recipient: RecipientId,
        purpose: PurposeKey,
        at: Instant,
        categories: z.array(CategoryKey),
      }),
    ),
  })
  .meta({ id: 'SubjectExport' }) satisfies z.ZodType<Export>

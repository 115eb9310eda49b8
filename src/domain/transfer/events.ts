import { z } from 'zod'
import { Refusal } from '../refusal.ts'
import {
  CategoryKey,
  Channel,
  Line,
  Position,
  Property,
  RecipientId,
  SubjectKind,
} from '../values.ts'

/** S8: what would pass: everything, or what matches every list given. */
export const TransferScope = z.union([
  z.strictObject({ everything: z.literal(true) }),
  z
    .strictObject({
      properties: z.array(Property).min(1).optional(),
      categories: z.array(CategoryKey).min(1).optional(),
      kinds: z.array(SubjectKind).min(1).optional(),
    })
    .refine(
      ({ properties, categories, kinds }) => properties ?? categories ?? kinds,
      'must name properties, categories or kinds, or everything',
    ),
])
export type TransferScope = z.infer<typeof TransferScope>

/** What a manifest came to, and its digest, so that what passed can be proved. */
export const ManifestSummary = z.strictObject({
  /** The ledger position that the manifest is a pure function of. */
  position: Position,
  subjects: z.int().nonnegative(),
  items: z.int().nonnegative(),
  excluded: z.int().nonnegative(),
  notNotified: z.int().nonnegative(),
  /** SHA-256 of the manifest's NDJSON bytes, in hexadecimal. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
})
export type ManifestSummary = z.infer<typeof ManifestSummary>

/** N6: a merger, acquisition or sale of assets. Stream `transfer-<controller>/<transfer>`. */
export const transferEventData = {
  TransferProposed: z.strictObject({
    title: Line,
    transaction: z.enum(['merger', 'acquisition', 'sale-of-assets']),
    acquirer: RecipientId,
    scope: TransferScope,
  }),
  TransferScoped: z.strictObject({ scope: TransferScope, manifest: ManifestSummary }),
  /** S9: a notice to everybody, on the site; single people are notified in their own streams. */
  TransferNoticePosted: z.strictObject({ channel: Channel, property: Property, evidence: Line }),
  TransferExecuted: z.strictObject({
    manifest: ManifestSummary,
    /** S9: executed though people were not notified: who took that on, and why. */
    override: z.strictObject({ reason: Line, approver: Line }).nullable(),
  }),
  TransferAbandoned: z.strictObject({ reason: Line }),
  TransferStepRefused: z.strictObject({ command: z.string(), refusals: z.array(Refusal).min(1) }),
} as const

type DataOf = { [T in keyof typeof transferEventData]: z.infer<(typeof transferEventData)[T]> }
export type TransferEvent = {
  [T in keyof DataOf]: { type: T; version: 1; data: DataOf[T] }
}[keyof DataOf]

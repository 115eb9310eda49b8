import { z } from 'zod'
import { Refusal } from '../refusal.ts'
import { CategoryKey, Line, SubjectId, SubjectKind } from '../values.ts'

/** S36: on what ground data is kept beyond its retention. */
export const HoldGround = z.enum([
  'legal-obligation',
  'court-order',
  'legal-claim',
  'protecting-rights',
  'misuse-investigation',
  'safety',
])
export type HoldGround = z.infer<typeof HoldGround>

/** What a hold covers: data that matches every list given. An empty scope would be everything: say so. */
export const HoldScope = z.union([
  z.strictObject({ everything: z.literal(true) }),
  z
    .strictObject({
      subjects: z.array(SubjectId).min(1).max(10_000).optional(),
      kinds: z.array(SubjectKind).min(1).optional(),
      categories: z.array(CategoryKey).min(1).optional(),
    })
    .refine(
      ({ subjects, kinds, categories }) => subjects ?? kinds ?? categories,
      'must name subjects, kinds or categories, or everything',
    ),
])
export type HoldScope = z.infer<typeof HoldScope>

/** A legal hold in a matter. Stream `hold-<controller>/<matter>`. */
export const holdEventData = {
  HoldPlaced: z.strictObject({ title: Line, ground: HoldGround, scope: HoldScope, document: Line }),
  HoldReleased: z.strictObject({ reason: Line }),
  HoldStepRefused: z.strictObject({ command: z.string(), refusals: z.array(Refusal).min(1) }),
} as const

type DataOf = { [T in keyof typeof holdEventData]: z.infer<(typeof holdEventData)[T]> }
export type HoldEvent = {
  [T in keyof DataOf]: { type: T; version: 1; data: DataOf[T] }
}[keyof DataOf]

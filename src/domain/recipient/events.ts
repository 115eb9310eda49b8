import { z } from 'zod'
import type { EndpointEvent } from '../endpoint/events.ts'
import { Refusal } from '../refusal.ts'
import { CategoryKey, Day, Line, PurposeKey, Reference } from '../values.ts'

/** A recipient of personal data: who it is and under which contracts. Stream `recipient-<controller>/<recipient>`. */
export const recipientEventData = {
  RecipientRegistered: z.strictObject({
    name: Line,
    /** The class that sharing rules speak of: `email-processor`, `advertising-network`, `public`. */
    recipientClass: Line,
    /** ISO 3166-1 alpha-2. */
    country: z
      .string()
      .regex(/^[A-Z]{2}$/)
      .nullable(),
  }),
  /** S12, S48: what it may do, from when until when (exclusive). */
  ContractSigned: z.strictObject({
    reference: Reference,
    from: Day,
    until: Day.nullable(),
    purposes: z.array(PurposeKey).min(1),
    categories: z.union([z.literal('any'), z.array(CategoryKey).min(1)]),
  }),
  ContractEnded: z.strictObject({ reference: Reference, until: Day }),
  RecipientSuspended: z.strictObject({ reason: Line }),
  RecipientReinstated: z.strictObject({ reason: Line }),
  RecipientStepRefused: z.strictObject({ command: z.string(), refusals: z.array(Refusal).min(1) }),
} as const

type DataOf = { [T in keyof typeof recipientEventData]: z.infer<(typeof recipientEventData)[T]> }
export type RecipientEvent =
  { [T in keyof DataOf]: { type: T; version: 1; data: DataOf[T] } }[keyof DataOf] | EndpointEvent

import { z } from 'zod'
import { Refusal } from '../refusal.ts'
import { CalendarDuration, Channel, Day, Line, ObligationId } from '../values.ts'

/** The life of one policy of one controller, version by version. One stream: `policy-<controller>/<policy>`. */
export const policyEventData = {
  /** `document` is the YAML as published: the ledger can judge with it for ever. */
  PolicyPublished: z.strictObject({
    version: Day,
    effective: Day,
    document: z.string().max(500_000),
    /** SHA-256 of the document, in hexadecimal. */
    digest: z.string().regex(/^[0-9a-f]{64}$/),
    /** What the document itself promises of its announcement: over one of these, this long before. */
    notice: z.strictObject({
      channels: z.array(Channel).min(1),
      before: CalendarDuration,
      obligation: ObligationId,
    }),
  }),
  /** S43: announced to everybody over a channel, from this day. */
  PolicyNoticeGiven: z.strictObject({
    version: Day,
    channel: Channel,
    on: Day,
    evidence: Line.nullable(),
  }),
  /** From the start of this day in the controller's time zone acts are judged by this version. */
  PolicyTookEffect: z.strictObject({ version: Day, from: Day }),
  /** From the start of this day no act is judged by this version. */
  PolicyRetired: z.strictObject({ version: Day, from: Day, reason: Line }),
  PolicyStepRefused: z.strictObject({
    version: Day,
    command: z.string(),
    refusals: z.array(Refusal).min(1),
  }),
} as const

type DataOf = { [T in keyof typeof policyEventData]: z.infer<(typeof policyEventData)[T]> }
export type PolicyEvent = {
  [T in keyof DataOf]: { type: T; version: 1; data: DataOf[T] }
}[keyof DataOf]

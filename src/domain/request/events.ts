import { z } from 'zod'
import { Refusal } from '../refusal.ts'
import { Channel, Day, Line, PurposeKey, Reference, SubjectId } from '../values.ts'

/** GDPR Art. 15–21: what a person can ask for. */
export const RequestKind = z.enum(['access', 'export', 'correction', 'erasure', 'objection'])
export type RequestKind = z.infer<typeof RequestKind>

/** A person's request, from intake to its outcome. Stream `request-<controller>/<request>`. */
export const requestEventData = {
  RequestReceived: z.strictObject({
    kind: RequestKind,
    subject: SubjectId,
    channel: Channel,
    on: Day,
    deadline: Day,
    /** For an objection: to what. */
    purpose: PurposeKey.nullable(),
  }),
  /** That the requester is the person. */
  RequestVerified: z.strictObject({ method: Line, handler: Line }),
  RequestFulfilled: z.strictObject({
    outcome: Line,
    handler: Line,
    /** The deletion that an erasure became. */
    deletion: Reference.nullable(),
    /** SHA-256 of what was handed over, in hexadecimal. */
    digest: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .nullable(),
  }),
  /** S23: with the reason, which the person is told over the channel. */
  RequestDenied: z.strictObject({ reason: Line, handler: Line, channel: Channel }),
  RequestStepRefused: z.strictObject({ command: z.string(), refusals: z.array(Refusal).min(1) }),
} as const

type DataOf = { [T in keyof typeof requestEventData]: z.infer<(typeof requestEventData)[T]> }
export type RequestEvent = {
  [T in keyof DataOf]: { type: T; version: 1; data: DataOf[T] }
}[keyof DataOf]

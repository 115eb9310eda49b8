import { z } from 'zod'
import { Refusal } from '../refusal.ts'
import { Line, Reference } from '../values.ts'

/** What a token lets its bearer do. */
export const Role = z.enum(['source', 'officer', 'auditor', 'retention', 'counsel', 'admin'])
export type Role = z.infer<typeof Role>

/** Who may speak to the ledger. Stream `access-<controller>/tokens`. */
export const accessEventData = {
  /** `digest`: SHA-256 of the 256-bit random token, in hexadecimal; the token itself is shown once. */
  TokenIssued: z.strictObject({
    token: Reference,
    role: Role,
    label: Line,
    digest: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  TokenRevoked: z.strictObject({ token: Reference, reason: Line }),
  AccessStepRefused: z.strictObject({ command: z.string(), refusals: z.array(Refusal).min(1) }),
} as const

type DataOf = { [T in keyof typeof accessEventData]: z.infer<(typeof accessEventData)[T]> }
export type AccessEvent = {
  [T in keyof DataOf]: { type: T; version: 1; data: DataOf[T] }
}[keyof DataOf]

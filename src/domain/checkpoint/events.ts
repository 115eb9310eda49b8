import { z } from 'zod'

/** A SHA-256 hash in base64. */
const Root = z.string().regex(/^[A-Za-z0-9+/]{43}=$/, 'must be base64 of 32 bytes')

/** How many streams had an event, and the root of the map of their heads. */
const Streams = z.strictObject({ count: z.int().nonnegative(), root: Root })

/**
 * What the notary has signed of a controller's history. Stream `checkpoint-<controller>/log`. These
 * events are no leaves of the tree they speak of: else each checkpoint would ask for another.
 */
export const checkpointEventData = {
  /** `note`: the signed note (C2SP signed-note) whose body says the same. */
  CheckpointSigned: z.strictObject({
    size: z.int().nonnegative(),
    root: Root,
    streams: Streams,
    note: z.string().min(1).max(16_384),
  }),
  /** `lines`: the signature lines that a witness added to the note of that size. */
  CheckpointCosigned: z.strictObject({
    size: z.int().nonnegative(),
    lines: z.array(z.string().min(1).max(1_024)).min(1).max(16),
  }),
} as const

type DataOf = { [T in keyof typeof checkpointEventData]: z.infer<(typeof checkpointEventData)[T]> }
export type CheckpointEvent = {
  [T in keyof DataOf]: { type: T; version: 1; data: DataOf[T] }
}[keyof DataOf]

import { z } from 'zod'
import { Collect, Judgement, Mode, Share, Use } from '../judgement.ts'
import { Refusal } from '../refusal.ts'
import { Day, Line, Reference, SourceId } from '../values.ts'

/**
 * Acts without a data subject: aggregates (S5), server logs (S14), and attempts on people who are not
 * known. One stream for each source and month: `activity-<controller>/<source>.<YYYY-MM>`.
 */
const act = { on: Day, mode: Mode, source: SourceId, judgement: Judgement }

export const activityEventData = {
  LogCollected: z.strictObject({ ...act, act: Collect, records: z.int().positive() }),
  AggregateUsed: z.strictObject({ ...act, act: Use }),
  AggregateShared: z.strictObject({ ...act, act: Share, recipientClass: z.string().nullable() }),
  ActivityRefused: z.strictObject({
    on: Day,
    source: SourceId,
    attempted: z.union([
      Collect,
      Use,
      Share,
      z.strictObject({ act: z.literal('command'), command: z.string() }),
    ]),
    refusals: z.array(Refusal).min(1),
  }),
  /** One run of a job: what it was asked and what came of it. Stream `run-<controller>/<run>`. */
  JobRan: z.strictObject({
    job: z.enum(['retention', 'import']),
    run: Reference,
    asOf: Day,
    outcome: z.record(z.string().max(64), z.int().nonnegative()),
    note: Line.nullable(),
  }),
} as const

type DataOf = { [T in keyof typeof activityEventData]: z.infer<(typeof activityEventData)[T]> }
export type ActivityEvent = {
  [T in keyof DataOf]: { type: T; version: 1; data: DataOf[T] }
}[keyof DataOf]

import { z } from 'zod'
import type { EndpointEvent } from '../endpoint/events.ts'
import { Refusal } from '../refusal.ts'

/**
 * A source system, known by what it reports: all that is recorded of it is where it can be told of
 * erasures and withdrawals. Stream `source-<controller>/<source>`; the endpoint's own events stand there.
 */
export const sourceEventData = {
  SourceStepRefused: z.strictObject({ command: z.string(), refusals: z.array(Refusal).min(1) }),
} as const

type StepRefused = z.infer<(typeof sourceEventData)['SourceStepRefused']>
export type SourceEvent =
  EndpointEvent | { type: 'SourceStepRefused'; version: 1; data: StepRefused }

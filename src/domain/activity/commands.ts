import type { Act, Mode } from '../judgement.ts'
import type { SubjectCommand } from '../subject/commands.ts'
import type { Day, EventId, Instant, Reference, SourceId } from '../values.ts'

/** When, where and under which id it happens; `on` is the day of `at` in the controller's time zone. */
type Command<T extends string, D> = {
  type: T
  eventId: EventId
  at: Instant
  on: Day
  source: SourceId
} & D

/** What can be asked of the stream of a source's acts without a subject. */
export type ActivityCommand =
  /** `records`: how many log records a collection stands for. */
  | Command<'RecordActivity', { mode: Mode; act: Act; records: number }>
  /** Something was attempted on a person who is not in custody. */
  | Command<'RefuseUnknown', { attempted: SubjectCommand }>

/** What can be asked of a run's stream: to say, once, what the job did. */
export type RunCommand = {
  type: 'RecordRun'
  job: 'retention' | 'import'
  run: Reference
  asOf: Day
  outcome: Readonly<Record<string, number>>
  note: string | null
}

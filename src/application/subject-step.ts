import { streamName } from '../domain/envelope.ts'
import { dayOf } from '../domain/policy/calendar.ts'
import type { SubjectCommand } from '../domain/subject/commands.ts'
import { subjectDecider } from '../domain/subject/decider.ts'
import type { SubjectEvent } from '../domain/subject/events.ts'
import { SourceId, type Instant, type SubjectId, type TimeZone } from '../domain/values.ts'
import type { Answer, Executor } from '../ledger/execute-types.ts'
import type { Caller } from './services.ts'

/** A command on a subject, without what the ledger says of when and under which id it happens. */
export type BareSubjectCommand = SubjectCommand extends infer C
  ? C extends SubjectCommand
    ? Omit<C, 'at' | 'on' | 'source' | 'eventId'>
    : never
  : never

/** The source that Custody's own steps are recorded under. */
const CUSTODY = SourceId.parse('custody')

/**
 * Takes a step of Custody's own in a subject's stream (a deletion, an access, an expiry): nothing that a
 * policy judges, and nothing that comes with values.
 *
 * @param step.at when it happened; null: now
 * @param step.timeZone where its day is counted
 */
export async function takeSubjectStep(
  executor: Executor,
  caller: Caller,
  step: Readonly<{
    subject: SubjectId
    at: Instant | null
    timeZone: TimeZone
    command: BareSubjectCommand
  }>,
): Promise<Answer<SubjectEvent>> {
  const { subject, at: occurredAt, timeZone, command } = step
  const { controller, principal, correlation } = caller
  const answer = await executor.execute({
    stream: streamName('subject', controller, subject),
    decider: subjectDecider,
    meta: { controller, principal, correlation, causation: null, occurredAt, operation: null },
    prepare: ({ eventId, at }) => ({
      command: { ...command, eventId, at, on: dayOf(at, timeZone), source: CUSTODY },
      context: { policy: null, recipient: null, transferUnderWay: false },
      policyVersion: null,
    }),
  })
  if (answer.outcome === 'key_reused') throw new Error('unreachable: no key was given')
  return answer
}

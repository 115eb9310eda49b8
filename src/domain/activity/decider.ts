import type { Decider, Decision } from '../decision.ts'
import type { Act, Judgement } from '../judgement.ts'
import { judge } from '../policy/judge.ts'
import type { Judged, JudgingContext } from '../policy/judging.ts'
import { refuse } from '../policy/refusing.ts'
import { inPrecedence, type Refusal } from '../refusal.ts'
import { record } from '../step-refused.ts'
import { assertNever } from '../values.ts'
import type { ActivityCommand, RunCommand } from './commands.ts'
import type { ActivityEvent } from './events.ts'

type Attempted = Extract<ActivityEvent, { type: 'ActivityRefused' }>['data']['attempted']
type RecordActivity = Extract<ActivityCommand, { type: 'RecordActivity' }>

/** Acts without a subject do not depend on one another: there is nothing to remember. */
export type ActivityState = Readonly<{ status: 'open' }>

/** Acts tied to nobody (S5, S14): judged like any other, with no subject. */
export const activityDecider: Decider<
  ActivityState,
  ActivityCommand,
  ActivityEvent,
  JudgingContext
> = {
  initialState: () => ({ status: 'open' }),
  decide(command, _, context) {
    switch (command.type) {
      case 'RecordActivity':
        return recordActivity(command, context)
      case 'RefuseUnknown':
        return refuseUnknown(command)
      default:
        return assertNever(command)
    }
  },
  evolve: (state) => state,
}

/** A run of a job: it says once what came of it. */
export type RunState = Readonly<{ status: 'open' | 'recorded' }>

/** The record of one run of a job. Said again, it adds nothing. */
export const runDecider: Decider<RunState, RunCommand, ActivityEvent, undefined> = {
  initialState: () => ({ status: 'open' }),
  decide({ job, run, asOf, outcome, note }, { status }) {
    if (status === 'recorded') return record()
    const data = { job, run, asOf, outcome: { ...outcome }, note }
    return record<ActivityEvent>({ type: 'JobRan', version: 1, data })
  },
  evolve: (state, event) => (event.type === 'JobRan' ? { status: 'recorded' } : state),
}

function recordActivity(command: RecordActivity, context: JudgingContext): Decision<ActivityEvent> {
  const { act, at, mode } = command
  const judged = judge(act, { at, mode }, null, context)
  if (judged.outcome === 'refused' && mode === 'enforce') {
    return refused(command, act, judged.refusals)
  }
  return record(happened(command, act, judgementOf(judged), context))
}

function happened(
  { on, mode, source, records }: RecordActivity,
  act: Act,
  judgement: Judgement,
  { recipient }: JudgingContext,
): ActivityEvent {
  const base = { on, mode, source, judgement }
  switch (act.act) {
    case 'collect':
      return { type: 'LogCollected', version: 1, data: { ...base, act, records } }
    case 'use':
      return { type: 'AggregateUsed', version: 1, data: { ...base, act } }
    case 'share': {
      const recipientClass = recipient?.recipientClass ?? null
      return { type: 'AggregateShared', version: 1, data: { ...base, act, recipientClass } }
    }
    default:
      return assertNever(act)
  }
}

function judgementOf(judged: Judged): Judgement {
  return judged.outcome === 'permitted'
    ? { outcome: 'permitted', authority: judged.authority }
    : { outcome: 'violated', violations: [...judged.refusals] }
}

/** Nobody is made known by being asked about: the attempt is recorded without them. */
function refuseUnknown(
  command: Extract<ActivityCommand, { type: 'RefuseUnknown' }>,
): Decision<ActivityEvent> {
  const { attempted } = command
  const what: Attempted =
    attempted.type === 'RecordAct' ? attempted.act : { act: 'command', command: attempted.type }
  const explanation = "No such person is in this controller's custody."
  return refused(command, what, [refuse('subject_unknown', {}, explanation)])
}

function refused(
  { on, source }: ActivityCommand,
  attempted: Attempted,
  found: readonly Refusal[],
): Decision<ActivityEvent> {
  const refusals = inPrecedence(found)
  const data = { on, source, attempted, refusals }
  return { outcome: 'refused', refusals, events: [{ type: 'ActivityRefused', version: 1, data }] }
}

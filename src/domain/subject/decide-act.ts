import type { Decision } from '../decision.ts'
import type { Act, Collect, Judgement, Share, Use } from '../judgement.ts'
import { retentionOf } from '../policy/compile.ts'
import { judge } from '../policy/judge.ts'
import type { Judged, JudgingContext } from '../policy/judging.ts'
import { lotFor, transientLot } from '../policy/lots.ts'
import {
  assertNever,
  type CalendarDuration,
  type Day,
  type Lot,
  type Reference,
  type RuleId,
} from '../values.ts'
import type { SubjectCommand } from './commands.ts'
import type { CollectedItem, Retention, SubjectEvent } from './events.ts'
import { recorded, refusedAct } from './refused.ts'
import type { SubjectState } from './state.ts'

type RecordAct = Extract<SubjectCommand, { type: 'RecordAct' }>
type Decided<A extends Act> = Readonly<{
  command: RecordAct
  act: A
  state: SubjectState
  context: JudgingContext
  judged: Judged
  judgement: Judgement
}>

/** A lot without a retention rule: what policy forbids is held all the same, and must be due at once. */
export const UNSCHEDULED = 'unscheduled' as RuleId
const AT_ONCE = 'P0D' as CalendarDuration

/**
 * A collection, use or share. `enforce`: recorded with its authority, or refused. `observe`: it
 * happened, so it is recorded whatever the policy says, with every rule that it breaks.
 */
export function decideAct(
  command: RecordAct,
  state: SubjectState,
  context: JudgingContext,
): Decision<SubjectEvent> {
  const { act, mode, at } = command
  const judged = judge(act, { at, mode }, state, context)
  if (judged.outcome === 'refused' && mode === 'enforce') {
    return refusedAct(command, act, judged.refusals)
  }
  const judgement = judgementOf(judged)
  const decided = { command, state, context, judged, judgement }
  switch (act.act) {
    case 'collect':
      return recorded(collection({ ...decided, act }))
    case 'use':
      return recorded(...use({ ...decided, act }))
    case 'share':
      return recorded(share({ ...decided, act }))
    default:
      return assertNever(act)
  }
}

function judgementOf(judged: Judged): Judgement {
  return judged.outcome === 'permitted'
    ? { outcome: 'permitted', authority: judged.authority }
    : { outcome: 'violated', violations: [...judged.refusals] }
}

function collection(decided: Decided<Collect>): SubjectEvent {
  const { command, act, state, judged, judgement } = decided
  const { on, mode, source, fields } = command
  const lots = new Map<Lot, Retention>()
  const items: CollectedItem[] = []
  // A subject that is erased, or being erased, takes no value: the act is recorded without any.
  const takes = state.status === 'unknown' || state.status === 'active'
  for (const category of takes ? new Set(act.categories) : []) {
    const retention = retentionFor(decided, category)
    lots.set(retention.lot, retention)
    items.push({ category, fields: [...(fields[category] ?? [])], lot: retention.lot })
  }
  const transient = judged.collection?.transient ?? false
  const kept = { items, lots: [...lots.values()], transient }
  const data = { on, mode, source, act, ...kept, judgement }
  return { type: 'DataCollected', version: 1, data }
}

function retentionFor(
  { command, act, state, context, judged }: Decided<Collect>,
  category: CollectedItem['category'],
): Retention {
  const { on, eventId } = command
  const found = context.policy && retentionOf(context.policy, act.kind, category)
  if (judged.collection?.transient) {
    return {
      lot: transientLot(judged.collection, eventId),
      rule: judged.collection.id,
      trigger: 'collection',
      // What is never used falls due as the policy says of its category.
      keep: found?.keep ?? AT_ONCE,
      minimum: null,
    }
  }
  const { id: rule, trigger, keep } = found ?? unscheduled
  const lot = found ? lotFor(found, on) : (UNSCHEDULED as string as Lot)
  const minimum = found?.minimum ?? null
  return { lot: openLot(state, lot, rule, on, eventId), rule, trigger, keep, minimum }
}

const unscheduled = { id: UNSCHEDULED, trigger: 'last-activity', keep: AT_ONCE } as const

/**
 * The lot, or where a deletion is pending on that, one of its own beside it: what is being deleted, or
 * waits for a hold to end, takes no new value, and what is collected meanwhile does not go with it.
 */
function openLot(
  state: SubjectState,
  lot: Lot,
  rule: RuleId,
  on: Day,
  eventId: RecordAct['eventId'],
): Lot {
  const beside = [lot, `${rule}/${on}` as Lot]
  const open = beside.find((candidate) => (state.lots.get(candidate)?.deletion ?? null) === null)
  return open ?? (`${rule}/${eventId}` as Lot)
}

/** S19, S32: the one use of a transient collection asks, in the same breath, for its deletion. */
function use({ command, act, state, judged, judgement }: Decided<Use>): SubjectEvent[] {
  const { on, mode, source, eventId } = command
  const lot = judged.spends === null ? undefined : state.lots.get(judged.spends)
  const spent = lot && !lot.spent ? judged.spends : null
  const data = { on, mode, source, act, spent, judgement }
  const used: SubjectEvent = { type: 'DataUsed', version: 1, data }
  if (!lot || spent === null || lot.deletion !== null) return [used]
  const deletion: SubjectEvent = {
    type: 'DeletionRequested',
    version: 1,
    data: {
      on,
      deletion: `transient.${eventId}` as Reference,
      cause: 'transient',
      everything: false,
      lots: [{ lot: spent, categories: [...lot.contents.keys()] }],
      request: null,
    },
  }
  return [used, deletion]
}

function share({ command, act, context, judgement }: Decided<Share>): SubjectEvent {
  const { on, mode, source } = command
  const recipientClass = context.recipient?.recipientClass ?? null
  const data = { on, mode, source, act, recipientClass, judgement }
  return { type: 'DataShared', version: 1, data }
}

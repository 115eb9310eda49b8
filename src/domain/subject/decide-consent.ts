import type { Decision } from '../decision.ts'
import { addTo } from '../policy/calendar.ts'
import { judgeConsentChange, judgeObjection, type ConsentChange } from '../policy/judge-choice.ts'
import type { JudgingContext } from '../policy/judging.ts'
import { refuse, type Ground } from '../policy/refusing.ts'
import { standingAt } from '../policy/standing.ts'
import type { Refusal } from '../refusal.ts'
import type { Day, ObligationId, PurposeKey } from '../values.ts'
import type { SubjectCommand } from './commands.ts'
import type { SubjectEvent } from './events.ts'
import { closedTo, NOTHING, recorded, refuseFor, refusedCommand } from './refused.ts'
import type { ConsentStatus, Standing, SubjectState } from './state.ts'

type Command<T extends SubjectCommand['type']> = Extract<SubjectCommand, { type: T }>
type Change = Command<
  | 'RequestConsent'
  | 'GiveConsent'
  | 'RefuseConsent'
  | 'WithdrawConsent'
  | 'Object'
  | 'LiftObjection'
>

/** A person can always say no: only an erased subject takes no word of it. */
const CLOSED_TO_NO = new Set<SubjectState['status']>(['erased'])
const CLOSED_TO_YES = new Set<SubjectState['status']>(['erased', 'fenced'])

/** The person is asked. Asking again, or while consent stands, adds nothing. */
export function decideRequestConsent(
  command: Command<'RequestConsent'>,
  state: SubjectState,
  context: JudgingContext,
): Decision<SubjectEvent> {
  const refusal = againstYes(command, 'request', state, context)
  if (refusal) return refusedCommand(command, refusal)
  const status = standing(command, state)?.status
  if (status === 'requested' || status === 'given') return NOTHING
  return recorded({ type: 'ConsentRequested', version: 1, data: changeData(command) })
}

/** S4: given, for as long as the policy says. What stands already is only given again to last longer. */
export function decideGiveConsent(
  command: Command<'GiveConsent'>,
  state: SubjectState,
  context: JudgingContext,
): Decision<SubjectEvent> {
  const refusal = againstYes(command, 'give', state, context)
  if (refusal) return refusedCommand(command, refusal)
  const { purpose, on, evidence } = command
  const lasts = context.policy?.purposes.get(purpose)?.declaration.consentLasts
  const expires = lasts === undefined ? null : addTo(on, lasts)
  const stands = standing(command, state)
  if (stands?.status === 'given' && !isLonger(expires, stands.expires)) return NOTHING
  const data = { ...changeData(command), evidence, expires }
  return recorded({ type: 'ConsentGiven', version: 1, data })
}

/** The person says no when asked, or instead of what they said before. */
export function decideRefuseConsent(
  command: Command<'RefuseConsent'>,
  state: SubjectState,
  context: JudgingContext,
): Decision<SubjectEvent> {
  const { mode } = command
  const refusal =
    closedTo(state, CLOSED_TO_NO) ??
    (mode === 'enforce' ? againstWord(command, 'refuse', state, context) : null)
  if (refusal) return refusedCommand(command, refusal)
  if (standing(command, state)?.status === 'refused') return NOTHING
  return recorded({ type: 'ConsentRefused', version: 1, data: changeData(command) })
}

/**
 * N1: once this is recorded no use is permitted. Also where no policy is in force. An observed
 * withdrawal of what was never seen given is recorded: it happened.
 */
export function decideWithdrawConsent(
  command: Command<'WithdrawConsent'>,
  state: SubjectState,
  context: JudgingContext,
): Decision<SubjectEvent> {
  const closed = closedTo(state, CLOSED_TO_NO)
  if (closed) return refusedCommand(command, closed)
  const { mode, at, purpose } = command
  const status = standingAt(state.consents.get(purpose), { at, mode })?.status
  if (status === 'withdrawn') return NOTHING
  if (mode === 'enforce' && status !== 'given') {
    return notGiven(command, 'withdraw', context)
  }
  return recorded({ type: 'ConsentWithdrawn', version: 1, data: changeData(command) })
}

/** A consent given for a time has run out. */
export function decideExpireConsent(
  command: Command<'ExpireConsent'>,
  state: SubjectState,
  context: JudgingContext,
): Decision<SubjectEvent> {
  const closed = closedTo(state, CLOSED_TO_NO)
  if (closed) return refusedCommand(command, closed)
  const { at, on, purpose } = command
  const last = standingAt(state.consents.get(purpose), { at, mode: 'enforce' })
  if (last?.status === 'expired') return NOTHING
  if (last?.status !== 'given' || !hasExpired(last, on)) return notGiven(command, 'expire', context)
  return recorded({ type: 'ConsentExpired', version: 1, data: { on, purpose } })
}

/**
 * S3, S13: from here every use for the purpose is refused. S27: where the policy says that it cannot be
 * objected to, the answer is its explanation, in both modes: that refusal is the fact.
 */
export function decideObject(
  command: Command<'Object'>,
  state: SubjectState,
  context: JudgingContext,
): Decision<SubjectEvent> {
  const closed = closedTo(state, CLOSED_TO_NO)
  if (closed) return refusedCommand(command, closed)
  const { mode, at, purpose } = command
  const refusal = context.policy && judgeObjection(purpose, state.kinds.keys(), context.policy)
  if (refusal && (mode === 'enforce' || refusal.code !== 'word_unknown')) {
    return refusedCommand(command, refusal)
  }
  if (standingAt(state.objections.get(purpose), { at, mode })?.status === 'made') return NOTHING
  return recorded({ type: 'ObjectionMade', version: 1, data: changeData(command) })
}

/** S3, N4: an objection that outlived the erasure of whom it came from. It binds whoever they are now. */
export function decideCarryOverObjection(
  { on, at, purpose }: Command<'CarryOverObjection'>,
  state: SubjectState,
): Decision<SubjectEvent> {
  const standing = standingAt(state.objections.get(purpose), { at, mode: 'enforce' })
  if (state.status === 'erased' || standing?.status === 'made') return NOTHING
  return recorded({ type: 'ObjectionCarriedOver', version: 1, data: { on, purpose } })
}

/** The person asks for it again. */
export function decideLiftObjection(
  command: Command<'LiftObjection'>,
  state: SubjectState,
  context: JudgingContext,
): Decision<SubjectEvent> {
  const { mode, at, purpose } = command
  const closed = closedTo(state, mode === 'enforce' ? CLOSED_TO_YES : CLOSED_TO_NO)
  if (closed) return refusedCommand(command, closed)
  const status = standingAt(state.objections.get(purpose), { at, mode })?.status
  if (status === 'lifted') return NOTHING
  if (mode === 'enforce' && status !== 'made') {
    const explanation = `No objection to ${purpose} stands; there is nothing to lift.`
    return refuseFor(command, 'objection_not_made', explanation, promise(purpose, context))
  }
  return recorded({ type: 'ObjectionLifted', version: 1, data: changeData(command) })
}

function againstYes(
  command: Command<'RequestConsent' | 'GiveConsent'>,
  change: ConsentChange,
  state: SubjectState,
  context: JudgingContext,
): Refusal | null {
  if (command.mode === 'observe') return closedTo(state, CLOSED_TO_NO)
  return closedTo(state, CLOSED_TO_YES) ?? againstWord(command, change, state, context)
}

function againstWord(
  { at, mode, purpose }: Change,
  change: ConsentChange,
  state: SubjectState,
  { policy }: JudgingContext,
): Refusal | null {
  if (policy) return judgeConsentChange(purpose, change, state, { at, mode }, policy)
  const ground = { obligation: 'S1' as ObligationId }
  const explanation = 'No policy of the controller is in force at that time; publish one first.'
  return refuse('policy_not_in_force', ground, explanation)
}

/** What stands at the command's moment; a consent that has run out stands no longer. */
function standing(
  { at, on, mode, purpose }: Change,
  state: SubjectState,
): Standing<ConsentStatus> | null {
  const found = standingAt(state.consents.get(purpose), { at, mode })
  return found?.status === 'given' && hasExpired(found, on)
    ? { ...found, status: 'expired' }
    : found
}

function hasExpired({ expires }: Standing<ConsentStatus>, on: Day): boolean {
  return expires !== null && expires <= on
}

/** Null: without end. */
function isLonger(expires: Day | null, than: Day | null): boolean {
  return than !== null && (expires === null || expires > than)
}

function notGiven(
  command: Command<'WithdrawConsent' | 'ExpireConsent'>,
  verb: 'withdraw' | 'expire',
  context: JudgingContext,
): Decision<SubjectEvent> {
  const explanation = `No consent to ${command.purpose} stands; there is nothing to ${verb}.`
  return refuseFor(command, 'consent_not_given', explanation, promise(command.purpose, context))
}

function promise(purpose: PurposeKey, { policy }: JudgingContext): Ground {
  return { obligation: policy?.purposes.get(purpose)?.declaration.obligation }
}

function changeData({ on, mode, source, purpose, channel }: Change) {
  return { on, mode, source, purpose, channel }
}

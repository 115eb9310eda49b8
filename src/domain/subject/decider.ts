import type { Decider, Decision } from '../decision.ts'
import type { JudgingContext } from '../policy/judging.ts'
import { assertNever } from '../values.ts'
import type { SubjectCommand } from './commands.ts'
import { decideAct } from './decide-act.ts'
import {
  decideCarryOverObjection,
  decideExpireConsent,
  decideGiveConsent,
  decideLiftObjection,
  decideObject,
  decideRefuseConsent,
  decideRequestConsent,
  decideWithdrawConsent,
} from './decide-consent.ts'
import {
  decideCompleteDeletion,
  decideDeferDeletion,
  decideRequestDeletion,
  decideResumeDeletion,
} from './decide-deletion.ts'
import { decideEndResidue, decideReapplyDeletion } from './decide-residue.ts'
import {
  decideCloseAccount,
  decideCorrectData,
  decideNotifySubject,
  decideOpenAccount,
  decideRecordAccess,
} from './decide-record.ts'
import type { SubjectEvent } from './events.ts'
import { evolve } from './evolve.ts'
import { initialSubject, type SubjectState } from './state.ts'

/**
 * Decides what is asked of one subject's stream: the events to record, or a refusal with the event that
 * shows the attempt. Pure, and total: every command in every state has an answer.
 */
export function decide(
  command: SubjectCommand,
  state: SubjectState,
  context: JudgingContext,
): Decision<SubjectEvent> {
  switch (command.type) {
    case 'RecordAct':
      return decideAct(command, state, context)
    case 'RequestConsent':
      return decideRequestConsent(command, state, context)
    case 'GiveConsent':
      return decideGiveConsent(command, state, context)
    case 'RefuseConsent':
      return decideRefuseConsent(command, state, context)
    case 'WithdrawConsent':
      return decideWithdrawConsent(command, state, context)
    case 'ExpireConsent':
      return decideExpireConsent(command, state, context)
    case 'Object':
      return decideObject(command, state, context)
    case 'LiftObjection':
      return decideLiftObjection(command, state, context)
    case 'CorrectData':
      return decideCorrectData(command, state)
    case 'OpenAccount':
      return decideOpenAccount(command, state)
    case 'CloseAccount':
      return decideCloseAccount(command, state)
    case 'NotifySubject':
      return decideNotifySubject(command, state)
    case 'RecordAccess':
      return decideRecordAccess(command, state)
    case 'RequestDeletion':
      return decideRequestDeletion(command, state)
    case 'DeferDeletion':
      return decideDeferDeletion(command, state)
    case 'ResumeDeletion':
      return decideResumeDeletion(command, state)
    case 'CompleteDeletion':
      return decideCompleteDeletion(command, state)
    case 'ReapplyDeletion':
      return decideReapplyDeletion(command)
    case 'EndResidue':
      return decideEndResidue(command, state)
    case 'CarryOverObjection':
      return decideCarryOverObjection(command, state)
    default:
      return assertNever(command)
  }
}

/** The life of one subject's data. */
export const subjectDecider: Decider<SubjectState, SubjectCommand, SubjectEvent, JudgingContext> = {
  initialState: initialSubject,
  decide,
  evolve,
}

import type { Decision } from '../decision.ts'
import type { Act } from '../judgement.ts'
import { refuse, type Ground } from '../policy/refusing.ts'
import { inPrecedence, type Refusal, type RefusalCode } from '../refusal.ts'
import type { ObligationId } from '../values.ts'
import type { SubjectCommand } from './commands.ts'
import type { SubjectEvent } from './events.ts'
import type { SubjectState } from './state.ts'

/** Nothing was left to do. */
export const NOTHING: Decision<SubjectEvent> = { outcome: 'recorded', events: [] }

/** These events. */
export function recorded(...events: readonly SubjectEvent[]): Decision<SubjectEvent> {
  return { outcome: 'recorded', events }
}

/** An attempted act is refused; all that is said against it is recorded. */
export function refusedAct(
  { on, source }: SubjectCommand,
  attempted: Act,
  found: readonly Refusal[],
): Decision<SubjectEvent> {
  const refusals = inPrecedence(found)
  const data = { on, source, attempted, refusals }
  return { outcome: 'refused', refusals, events: [{ type: 'ActRefused', version: 1, data }] }
}

/** A command that is no act is refused, and the attempt recorded. */
export function refusedCommand(
  command: SubjectCommand,
  ...found: readonly Refusal[]
): Decision<SubjectEvent> {
  const { on, source, type } = command
  const refusals = inPrecedence(found)
  const purpose = 'purpose' in command ? { purpose: command.purpose } : {}
  const attempted = { act: 'command' as const, command: type, ...purpose }
  const data = { on, source, attempted, refusals }
  return { outcome: 'refused', refusals, events: [{ type: 'ActRefused', version: 1, data }] }
}

/** `refusedCommand` for one reason. */
export function refuseFor(
  command: SubjectCommand,
  code: RefusalCode,
  explanation: string,
  ground: Ground = {},
): Decision<SubjectEvent> {
  return refusedCommand(command, refuse(code, ground, explanation))
}

/** Obligations of the ledger's own making: kept whatever a policy says. */
export const PERSON_MAY_DELETE = 'S30' as ObligationId
export const HOLD_DEFERS = 'S36' as ObligationId

/** Why nothing can be added to a subject that is erased, being erased, or was never there; else null. */
export function closedTo(
  state: SubjectState,
  closed: ReadonlySet<SubjectState['status']>,
): Refusal | null {
  if (!closed.has(state.status)) return null
  switch (state.status) {
    case 'unknown':
      return refuse('subject_unknown', {}, 'Nothing was ever recorded of this person.')
    case 'fenced':
      return refuse(
        'subject_fenced',
        {},
        'An erasure of this person is under way; nothing new is begun with them.',
      )
    case 'erased':
      return refuse(
        'subject_erased',
        {},
        'This person was erased; a new relationship is a new subject.',
      )
    case 'active':
      return null
  }
}

import type { Decider, Decision } from '../decision.ts'
import type { RefusalCode } from '../refusal.ts'
import { record, refuseStep } from '../step-refused.ts'
import { assertNever, type ObligationId } from '../values.ts'
import type { HoldCommand } from './commands.ts'
import type { HoldEvent } from './events.ts'

type Placed = Extract<HoldEvent, { type: 'HoldPlaced' }>['data']

/** A hold in a matter: unknown, in force, or over. One that is over is not placed again. */
export type HoldState =
  | Readonly<{ status: 'unknown' }>
  | Readonly<{ status: 'placed'; hold: Placed }>
  | Readonly<{ status: 'released'; hold: Placed }>

const KEPT_LONGER = 'S36' as ObligationId

/** The life of one legal hold (S36). */
export const holdDecider: Decider<HoldState, HoldCommand, HoldEvent, undefined> = {
  initialState: () => ({ status: 'unknown' }),
  decide,
  evolve,
}

function decide(command: HoldCommand, state: HoldState): Decision<HoldEvent> {
  switch (command.type) {
    case 'PlaceHold':
      return place(command, state)
    case 'ReleaseHold': {
      if (state.status === 'unknown') {
        return refused(command, 'not_found', 'No hold was placed in this matter.')
      }
      if (state.status === 'released') return record()
      const data = { reason: command.reason }
      return record<HoldEvent>({ type: 'HoldReleased', version: 1, data })
    }
    default:
      return assertNever(command)
  }
}

function place(
  command: Extract<HoldCommand, { type: 'PlaceHold' }>,
  state: HoldState,
): Decision<HoldEvent> {
  const { title, ground, scope, document } = command
  const data = { title, ground, scope, document }
  switch (state.status) {
    case 'unknown':
      return record<HoldEvent>({ type: 'HoldPlaced', version: 1, data })
    case 'placed':
      if (isSame(state.hold, data)) return record()
      return refused(command, 'already_exists', 'A hold with other terms is placed in this matter.')
    case 'released':
      return refused(
        command,
        'already_exists',
        'The hold in this matter was released; name a new one.',
      )
    default:
      return assertNever(state)
  }
}

function isSame(known: Placed, said: Placed): boolean {
  return canonical(known) === canonical(said)
}

/** Independent of the order in which a scope's lists were written down. */
function canonical({ title, ground, scope, document }: Placed): string {
  const lists = Object.entries(scope).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([title, ground, lists, document])
}

function refused(
  command: HoldCommand,
  code: RefusalCode,
  explanation: string,
): Decision<HoldEvent> {
  return refuseStep('HoldStepRefused', command, code, explanation, { obligation: KEPT_LONGER })
}

function evolve(state: HoldState, event: HoldEvent): HoldState {
  switch (event.type) {
    case 'HoldPlaced':
      return { status: 'placed', hold: event.data }
    case 'HoldReleased':
      return state.status === 'placed' ? { status: 'released', hold: state.hold } : state
    case 'HoldStepRefused':
      return state
    default:
      return assertNever(event)
  }
}

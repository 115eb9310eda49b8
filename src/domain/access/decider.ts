import type { Decider, Decision } from '../decision.ts'
import { record, refuseStep } from '../step-refused.ts'
import { assertNever, type Reference } from '../values.ts'
import type { AccessCommand } from './commands.ts'
import type { AccessEvent, Role } from './events.ts'

/** One token and whether it still opens anything. */
export type Token = Readonly<{
  status: 'issued' | 'revoked'
  role: Role
  label: string
  digest: string
}>

/** The tokens of one controller; `evolve` changes the map in place. */
export type AccessState = { tokens: Map<Reference, Token> }

/** Who may speak to the ledger for a controller (S45). A name, once given, is never given again. */
export const accessDecider: Decider<AccessState, AccessCommand, AccessEvent, undefined> = {
  initialState: () => ({ tokens: new Map() }),
  decide,
  evolve,
}

function decide(command: AccessCommand, { tokens }: AccessState): Decision<AccessEvent> {
  const known = tokens.get(command.token)
  switch (command.type) {
    case 'IssueToken': {
      if (known) {
        const explanation = 'A token of this name was issued already; give it another.'
        return refuseStep('AccessStepRefused', command, 'already_exists', explanation)
      }
      const { token, role, label, digest } = command
      const data = { token, role, label, digest }
      return record<AccessEvent>({ type: 'TokenIssued', version: 1, data })
    }
    case 'RevokeToken': {
      if (!known) {
        const explanation = 'No token of this name was issued.'
        return refuseStep('AccessStepRefused', command, 'not_found', explanation)
      }
      if (known.status === 'revoked') return record()
      const data = { token: command.token, reason: command.reason }
      return record<AccessEvent>({ type: 'TokenRevoked', version: 1, data })
    }
    default:
      return assertNever(command)
  }
}

function evolve(state: AccessState, event: AccessEvent): AccessState {
  switch (event.type) {
    case 'TokenIssued': {
      const { token, role, label, digest } = event.data
      state.tokens.set(token, { status: 'issued', role, label, digest })
      return state
    }
    case 'TokenRevoked': {
      const known = state.tokens.get(event.data.token)
      if (known) state.tokens.set(event.data.token, { ...known, status: 'revoked' })
      return state
    }
    case 'AccessStepRefused':
      return state
    default:
      return assertNever(event)
  }
}

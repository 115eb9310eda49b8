import { recipientDecider } from '../domain/recipient/decider.ts'
import type { RecipientCommand } from '../domain/recipient/commands.ts'
import type { RecipientId } from '../domain/values.ts'
import type { Executor } from '../ledger/execute-types.ts'
import type { Register } from './register.ts'
import type { Caller, Outcome, RecipientService } from './services.ts'
import { takeStep } from './steps.ts'

/** Registers recipients and what they may do (S12, S48). */
export function createRecipients(executor: Executor, register: Register): RecipientService {
  async function step(
    caller: Caller,
    recipient: RecipientId,
    command: RecipientCommand,
  ): Promise<Outcome> {
    const outcome = await takeStep(executor, caller, {
      kind: 'recipient',
      id: recipient,
      decider: recipientDecider,
      command: () => command,
      context: undefined,
    })
    register.noteWritten(caller.controller, 'recipient', recipient)
    return outcome
  }

  return {
    register: (caller, { recipient, ...rest }) =>
      step(caller, recipient, { type: 'RegisterRecipient', ...rest }),
    signContract: (caller, { recipient, ...rest }) =>
      step(caller, recipient, { type: 'SignContract', ...rest }),
    endContract: (caller, { recipient, ...rest }) =>
      step(caller, recipient, { type: 'EndContract', ...rest }),
    suspend: (caller, { recipient, reason }) =>
      step(caller, recipient, { type: 'SuspendRecipient', reason }),
    reinstate: (caller, { recipient, reason }) =>
      step(caller, recipient, { type: 'ReinstateRecipient', reason }),
  }
}

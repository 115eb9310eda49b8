import type { Executor } from '../ledger/execute-types.ts'
import type { Register } from './register.ts'
import type { ConsentService } from './services.ts'
import { takeSubjectStep } from './subject-step.ts'

/** Ends consents whose time has come; what people say of theirs comes as lines. */
export function createConsents(executor: Executor, register: Register): ConsentService {
  return {
    async expire(caller, { subject, purpose }) {
      const { timeZone } = await register.ready(caller.controller)
      const command = { type: 'ExpireConsent', purpose } as const
      const step = { subject, at: null, timeZone, command }
      const answer = await takeSubjectStep(executor, caller, step)
      return { recorded: answer.outcome === 'recorded' && answer.events.length > 0 }
    },
  }
}

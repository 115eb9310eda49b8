import { streamName } from '../domain/envelope.ts'
import { dayOf } from '../domain/policy/calendar.ts'
import type { SubjectCommand } from '../domain/subject/commands.ts'
import { subjectDecider } from '../domain/subject/decider.ts'
import { SourceId } from '../domain/values.ts'
import type { Executor } from '../ledger/execute-types.ts'
import type { Register } from './register.ts'
import type { ConsentService } from './services.ts'

const CUSTODY = SourceId.parse('custody')

/** Ends consents whose time has come; what people say of theirs comes as lines. */
export function createConsents(executor: Executor, register: Register): ConsentService {
  return {
    async expire(caller, { subject, purpose }) {
      const { timeZone } = await register.ready(caller.controller)
      const answer = await executor.execute({
        stream: streamName('subject', caller.controller, subject),
        decider: subjectDecider,
        meta: {
          controller: caller.controller,
          principal: caller.principal,
          correlation: caller.correlation,
          causation: null,
          occurredAt: null,
          operation: null,
        },
        prepare: ({ eventId, at }) => {
          const on = dayOf(at, timeZone)
          const command: SubjectCommand = {
            type: 'ExpireConsent',
            ...{ eventId, at, on, source: CUSTODY, purpose },
          }
          const context = { policy: null, recipient: null, transferUnderWay: false }
          return { command, context, policyVersion: null }
        },
      })
      return { recorded: answer.outcome === 'recorded' && answer.events.length > 0 }
    },
  }
}

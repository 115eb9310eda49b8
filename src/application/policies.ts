import { createHash } from 'node:crypto'
import { parseDocument } from 'yaml'
import { policyDecider } from '../domain/policy/decider.ts'
import type { PolicyCommand } from '../domain/policy/commands.ts'
import { parsePolicy } from '../domain/policy/parse.ts'
import { dayOf } from '../domain/policy/calendar.ts'
import type { Policy } from '../domain/policy/schema.ts'
import type { Instant, Reference } from '../domain/values.ts'
import type { Executor, Given } from '../ledger/execute-types.ts'
import type { Register } from './register.ts'
import type { Caller, Invalid, Outcome, PolicyService } from './services.ts'
import { takeStep } from './steps.ts'

/** Publishes policies and brings them into effect, in the order that S43 asks for. */
export function createPolicies(executor: Executor, register: Register): PolicyService {
  async function step(
    caller: Caller,
    policy: Reference,
    command: (given: Given) => PolicyCommand,
    at: Instant | null = null,
  ): Promise<Outcome> {
    const outcome = await takeStep(executor, caller, {
      kind: 'policy',
      id: policy,
      decider: policyDecider,
      command,
      context: undefined,
      at,
    })
    register.noteWritten(caller.controller, 'policy', policy)
    return outcome
  }

  return {
    timeZone: async ({ controller }) => (await register.ready(controller)).timeZone,
    async publish(caller, document, at) {
      const read = readPolicy(document)
      if ('outcome' in read) return read
      if (read.controller.id !== caller.controller) {
        return invalid('controller.id', 'must be the controller that the caller is bound to')
      }
      const digest = createHash('sha256').update(document).digest('hex')
      return step(
        caller,
        read.policy,
        () => ({ type: 'PublishPolicy', policy: read, document, digest }),
        at,
      )
    },
    giveNotice: (caller, { policy, ...rest }) =>
      step(caller, policy, () => ({ type: 'GivePolicyNotice', ...rest })),
    async bringIntoEffect(caller, { policy, version }) {
      const { timeZone } = await register.ready(caller.controller)
      return step(caller, policy, ({ at }) => ({
        type: 'BringPolicyIntoEffect',
        version,
        on: dayOf(at, timeZone),
      }))
    },
    retire: (caller, { policy, ...rest }) =>
      step(caller, policy, () => ({ type: 'RetirePolicy', ...rest })),
  }
}

function readPolicy(document: string): Policy | Invalid {
  const yaml = parseDocument(document)
  const broken = yaml.errors[0]
  if (broken) {
    const line = broken.linePos?.[0].line
    return invalid('document', `is not YAML${line ? ` at line ${line}` : ''}: ${broken.code}`)
  }
  let value: unknown
  try {
    value = yaml.toJS()
  } catch {
    // An alias bomb: the library stops counting, and so do we.
    return invalid('document', 'has too many aliases')
  }
  const parsed = parsePolicy(value)
  if (parsed.ok) return parsed.policy
  const first = parsed.problems[0]!
  return invalid(`document.${first.path}`, first.rule)
}

function invalid(field: string, rule: string): Invalid {
  return { outcome: 'invalid', field, rule }
}

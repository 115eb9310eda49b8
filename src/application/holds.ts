import type { HoldCommand } from '../domain/hold/commands.ts'
import { holdDecider } from '../domain/hold/decider.ts'
import type { Reference } from '../domain/values.ts'
import type { Executor } from '../ledger/execute-types.ts'
import type { Caller, HoldService } from './services.ts'
import { takeStep } from './steps.ts'

/** Places and releases legal holds (S36). What a release lets go is taken up by the retention job. */
export function createHolds(executor: Executor): HoldService {
  const step = (caller: Caller, matter: Reference, command: HoldCommand) =>
    takeStep(executor, caller, {
      kind: 'hold',
      id: matter,
      decider: holdDecider,
      command: () => command,
      context: undefined,
    })
  return {
    place: (caller, { matter, ...rest }) => step(caller, matter, { type: 'PlaceHold', ...rest }),
    release: (caller, { matter, reason }) => step(caller, matter, { type: 'ReleaseHold', reason }),
  }
}

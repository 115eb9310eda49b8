import { holdDecider } from '../domain/hold/decider.ts'
import type { Executor } from '../ledger/execute-types.ts'
import type { HoldService } from './services.ts'
import { takeStep } from './steps.ts'

/** Places and releases legal holds (S36). What a release lets go is taken up by the retention job. */
export function createHolds(executor: Executor): HoldService {
  return {
    place: (caller, { matter, ...rest }) =>
      takeStep(executor, caller, {
        kind: 'hold',
        id: matter,
        decider: holdDecider,
        command: () => ({ type: 'PlaceHold', ...rest }),
        context: undefined,
      }),
    release: (caller, { matter, reason }) =>
      takeStep(executor, caller, {
        kind: 'hold',
        id: matter,
        decider: holdDecider,
        command: () => ({ type: 'ReleaseHold', reason }),
        context: undefined,
      }),
  }
}

import { runDecider } from '../domain/activity/decider.ts'
import type { RunCommand } from '../domain/activity/commands.ts'
import type { Executor } from '../ledger/execute-types.ts'
import type { RunService } from './services.ts'
import { takeStep } from './steps.ts'

/** Writes down what a job's run came to; said again, it adds nothing. */
export function createRuns(executor: Executor): RunService {
  return {
    record(caller, run) {
      const command: RunCommand = { type: 'RecordRun', ...run }
      return takeStep(executor, caller, {
        kind: 'run',
        id: run.run,
        decider: runDecider,
        command: () => command,
        context: undefined,
      })
    },
  }
}

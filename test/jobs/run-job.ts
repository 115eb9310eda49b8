import type { Caller } from '../../src/application/services.ts'
import { Day } from '../../src/domain/values.ts'
import { runRetention, type RetentionJob } from '../../src/jobs/retention.ts'
import type { Custody } from '../../src/main.ts'

/** Long after everything that the tests give has fallen due. */
export const asOf = Day.parse('2017-06-30')

/** Runs the job on the real services, as the command line does. */
export function runJob(
  { services, views }: Custody,
  caller: Caller,
  over: Partial<RetentionJob> = {},
) {
  return runRetention({
    services,
    views,
    caller,
    asOf,
    dryRun: false,
    recordRun: (by, ran) => services.runs.record(by, ran),
    expireConsent: (by, consent) => services.consents.expire(by, consent),
    ...over,
  })
}

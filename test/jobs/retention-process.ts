import { openCustody } from '../../src/main.ts'
import { ControllerId, Principal } from '../../src/domain/values.ts'
import { configure } from '../../src/config.ts'
import { asOf, runJob } from './run-job.ts'

/**
 * A process of its own that runs the retention job once on the stores that the environment names. Says
 * `running` when the job begins, and the summary as JSON when it has ended.
 */
const configuration = configure(process.env)
const custody = await openCustody(configuration)
process.stdout.write('running\n')
const { summary } = await runJob(
  custody,
  {
    controller: ControllerId.parse(configuration.controller),
    principal: Principal.parse('job:retention'),
    correlation: `run-${process.pid}`,
  },
  { asOf },
)
process.stdout.write(`${JSON.stringify(summary)}\n`)
await custody.close()

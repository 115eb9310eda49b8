import { configure } from '../../src/config.ts'
import { Principal } from '../../src/domain/values.ts'
import { openCustody } from '../../src/main.ts'
import { notify } from './downstream.ts'

/** A process of its own that tells once what is due on the stores that the environment names. */
const configuration = configure(process.env)
const custody = await openCustody(configuration)
const result = await notify(custody, {
  controller: configuration.controller,
  principal: Principal.parse('job:notify'),
  correlation: `run-${process.pid}`,
})
process.stdout.write(`${JSON.stringify(result)}\n`)
await custody.close()

import { measure, median, rounded, summary, type Measured } from './rounds.ts'
import { load, startBare, startCustody } from './support/server.ts'
import { inDirectory } from './support/workspace.ts'

const people = 1_000
const connections = 32
const seconds = 4
const warmUpSeconds = 12

/**
 * P1: durable append through HTTP, one act a request, with judging, sealing and live projections, beside
 * fastify that parses the same bodies with the same schema and stores nothing. `ratio` is in requests a
 * second; `p99Ratio` is ours to the limit's, in milliseconds.
 */
export async function append(): Promise<Measured> {
  return inDirectory(async (directory) => {
    const custody = await startCustody(directory, people)
    const bare = await startBare()
    const run = ({ address, token }: typeof custody, seed: number, length = seconds) =>
      load({ address, token, seconds: length, connections, people, seed })
    try {
      // A server runs for long: neither is measured while its code is still being compiled.
      await run(bare, 1, warmUpSeconds / 2)
      await run(custody, 1, warmUpSeconds)
      const rounds = await measure('P1', async (index) => {
        const limit = await run(bare, index + 2)
        const ours = await run(custody, index + 2)
        return { ours: ours.rate, limit: limit.rate, p99: ours.p99, limitP99: limit.p99 }
      })
      const { counted } = rounds
      return {
        ...summary('requests/s', rounds),
        p99: rounded(median(counted.map(({ p99 }) => p99))),
        limitP99: rounded(median(counted.map(({ limitP99 }) => limitP99))),
        p99Ratio: rounded(median(counted.map(({ p99, limitP99 }) => p99 / limitP99))),
      }
    } finally {
      await custody.stop()
      await bare.stop()
    }
  })
}

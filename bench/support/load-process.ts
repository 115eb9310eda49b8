import autocannon from 'autocannon'
import { acts } from './lines.ts'
import type { Load, Loaded } from './server.ts'

/** Load on one server: each connection sends acts of its own, one after the other. */
const { address, token, seconds, connections, people, seed } = JSON.parse(process.argv[2]!) as Load

const bodiesOfConnection = 500
let connection = 0

const result = await autocannon({
  url: `${address}/v1/acts`,
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
  connections,
  duration: seconds,
  setupClient: (client) => {
    connection += 1
    const own = acts(bodiesOfConnection, people, seed * 1_000 + connection)
    client.setRequests([...own].map((line) => ({ body: JSON.stringify(line) })))
  },
})
const loaded: Loaded = {
  rate: result['2xx'] / result.duration,
  p50: result.latency.p50,
  p99: result.latency.p99,
  failed: result.errors + result.timeouts + result.non2xx,
}
process.send!(loaded, () => process.disconnect())

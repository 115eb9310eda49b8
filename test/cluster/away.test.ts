import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { StandIn } from '../support/eventstore/stand-in.ts'
import { startCli, type Place } from '../support/run-cli.ts'
import { serveCli } from '../support/serve-cli.ts'

let directory: string
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'custody-away-'))))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const placeOf = (name: string, eventStore: string): Place => ({
  data: join(directory, name),
  rootKeyFile: join(directory, `${name}.keys`, 'root.key'),
  eventStore,
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

describe('a node whose event store is away', { timeout: 120_000 }, () => {
  it('says so at the start and ends, so that whoever looks after it can start it anew', async () => {
    const place = placeOf('start', `esdb://127.0.0.1:${await freePort()}?tls=false`)
    const child = startCli(place, ['serve', '--port', '0'])
    let said = ''
    child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()))
    expect(await once(child, 'close')).toEqual([3, null])
    expect(said).toContain("couldn't")
    expect(said).toContain('ECONNREFUSED')
  })

  it('answers 503 meanwhile, goes on when it is back, and ends when it is told to', async () => {
    const standIn = await StandIn.start({ path: join(directory, 'journal') })
    const served = await serveCli(placeOf('running', standIn.connectionString))
    const ask = (path: string) =>
      fetch(served.address + path, { headers: { authorization: `Bearer ${served.token}` } })
    /** What it says is a second old at most. */
    const readiness = async (status: number) => {
      for (let time = 0; time < 300; time += 1) {
        const answer = await ask('/readyz')
        if (answer.status === status) return answer.json()
        await sleep(100)
      }
      throw new Error(`it never says ${status}`)
    }
    await readiness(200)
    await standIn.kill()
    expect(await readiness(503)).toMatchObject({ ready: false, ledger: { answers: false } })
    expect((await ask('/healthz')).status).toBe(200)
    const issued = await fetch(`${served.address}/v1/tokens`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${served.token}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ token: 'crm', role: 'source', label: 'crm' }),
    })
    expect(issued.status).toBe(503)
    expect(await issued.json()).toMatchObject({ type: 'urn:custody:problem:unavailable' })
    await standIn.restart()
    await readiness(200)
    await standIn.kill()
    expect(await served.stop()).toBe(0)
  })
})

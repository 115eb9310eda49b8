import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openReceiver, says, verifies, type Receiver } from '../support/receiver.ts'
import type { Place } from '../support/run-cli.ts'
import { serveCli, type Served } from '../support/serve-cli.ts'

const LONG_MS = 180_000

let directory: string
let place: Place
let receiver: Receiver
let served: Served | null = null
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'custody-webhooks-'))
  receiver = await openReceiver()
  place = {
    data: join(directory, 'data'),
    rootKeyFile: join(directory, 'keys', 'root.key'),
    webhookAllow: `127.0.0.1:${receiver.port}`,
  }
})
afterEach(async () => {
  await served?.stop('SIGKILL')
  served = null
  await receiver.close()
  rmSync(directory, { recursive: true, force: true })
})

type Asked = (path: string, body?: object) => Promise<Record<string, unknown>>

function asking(address: string, token: string): Asked {
  return async (path, body) => {
    const answer = await fetch(`${address}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: {
        authorization: `Bearer ${token}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
    return JSON.parse(text) as Record<string, unknown>
  }
}

const address = 'person-told@example.org'
const subject = { identifiers: [{ scheme: 'email', value: address }] }

async function collectAndErase(ask: Asked): Promise<void> {
  await ask('/v1/acts', {
    ...{ type: 'collect', mode: 'observe', source: 'crm', subject },
    ...{ property: 'www.symphonycommerce.com', channel: 'web-form', kind: 'prospect' },
    purposes: ['contact-prospect'],
    occurredAt: '2015-01-10T20:00:00.000Z',
    values: { 'user.contact.email': { address } },
  })
  const request = { request: 'r-1', kind: 'erasure', channel: 'email', subject }
  await ask('/v1/requests', request)
  await ask('/v1/requests/r-1/verification', { method: 'reply', handler: 'desk' })
  await ask('/v1/requests/r-1/fulfilment', { outcome: 'erased', handler: 'desk' })
}

describe('a node that serves', () => {
  it(
    'tells the source of an erasure by itself, also after it was killed, and lists what is open',
    async () => {
      served = await serveCli(place)
      const admin = asking(served.address, served.token!)
      const issued = await admin('/v1/tokens', { token: 'desk', role: 'officer', label: 'desk' })
      const officer = String(issued['secret'])
      let ask = asking(served.address, officer)
      const topics = ['person.erased']
      const registered = await ask('/v1/sources/crm/endpoint', { url: receiver.url, topics })
      const secret = String(registered['secret'])
      const open = async () =>
        (await ask('/v1/notifications?status=outstanding'))['rows'] as Record<string, unknown>[]

      // The receiver hangs: the message is on its way when the node is killed.
      receiver.answer(() => {})
      await collectAndErase(ask)
      await expect.poll(() => receiver.received.length, { timeout: 30_000 }).toBe(1)
      expect(await open()).toMatchObject([{ topic: 'person.erased', attempts: 0 }])
      await served.stop('SIGKILL')

      receiver.answer(says(204))
      served = await serveCli(place)
      ask = asking(served.address, officer)
      await expect.poll(() => receiver.received.length, { timeout: 30_000 }).toBe(2)
      await expect.poll(open, { timeout: 30_000 }).toEqual([])
      expect(await ask('/v1/notifications?status=confirmed')).toMatchObject({
        rows: [{ status: 'confirmed', attempts: 1, downstream: { kind: 'source', id: 'crm' } }],
      })
      const [first, second] = receiver.received
      expect(second!.body).toBe(first!.body)
      expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id'])
      expect(receiver.received.every((one) => verifies(one, secret))).toBe(true)
      for (const said of [second!.body, served.written()]) expect(said).not.toContain(address)
      expect(served.written()).not.toContain(secret)
      expect(await served.stop()).toBe(0)
      served = null
    },
    LONG_MS,
  )
})

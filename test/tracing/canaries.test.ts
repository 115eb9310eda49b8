import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openCollector, type Collector } from '../support/collector.ts'
import { sightings } from '../support/canaries.ts'
import { openReceiver, says, type Receiver } from '../support/receiver.ts'
import { runCli, type Place } from '../support/run-cli.ts'
import { serveCli, type Served } from '../support/serve-cli.ts'

const LONG_MS = 180_000

/** All that is sent of a person, or by one: each in a place of its own. */
const planted = {
  address: 'canary-traced-7f3a91@planted.example',
  name: 'Zoë "Traced" O’Caña\tvon 🎻 Kanarienvogel',
  street: 'Spurengasse 4711/b & Söhne <traced>',
  path: 'canary-path-4711@planted.example',
  query: 'canary-query-4711@planted.example',
  state: 'canary-state-4711',
  baggage: 'canary-baggage-4711',
  agent: 'canary-agent-4711',
  key: 'canary-idempotency-4711',
  method: 'erased by canary-handler-4711',
  body: 'canary-body-4711@planted.example',
}

const source = 'crm-canary-4711'
const request = 'request-canary-4711'

let directory: string
let place: Place
let receiver: Receiver
let collector: Collector
let served: Served | null = null
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'custody-traces-'))
  receiver = await openReceiver()
  receiver.answer(says(204))
  collector = await openCollector()
  place = {
    data: join(directory, 'data'),
    rootKeyFile: join(directory, 'keys', 'root.key'),
    webhookAllow: `127.0.0.1:${receiver.port}`,
  }
})
afterEach(async () => {
  await served?.stop('SIGKILL')
  served = null
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('OTEL_')) delete process.env[name]
  }
  await Promise.all([receiver.close(), collector.close()])
  rmSync(directory, { recursive: true, force: true })
})

type Ask = (path: string, body?: unknown) => Promise<{ status: number; text: string }>

function asking(address: string, token: string): Ask {
  return async (path, body) => {
    const answer = await fetch(`${address}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'user-agent': planted.agent,
        tracestate: `vendor=${planted.state}`,
        baggage: `who=${planted.baggage}`,
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'idempotency-key': `${planted.key}${path}` }),
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return { status: answer.status, text: await answer.text() }
  }
}

/** Everything that a person can be spoken of in: taken, refused, not understood, looked for and erased. */
async function liveAndDie(ask: Ask): Promise<string> {
  const subject = { identifiers: [{ scheme: 'email', value: planted.address }] }
  const about = { source, subject, property: 'www.symphonycommerce.com' }
  const good = async (path: string, body?: unknown) => {
    const { status, text } = await ask(path, body)
    expect(status, `${path} ${text}`).toBeLessThan(300)
    return JSON.parse(text) as Record<string, unknown>
  }
  const collected = await good('/v1/acts', {
    ...{ ...about, type: 'collect', mode: 'observe', channel: 'web-form', kind: 'prospect' },
    purposes: ['contact-prospect'],
    occurredAt: '2015-01-10T20:00:00.000Z',
    values: {
      'user.contact.email': { address: planted.address },
      'user.name': { full: planted.name },
      'user.contact.address': { street: planted.street },
    },
  })
  const pseudonym = String(collected['subject'])
  const refused = await ask('/v1/acts', {
    ...{ ...about, type: 'use', mode: 'enforce', purpose: 'promotional-mail' },
    ...{ categories: ['user.contact.email'], optOutOffered: true },
  })
  expect(refused.status).toBeGreaterThanOrEqual(400)
  expect((await ask('/v1/acts', `{"${planted.body}`)).status).toBe(400)
  expect((await ask('/v1/acts', { [planted.body]: planted.name })).status).toBe(400)
  expect((await ask(`/v1/requests/${planted.path}`)).status).toBeGreaterThanOrEqual(400)
  expect((await ask(`/${planted.path}`)).status).toBe(404)
  expect((await ask(`/v1/audit?${planted.query}=${planted.query}`)).status).toBeGreaterThan(399)
  await good('/v1/subjects/find', { subject })
  await good('/v1/subjects/inventory', { subject })
  expect((await ask(`/v1/subjects/${pseudonym}`)).status).toBe(404)
  await good('/v1/requests', { request, kind: 'erasure', channel: 'email', subject })
  const handler = 'desk'
  await good(`/v1/requests/${request}/verification`, { method: planted.method, handler })
  await good(`/v1/requests/${request}/fulfilment`, { outcome: 'erased', handler })
  return pseudonym
}

describe.each(['http/json', 'http/protobuf'])('what leaves as traces in %s', (protocol) => {
  it(
    'has nothing of anybody',
    async () => {
      Object.assign(process.env, {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      })
      served = await serveCli(place)
      const tokens = [served.token!]
      const admin = asking(served.address, served.token!)
      const issued = await admin('/v1/tokens', { token: 'desk', role: 'officer', label: 'desk' })
      tokens.push(String((JSON.parse(issued.text) as { secret: string }).secret))
      const ask = asking(served.address, tokens[1]!)
      const topics = ['person.erased']
      const endpoint = await ask(`/v1/sources/${source}/endpoint`, { url: receiver.url, topics })
      const { secret } = JSON.parse(endpoint.text) as { secret: string }
      const pseudonym = await liveAndDie(ask)
      await expect.poll(() => receiver.received.length, { timeout: 60_000 }).toBeGreaterThan(0)
      await ask('/v1/checkpoint', {})
      expect(await served.stop()).toBe(0)
      served = null

      const bytes = collector.bytes()
      // That there is something to look through, and that looking finds what is there.
      for (const name of ['POST /v1/acts', 'vault.fence', 'webhook.deliver', 'notary.sign']) {
        expect(sightings(bytes, name, [name]), name).not.toEqual([])
      }
      const type = protocol === 'http/json' ? 'application/json' : 'application/x-protobuf'
      for (const header of collector.headers) expect(header['content-type']).toBe(type)
      const secrets = [pseudonym, secret, receiver.url, ...tokens]
      const texts = [...Object.values(planted), ...secrets, source, request]
      expect(sightings(bytes, 'traces', texts)).toEqual([])
      // No other pseudonym, or event's id, than the traces' own ids of 32 digits, which are not in the ledger.
      expect(bytes.includes('symphony-commerce')).toBe(false)
      if (protocol === 'http/json') expectOnly(collector)
    },
    LONG_MS,
  )
})

/** Names of attributes that may leave; written out, so that a new one is thought about here as well. */
const names =
  /^(?:http\.(?:request\.method|route|response\.status_code)|error\.type|custody\.(?:stream\.kind|event\.type|refusal\.code|outcome|repeated|delivery\.(?:fault|status_code)|lines|recorded|refused|invalid|events|appends|conflicts|people|keys|lots|lots\.deferred|deletions|leaves|position|spans_left_out))$/

function expectOnly({ spans, resource }: Collector): void {
  for (const { name, attributes, events, status, traceState } of spans()) {
    expect(Object.keys(attributes).filter((key) => !names.test(key))).toEqual([])
    expect(name).toMatch(/^(?:(?:GET|POST)(?: \/[a-z0-9/:*_.-]*)?|[a-z]+(?:\.[a-zA-Z_]+)?)$/i)
    expect([events, status.message ?? '', traceState ?? '']).toEqual([[], '', ''])
  }
  expect(Object.keys(resource()).sort()).toEqual([
    'service.instance.id',
    'service.name',
    'telemetry.sdk.language',
    'telemetry.sdk.name',
    'telemetry.sdk.version',
  ])
}

it(
  'a protocol that is not spoken is refused at the start',
  async () => {
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector.endpoint
    process.env['OTEL_EXPORTER_OTLP_PROTOCOL'] = 'grpc'
    const ended = await runCli(place, ['serve', '--port', '0'])
    expect(ended).toMatchObject({
      code: 2,
      err: 'OTEL_EXPORTER_OTLP_PROTOCOL: must be http/protobuf or http/json\n',
    })
  },
  LONG_MS,
)

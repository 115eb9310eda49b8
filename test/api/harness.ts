import type { FastifyInstance, InjectOptions } from 'fastify'
import { buildApp } from '../../src/api/app.ts'
import type { Deps } from '../../src/api/deps.ts'
import type { Caller } from '../../src/application/services.ts'
import { Role } from '../../src/domain/access/events.ts'
import { ControllerId, Reference } from '../../src/domain/values.ts'
import { createHealth } from '../../src/cli/health.ts'
import { readingsOf } from '../../src/cli/readings.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { openStack, type Stack } from '../support/stack.ts'

/** JSON of which a test says what it should be. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = any

/** What came back. `body` is parsed where it is JSON. */
export type Answer = Readonly<{
  status: number
  headers: Readonly<Record<string, unknown>>
  text: string
  body: Json
}>

export type Question = Readonly<{
  method?: 'GET' | 'POST' | 'HEAD' | 'OPTIONS' | 'PUT' | 'DELETE'
  url: string
  /** Whose token; null: none. */
  as?: Role | 'stranger' | null
  body?: unknown
  headers?: Record<string, string>
}>

/** The API on a whole ledger, with a token for each role and one of another controller. */
export type Harness = Readonly<{
  app: FastifyInstance
  stack: Stack
  tokens: Readonly<Record<Role | 'stranger', string>>
  log: readonly string[]
  ask(question: Question): Promise<Answer>
  head(): Promise<number>
  close(): Promise<void>
}>

export const roles = Role.options
export const stranger = ControllerId.parse('acme-store')

/** Opens it. Every answer is checked against its documented schema. */
export async function openApi(
  options: Partial<Deps> & { policy?: boolean } = {},
): Promise<Harness> {
  const { policy, ...deps } = options
  const stack = await openStack(policy === undefined ? {} : { policy })
  const { custody, caller } = stack
  const tokens: Record<string, string> = {}
  for (const role of roles) tokens[role] = await issue(stack, caller, role, role)
  tokens['stranger'] = await issue(
    stack,
    { ...caller, controller: stranger },
    'officer',
    'stranger',
  )
  await custody.caughtUp()
  const log: string[] = []
  const metrics = createMetrics()
  const health = createHealth(custody, { freshMs: 0 })
  const app = buildApp({
    services: custody.services,
    views: custody.views,
    notary: custody.notary,
    evidence: custody.evidence,
    health,
    metrics: async (controller) => ({
      contentType: metrics.contentType,
      text: await metrics.text(await readingsOf(custody, controller, await health())),
    }),
    now: custody.now,
    log: { level: 'trace', destination: { write: (line) => void log.push(line) } },
    checkAnswers: true,
    ...deps,
  })
  await app.ready()
  return {
    app,
    stack,
    tokens: tokens as Harness['tokens'],
    log,
    ask: (question) => ask(app, tokens, question),
    head: () => custody.log.head(),
    async close() {
      await app.close()
      await stack.dispose()
    },
  }
}

async function issue({ custody }: Stack, caller: Caller, role: Role, name: string) {
  const step = { token: Reference.parse(`${name}-token`), role, label: `for ${name}` }
  const { secret } = await custody.services.access.issue(caller, step)
  if (secret === null) throw new Error('no secret')
  return secret
}

async function ask(
  app: FastifyInstance,
  tokens: Record<string, string>,
  { method = 'GET', url, as = 'officer', body, headers }: Question,
): Promise<Answer> {
  const options: InjectOptions = {
    method,
    url,
    headers: { ...(as === null ? {} : { authorization: `Bearer ${tokens[as]}` }), ...headers },
  }
  if (body !== undefined) options.payload = body as never
  if (typeof body === 'string' && headers?.['content-type'] === undefined) {
    options.headers = { ...options.headers, 'content-type': 'application/json' }
  }
  const response = await app.inject(options)
  const { statusCode: status, body: text } = response
  const json = /[/+]json\b/.test(String(response.headers['content-type']))
  return {
    status,
    headers: response.headers,
    text,
    body: json && text !== '' ? JSON.parse(text) : null,
  }
}

/** The outcomes of a batch, one for each line of the answer. */
export function outcomesOf({ text }: Answer): Json[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

/** What a prospect gave on a form: permitted by the example policy. */
export function prospect(address: string, more: Record<string, unknown> = {}) {
  return {
    type: 'collect',
    mode: 'enforce',
    source: 'crm',
    subject: { identifiers: [{ scheme: 'email', value: address }] },
    property: 'www.symphonycommerce.com',
    channel: 'web-form',
    kind: 'prospect',
    purposes: ['contact-prospect'],
    selfIdentified: true,
    values: { 'user.contact.email': { address } },
    ...more,
  }
}

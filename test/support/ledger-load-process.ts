import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Line, type LineInput } from '../../src/application/lines.ts'
import type { Caller, LineOutcome } from '../../src/application/services.ts'
import { configure } from '../../src/config.ts'
import { EventId, Principal, Reference, type SubjectId } from '../../src/domain/values.ts'
import { openCustody } from '../../src/main.ts'

/**
 * Puts load on the whole ledger, from a first line of input until it is killed, and writes a line of JSON for
 * each thing that was acknowledged: `{"key","line","outcome"}`, or `{"erased"}` with a pseudonym. The key of a
 * line is its correlation too, so that its events can be told. With garbage collection exposed it says now and
 * then how many bytes it holds: `{"heap"}`.
 */
const [prefix, lanes = '12'] = process.argv.slice(2)
if (prefix === undefined) throw new Error('the prefix of the people is missing')
await once(process.stdin, 'data')
const configuration = configure(process.env)
const custody = await openCustody(configuration)
const { recording, deletions } = custody.services
const principal = Principal.parse('token:load')

/** One write for each line: a pipe takes it whole or not at all. */
function say(what: unknown): void {
  writeSync(1, `${JSON.stringify(what)}\n`)
}

async function record(key: string, input: LineInput): Promise<LineOutcome> {
  const caller: Caller = { controller: configuration.controller, principal, correlation: key }
  const line = Line.parse(input)
  const body = JSON.stringify(input)
  const outcome = await insist(() => recording.record(caller, line, { key, body }))
  say({ key, line: input, outcome })
  return outcome
}

/** What a client does that is told that a store is away: it asks again, under the same key. */
async function insist<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!away.has((error as Error).name)) throw error
      await sleep(50)
    }
  }
}

const away: ReadonlySet<string> = new Set([
  ...['LogUnavailable', 'VaultUnavailable', 'Contended', 'ViewsBehind'],
])

const common = { mode: 'enforce', source: 'shop' } as const
const where = { property: 'www.symphonycommerce.com' } as const

async function live(name: string, turn: number): Promise<void> {
  const subject = { identifiers: [{ scheme: 'email' as const, value: `${name}@example.org` }] }
  const friend = {
    identifiers: [{ scheme: 'email' as const, value: `friend-of-${name}@example.org` }],
  }
  const person = { ...common, ...where, subject }
  const collected = await record(`${name}.collect`, {
    type: 'collect',
    ...person,
    channel: 'web-form',
    kind: 'account-holder',
    purposes: ['account-management', 'product-updates'],
    values: {
      'user.name': { full: `Name of ${name}` },
      'user.contact.email': { address: `${name}@example.org` },
    },
  })
  await record(`${name}.open`, { type: 'open-account', ...common, subject })
  const use = { type: 'use' as const, ...person, categories: ['user.contact.email'] }
  await Promise.all([
    record(`${name}.update`, { ...use, purpose: 'product-updates', optOutOffered: true }),
    record(`${name}.refused`, { ...use, purpose: 'product-updates', optOutOffered: false }),
  ])
  if (turn % 3 === 0 && collected.outcome === 'recorded' && collected.subject) {
    await erase(name, collected.subject)
  }
  const told = await record(`${name}.referral`, {
    type: 'collect',
    ...common,
    ...where,
    subject: friend,
    channel: 'web-form',
    kind: 'referred-person',
    purposes: ['referral-mail'],
    providedBy: 'customer-7',
    values: { 'user.contact.email': { address: `friend-of-${name}@example.org` } },
  })
  if (told.outcome !== 'recorded') throw new Error(JSON.stringify(told))
  await record(`${name}.mailed`, {
    type: 'use',
    ...common,
    ...where,
    subject: friend,
    purpose: 'referral-mail',
    categories: ['user.contact.email'],
    collection: EventId.parse(told.events[0]?.id),
  })
}

async function erase(name: string, subject: SubjectId): Promise<void> {
  const caller = { controller: configuration.controller, principal, correlation: `${name}.erase` }
  await insist(() =>
    deletions.request(caller, {
      subject,
      deletion: Reference.parse(`erase.${name}`),
      cause: 'request',
      scope: { everything: true },
      request: null,
      at: null,
    }),
  )
  say({ erased: subject })
}

async function lane(number: number): Promise<void> {
  for (let turn = 0; turn < 100_000; turn += 1) await live(`${prefix}-${number}-${turn}`, turn)
}

say('ready')
if (globalThis.gc) {
  setInterval(() => {
    globalThis.gc!()
    say({ heap: process.memoryUsage().heapUsed })
  }, 1_000)
}
await Promise.all(Array.from({ length: Number(lanes) }, (_, number) => lane(number)))

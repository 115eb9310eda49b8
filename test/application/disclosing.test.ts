import { createCipheriv, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDisclosing, type DisclosingService } from '../../src/application/disclosing.ts'
import { createRegister } from '../../src/application/register.ts'
import { streamName } from '../../src/domain/envelope.ts'
import type { CategoryKey, Revision } from '../../src/domain/values.ts'
import type { LogRecord } from '../../src/ledger/event-log.ts'
import { isDisclosureOf } from '../../src/proof/commitment.ts'
import { openStack, type Stack } from '../support/stack.ts'
import { registration, Someone } from '../support/whole-ledger.ts'

let stack: Stack
let disclosing: DisclosingService
let ann: Someone
let record: LogRecord

const name = 'user.name' as CategoryKey

beforeAll(async () => {
  stack = await openStack()
  const { executor, vault, log, views } = stack.custody
  disclosing = createDisclosing({ executor, vault, register: createRegister(log, views) })
  ann = new Someone(stack)
  await ann.asks(registration)
  ;[record] = (await stream()) as [LogRecord]
}, 120_000)
afterAll(() => stack.dispose())

async function stream(): Promise<readonly LogRecord[]> {
  const name = streamName('subject', stack.caller.controller, await ann.subject())
  return stack.custody.log.readStream(name, 0 as Revision, 100)
}

/** The box of Ann's name as the first release would have sealed it, in the same event. */
async function sealedFirst(): Promise<LogRecord> {
  const { controller } = stack.caller
  const subject = await ann.subject()
  const body = JSON.parse(record.body) as { sealed: Record<string, string>[] }
  const box = body.sealed.find(({ category }) => category === name)!
  const { lot, key: id } = box
  const scope = { category: name, lot: lot as never }
  const [found] = await stack.custody.vault.openKeys(controller, subject, [scope])
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', found!.key, nonce)
  const place = ['custody.sealed', 1, controller, subject, record.id, name, lot, id]
  cipher.setAAD(Buffer.from(JSON.stringify(place)))
  const sealed = Buffer.concat([cipher.update('{"full":"Ann Example"}'), cipher.final()])
  const parts = [Buffer.of(1), nonce, sealed, cipher.getAuthTag()]
  box['box'] = Buffer.concat(parts).toString('base64')
  return { ...record, body: JSON.stringify(body) }
}

describe('showing single sealed values', () => {
  it('opens one box and no other, after an event says that it is read', async () => {
    const before = (await stream()).length
    const shown = await disclosing.disclose(stack.caller, [{ record, category: name }])
    expect(shown).toMatchObject({ ok: true, disclosed: [{ event: record.id, category: name }] })
    const told = (await stream()).slice(before)
    expect(told.map(({ type }) => type)).toEqual(['DataAccessed'])
    expect(JSON.parse(told[0]!.body)).toMatchObject({
      principal: 'token:test',
      data: { reason: 'inspection', categories: [name] },
    })
    if (!shown.ok) return
    const { sealed } = JSON.parse(record.body) as { sealed: Record<string, string>[] }
    const subject = await ann.subject()
    for (const { category, lot, key, box } of sealed) {
      const at = { controller: stack.caller.controller, subject, eventId: record.id }
      const place = { ...at, category: category!, lot: lot!, key: key! }
      expect(isDisclosureOf(place, box!, shown.disclosed[0]!)).toBe(category === name)
    }
  })

  it('opens all or nothing: where one is not there, nothing is read', async () => {
    const before = (await stream()).length
    const asked = [
      { record, category: name },
      { record, category: 'user.location' as CategoryKey },
    ]
    expect(await disclosing.disclose(stack.caller, asked)).toEqual({
      ...{ ok: false, problem: 'no_values', event: record.id, category: 'user.location' },
    })
    expect(await stream()).toHaveLength(before)
  })

  it('cannot prove what the first release has sealed, and shows nothing of it', async () => {
    const first = await sealedFirst()
    expect(await disclosing.disclose(stack.caller, [{ record: first, category: name }])).toEqual({
      ...{ ok: false, problem: 'no_commitment', event: record.id, category: name },
    })
  })
})

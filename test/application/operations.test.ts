import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Line } from '../../src/application/lines.ts'
import type { LineOutcome } from '../../src/application/services.ts'
import { openStack, type Stack } from '../support/stack.ts'
import { prospectDetails, registration } from '../support/whole-ledger.ts'

let stack: Stack
beforeAll(async () => {
  stack = await openStack()
}, 120_000)
afterAll(() => stack.dispose())

function line(person: string, more: object = {}): Line {
  const said = {
    ...{ ...registration, mode: 'enforce', source: 'shop', property: 'www.symphonycommerce.com' },
    subject: { identifiers: [{ scheme: 'email', value: `${person}@example.org` }] },
    ...more,
  }
  // What is `undefined` is not said.
  return Line.parse(JSON.parse(JSON.stringify(said)))
}

const record = (key: string, said: Line, body = JSON.stringify(said), of = stack) =>
  of.custody.services.recording.record(of.caller, said, { key, body })

const head = () => stack.custody.log.head()

describe('an idempotency key', () => {
  it('gets the first answer again for the same body, and nothing is recorded', async () => {
    const first = await record('k1', line('k1'))
    expect(first).toMatchObject({ outcome: 'recorded', repeated: false })
    const before = await head()
    expect(await record('k1', line('k1'))).toEqual({ ...first, repeated: true })
    expect(await head()).toBe(before)
  })

  it('gets a refusal again as that refusal, also when it would be permitted by now', async () => {
    const use = line('k2', {
      ...{ type: 'use', purpose: 'contact-prospect', categories: ['user.contact.email'] },
      ...withoutCollection,
    })
    await record('k2-known', line('k2'))
    const first = await record('k2', use)
    expect(first.outcome).toBe('refused')
    await record('k2-prospect', line('k2', prospectDetails))
    expect(await record('k2-new', use)).toMatchObject({ outcome: 'recorded' })
    expect(await record('k2', use)).toEqual({ ...first, repeated: true })
  })

  it('gets the violations of an observed act again', async () => {
    const observed = {
      ...line('k3', { ...prospectDetails, selfIdentified: false }),
      ...{ mode: 'observe', occurredAt: '2015-01-01T00:00:00.000Z' },
    } as Line
    const first = await record('k3', observed)
    expect(first).toMatchObject({ outcome: 'recorded', flagged: [{ code: 'not_self_identified' }] })
    expect(await record('k3', observed)).toEqual({ ...first, repeated: true })
  })

  it('is refused with another body, on the same person and on another', async () => {
    await record('k4', line('k4'))
    const before = await head()
    expect(await record('k4', line('k4'), 'another body')).toEqual({ outcome: 'key_reused' })
    expect(await record('k4', line('somebody-else'))).toEqual({ outcome: 'key_reused' })
    expect(await head()).toBe(before)
  })

  it('is one act when it is said many times at once', async () => {
    const said = Array.from({ length: 12 }, () => record('k5', line('k5')))
    const answers = await Promise.all(said)
    const events = new Set(answers.map((answer) => eventOf(answer)))
    expect(events.size).toBe(1)
    const fresh = answers.filter((answer) => 'repeated' in answer && !answer.repeated)
    expect(fresh).toHaveLength(1)
  })

  it('gets its first answer after a restart and after a rebuild', async () => {
    const first = await record('k6', line('k6'))
    stack = await stack.reopen()
    expect(await record('k6', line('k6'))).toEqual({ ...first, repeated: true })
    await stack.custody.rebuild(() => undefined)
    stack = await stack.reopen()
    expect(await record('k6', line('k6'))).toEqual({ ...first, repeated: true })
    expect(await record('k6', line('k6'), 'other')).toEqual({ outcome: 'key_reused' })
  })

  it('gets its first answer from another node', async () => {
    const first = await record('k7', line('k7'))
    const beside = await stack.openBeside()
    try {
      await beside.custody.caughtUp()
      expect(await record('k7', line('k7'), undefined, beside)).toEqual({
        ...first,
        repeated: true,
      })
      expect(await record('k7', line('k7'), 'other', beside)).toEqual({ outcome: 'key_reused' })
    } finally {
      await beside.close()
    }
  })

  it('is stored as a digest only: neither it nor the body is in the ledger or the views', async () => {
    await record('a-very-telling-key', line('k8'), 'a very telling body')
    await stack.custody.caughtUp()
    const events = await stack.custody.log.readAll(0 as never, 10_000)
    const text = events.map(({ body }) => body).join('\n')
    expect(text).toContain('"operation":{')
    expect(text).not.toContain('telling')
  })
})

const withoutCollection = {
  ...{ channel: undefined, kind: undefined, purposes: undefined, values: undefined },
}

function eventOf(answer: LineOutcome): string | undefined {
  return 'events' in answer ? answer.events[0]?.id : undefined
}

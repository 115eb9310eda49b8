import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LineInput } from '../../src/application/lines.ts'
import { openStack, type Stack } from '../support/stack.ts'
import { first, mail, registration, Someone } from '../support/whole-ledger.ts'

let stack: Stack
beforeAll(async () => {
  stack = await openStack()
}, 120_000)
afterAll(() => stack.dispose())

const site = { source: 'shop', property: 'www.symphonycommerce.com' }
const of = (value: string, scheme = 'email') => ({ subject: { identifiers: [{ scheme, value }] } })
const said = (...parts: object[]) =>
  JSON.parse(
    JSON.stringify(Object.assign({ mode: 'enforce' }, site, ...parts)),
  ) as unknown as LineInput
const changing = (type: string, purpose: string) => ({
  ...{ type, purpose, channel: 'email', property: undefined },
})

describe('lines that are recorded together', () => {
  it('are taken in their order for each person, and answered in the order of the lines', async () => {
    const people = Array.from({ length: 30 }, (_, number) => of(`order-${number}@example.org`))
    const update = mail('product-updates', { optOutOffered: true })
    const objection = changing('object', 'product-updates')
    const lift = changing('lift-objection', 'product-updates')
    const steps = [registration, update, objection, update, lift, update]
    const outcomes = await stack.say(
      ...steps.flatMap((step) => people.map((person) => said(step, person))),
    )
    const expected = ['recorded', 'recorded', 'recorded', 'refused', 'recorded', 'recorded']
    for (const [index, outcome] of outcomes.entries()) {
      expect(outcome.outcome, String(index)).toBe(expected[Math.floor(index / people.length)])
    }
    const subjects = outcomes.map((outcome) => 'subject' in outcome && outcome.subject)
    expect(new Set(subjects).size).toBe(people.length)
    expect(subjects.slice(0, 30)).toEqual(subjects.slice(150))
  })

  it('make one person of one who is new in several of them', async () => {
    const lines = Array.from({ length: 20 }, () => said(registration, of('twenty@example.org')))
    const outcomes = await stack.say(...lines)
    const subjects = new Set(outcomes.map((outcome) => 'subject' in outcome && outcome.subject))
    expect(subjects.size).toBe(1)
  })

  it('are recorded though another of them is wrong', async () => {
    const outcomes = await stack.say(
      said(registration, of('good-1@example.org')),
      said(registration, of('no address')),
      said(registration, of('good-2@example.org')),
    )
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['recorded', 'invalid', 'recorded'])
  })
})

describe('an identifier that breaks the rule of its scheme', () => {
  it.each([
    ['email', 'no address'],
    ['email', 'two@at@example.org'],
    ['phone', 'call me'],
  ])('is told by its place and the rule, without the value (%s)', async (scheme, value) => {
    const before = await stack.custody.log.head()
    const two = {
      identifiers: [
        { scheme: 'customer-id', value: 'C-1' },
        { scheme, value },
      ],
    }
    const [outcome] = await stack.say(said(registration, { subject: two }))
    expect(outcome).toMatchObject({ outcome: 'invalid', field: 'subject.identifiers.1.value' })
    expect(JSON.stringify(outcome)).not.toContain(value)
    expect(await stack.custody.log.head()).toBe(before)
  })
})

describe('the time of an act', () => {
  it('must not be in the future', async () => {
    const occurredAt = new Date(Date.now() + 60_000).toJSON()
    const [outcome] = await stack.say(
      said(registration, of('future@example.org'), { mode: 'observe', occurredAt }),
    )
    expect(outcome).toMatchObject({ outcome: 'invalid', field: 'occurredAt' })
  })

  it('is not the asker’s to say of what is asked for now', async () => {
    const [outcome] = await stack.say(
      said(registration, of('past@example.org'), { occurredAt: '2015-01-01T00:00:00.000Z' }),
    )
    expect(outcome).toMatchObject({ outcome: 'invalid', field: 'occurredAt' })
  })
})

describe('a person who is not in custody', () => {
  it('is made by what they give, and by what is observed of them', async () => {
    const ann = new Someone(stack)
    await ann.reports('2015-01-01T00:00:00.000Z', mail('account-contact'))
    expect(await ann.subject()).toMatch(/^[0-9a-f]{32}$/)
  })

  it.each(['use', 'withdraw-consent', 'close-account', 'correct'])(
    'is not made by asking for %s: that is refused, and the attempt is recorded of nobody',
    async (type) => {
      const lines: Record<string, object> = {
        use: mail('account-contact'),
        'withdraw-consent': changing('withdraw-consent', 'diagnosis-and-improvement'),
        'close-account': { type: 'close-account', reason: 'asked', property: undefined },
        correct: { type: 'correct', values: { 'user.name': { full: 'X' } }, property: undefined },
      }
      const nobody = `nobody-${type}@example.org`
      const [outcome] = await stack.say(said(lines[type]!, of(nobody)))
      expect(outcome).toMatchObject({ outcome: 'refused', subject: null })
      expect(outcome).toMatchObject({ refusals: [{ code: 'subject_unknown' }] })
      const { custody, caller } = stack
      await custody.caughtUp()
      const trail = custody.views.audit(
        caller.controller,
        custody.views.position(),
        { type: 'ActivityRefused', code: 'subject_unknown' },
        first,
      )
      expect(trail.rows.at(-1)).toMatchObject({ subject: null, outcome: 'refused' })
      const found = await custody.services.subjects.find(caller, of(nobody).subject as never)
      expect(found).toBeNull()
    },
  )
})

describe('one person under several spellings', () => {
  it('is one subject, whichever identifier names them', async () => {
    const both = {
      subject: {
        identifiers: [
          { scheme: 'email', value: '"Lee, Ann" <ann.lee@example.org>' },
          { scheme: 'phone', value: '(415) 555-0100' },
        ],
      },
    }
    const outcomes = await stack.say(
      said(registration, both),
      said(registration, of('ANN.LEE@EXAMPLE.ORG')),
      said(registration, of('+1 4155550100', 'phone')),
      said(registration, of(' ann.lee@Example.org  ')),
    )
    expect(new Set(outcomes.map((outcome) => 'subject' in outcome && outcome.subject)).size).toBe(1)
  })
})

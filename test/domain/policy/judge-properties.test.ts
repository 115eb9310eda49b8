import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Act, Authority } from '../../../src/domain/judgement.ts'
import { judge } from '../../../src/domain/policy/judge.ts'
import type { JudgingContext, Moment } from '../../../src/domain/policy/judging.ts'
import { DisclosureGround } from '../../../src/domain/policy/schema.ts'
import { Refusal, refusalCodes } from '../../../src/domain/refusal.ts'
import type { SubjectState } from '../../../src/domain/subject/state.ts'
import { Instant } from '../../../src/domain/values.ts'
import { Person } from '../../support/person.ts'
import { symphonyPolicy } from '../../support/policy-file.ts'
import { seed } from '../../support/seed.ts'
import { recipient } from '../../support/symphony.ts'

const policy = symphonyPolicy()
const words = {
  categories: [...policy.categories.keys(), 'undeclared.category'],
  purposes: [...policy.purposes.keys(), 'undeclared-purpose', 'constructor'],
  kinds: [...policy.kinds.keys(), 'undeclared-kind'],
  channels: [...policy.channels.keys(), 'undeclared-channel'],
  classes: [...policy.sharingByClass.keys(), 'undeclared class'],
}

const about = {
  property: fc.constantFrom(...policy.properties, 'elsewhere.example'),
  categories: fc.uniqueArray(fc.constantFrom(...words.categories), { maxLength: 5 }),
}
const text = fc.option(fc.constant('a document'), { nil: undefined })
const collect = fc.record({
  act: fc.constant('collect' as const),
  ...about,
  channel: fc.constantFrom(...words.channels),
  kind: fc.constantFrom(...words.kinds),
  purposes: fc.uniqueArray(fc.constantFrom(...words.purposes), { minLength: 1, maxLength: 4 }),
  selfIdentified: fc.boolean(),
  voluntaryAct: text,
  providedBy: fc.option(fc.constant('user-1'), { nil: undefined }),
})
const use = fc.record({
  act: fc.constant('use' as const),
  ...about,
  purpose: fc.constantFrom(...words.purposes),
  optOutOffered: fc.boolean(),
})
const share = fc.record({
  act: fc.constant('share' as const),
  ...about,
  purpose: fc.constantFrom(...words.purposes),
  recipient: fc.constant('somebody'),
  ground: fc.option(fc.constantFrom(...DisclosureGround.options), { nil: undefined }),
  document: text,
  approver: text,
  transfer: fc.option(fc.constant('merger'), { nil: undefined }),
})
/** Acts that a rule of the policy permits, so that permitted cases are not left to chance. */
const ruled = fc.constantFrom(...policy.source.collection).chain((rule) =>
  fc.record({
    act: fc.constant('collect' as const),
    property: fc.constantFrom(...policy.properties),
    categories: fc.subarray(rule.categories as string[], { minLength: 1 }),
    channel: fc.constantFrom(...(rule.channels as string[])),
    kind: fc.constantFrom(...(rule.kinds as string[])),
    purposes: fc.subarray(rule.purposes as string[], { minLength: 1 }),
    selfIdentified: fc.constant(true),
    providedBy: fc.constant('user-1'),
  }),
)
const anyAct = fc.oneof(collect, use, share, ruled).map((act) => Act.parse(act))

const milliseconds = fc.integer({ min: Date.UTC(2014, 5, 1), max: Date.UTC(2017, 0, 1) })
const moment: fc.Arbitrary<Moment> = fc.record({
  at: milliseconds.map((at) => Instant.parse(new Date(at).toJSON())),
  mode: fc.constantFrom('enforce' as const, 'observe' as const),
})

const context: fc.Arbitrary<JudgingContext> = fc.record({
  policy: fc.constantFrom(policy, policy, policy, null),
  recipient: fc.option(
    fc
      .tuple(
        fc.constantFrom(...words.classes),
        fc.uniqueArray(fc.constantFrom(...words.purposes), { maxLength: 3 }),
      )
      .map(([recipientClass, purposes]) => recipient(recipientClass, ...purposes)),
    { nil: null },
  ),
  transferUnderWay: fc.boolean(),
})

/** A person with a past: acts and choices played through the real decider. */
const past = fc.array(
  fc.oneof(
    fc.tuple(fc.constant('act' as const), fc.oneof(ruled, use)),
    fc.tuple(
      fc.constantFrom('giveConsent', 'withdrawConsent', 'object', 'liftObjection'),
      fc.constantFrom(...words.purposes),
    ),
    fc.tuple(fc.constantFrom('openAccount', 'closeAccount', 'requestErasure'), fc.constant(null)),
  ),
  { maxLength: 12 },
)

function personWith(steps: typeof past extends fc.Arbitrary<infer T> ? T : never): SubjectState {
  const person = new Person(policy)
  for (const [step, argument] of steps) {
    if (step === 'act') person.act(argument, { mode: 'observe' })
    else if (argument === null) person[step as 'openAccount']()
    else person[step as 'object'](argument)
  }
  return person.state
}

const subject = fc.option(past.map(personWith), { nil: null, freq: 6 })
const precedence = (code: Refusal['code']) => refusalCodes.indexOf(code)

describe('judging, whatever is asked', () => {
  it('has an answer, in precedence and fit to be stored, and changes nothing', () => {
    let permitted = 0
    const property = fc.property(anyAct, moment, subject, context, (act, when, state, around) => {
      const before = structuredClone(state)
      const judged = judge(act, when, state, around)
      expect(state).toEqual(before)
      expect(judge(act, when, state, around)).toEqual(judged)
      if (judged.outcome === 'permitted') {
        permitted += 1
        Authority.parse(judged.authority)
        expect(judged.authority.obligations.length).toBeGreaterThan(0)
        return
      }
      expect(judged.refusals.length).toBeGreaterThan(0)
      for (const refusal of judged.refusals) Refusal.parse(refusal)
      const order = judged.refusals.map(({ code }) => precedence(code))
      expect(order).toEqual([...order].sort((a, b) => a - b))
    })
    fc.assert(property, { seed: seed(), numRuns: 3_000 })
    expect(permitted).toBeGreaterThan(50)
  })

  it('permits no use or share for a purpose that the person objected to', () => {
    const objectable = [...policy.purposes.values()]
      .filter(({ declaration }) => declaration.objection === 'allowed')
      .map(({ key }) => key)
    const property = fc.property(
      past,
      fc.constantFrom(...objectable),
      fc.oneof(use, share),
      moment,
      context,
      (steps, purpose, act, when, around) => {
        const person = new Person(policy)
        for (const [step, argument] of steps) {
          if (step === 'act') person.act(argument, { mode: 'observe' })
        }
        person.object(purpose)
        const asked = Act.parse({ ...act, purpose })
        const judged = judge(asked, { ...when, mode: 'enforce' }, person.state, around)
        expect(judged.outcome).toBe('refused')
      },
    )
    fc.assert(property, { seed: seed(), numRuns: 500 })
  })

  it('permits no share that no rule names', () => {
    const property = fc.property(share, moment, subject, (act, when, state) => {
      const around = { policy, recipient: recipient('undeclared class'), transferUnderWay: true }
      const judged = judge(Act.parse(act), when, state, around)
      if (judged.outcome === 'refused') return
      expect(['limited-grounds', 'aggregates']).toContain(judged.authority.rules[0])
    })
    fc.assert(property, { seed: seed(), numRuns: 1_000 })
  })

  it('permits nothing identifying under an aggregate label', () => {
    const aggregates = [...policy.purposes.values()]
      .filter(({ declaration }) => declaration.aggregate)
      .map(({ key }) => key)
    const property = fc.property(
      fc.oneof(use, share),
      fc.constantFrom(...aggregates),
      moment,
      subject,
      context,
      (act, purpose, when, state, around) => {
        const judged = judge(Act.parse({ ...act, purpose }), when, state, around)
        if (judged.outcome === 'refused') return
        expect(state).toBeNull()
        expect(act.categories.some((key) => policy.identifying.has(key as never))).toBe(false)
      },
    )
    fc.assert(property, { seed: seed(), numRuns: 1_000 })
  })
})

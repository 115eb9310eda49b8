import { describe, expect, it } from 'vitest'
import { Act } from '../../../src/domain/judgement.ts'
import { compile } from '../../../src/domain/policy/compile.ts'
import { judge, judgeConsentChange, judgeObjection } from '../../../src/domain/policy/judge.ts'
import type { Moment } from '../../../src/domain/policy/judging.ts'
import { Instant, PurposeKey, SubjectKind } from '../../../src/domain/values.ts'
import { parsed, policyDocument, symphonyPolicy } from '../../support/policy-file.ts'
import {
  accountHolder,
  mail,
  prospect,
  prospectDetails,
  recipient,
  registration,
  somebody,
} from '../../support/symphony.ts'

const policy = symphonyPolicy()
const promotion = mail('promotional-mail', { optOutOffered: true })
const codes = ({ refusals }: { refusals: readonly { code: string }[] }) =>
  refusals.map(({ code }) => code)

describe('who and what an act is about', () => {
  it('refuses a use on a person of whom nothing was ever collected, and nothing else', () => {
    expect(codes(somebody().act(mail('account-contact')))).toEqual(['subject_unknown'])
  })

  it('refuses everything while an erasure is under way, and after it', () => {
    const person = accountHolder()
    person.requestErasure()
    expect(person.act(registration).code).toBe('subject_fenced')
    expect(person.act(mail('account-contact')).code).toBe('subject_fenced')
    person.completeErasure()
    expect(person.act(registration).code).toBe('subject_erased')
    expect(codes(person.act(mail('account-contact')))).toEqual(['subject_erased'])
  })

  it('does not hold against an observed act that it came before the erasure was asked for', () => {
    const person = accountHolder()
    person.requestErasure()
    const judged = (at: string) =>
      judge(
        Act.parse({ property: 'www.symphonycommerce.com', ...mail('account-contact') }),
        { at: Instant.parse(at), mode: 'observe' },
        person.state,
        { policy, recipient: null, transferUnderWay: false },
      ).outcome
    expect(judged('2014-07-01T12:02:30.000Z')).toBe('permitted')
    expect(judged('2014-07-02T00:00:00.000Z')).toBe('refused')
  })

  it('names every word that the policy does not declare, and no more than a few of many', () => {
    const act = { ...registration, kind: 'martian', channel: 'telepathy', purposes: ['fun'] }
    const answer = somebody().act(act)
    expect(answer.code).toBe('word_unknown')
    const { explanation } = answer.refusals[0]!
    for (const word of ['kind martian', 'channel telepathy', 'purpose fun']) {
      expect(explanation).toContain(word)
    }
    const categories = Array.from({ length: 64 }, (_, index) => `${'x'.repeat(60)}${index}`)
    expect(somebody().act({ ...registration, categories }).refusals[0]!.explanation).toContain(
      'and 59 more',
    )
  })
})

describe('all reasons are given, in precedence', () => {
  it('of a use', () => {
    const person = prospect()
    person.object('product-updates')
    const answer = person.act({
      act: 'use',
      property: 'elsewhere.example',
      categories: ['user.contact.email', 'user.contact.phone', 'user.device.browser'],
      purpose: 'product-updates',
    })
    expect(codes(answer)).toEqual([
      'property_not_covered',
      'combination_forbidden',
      'not_held',
      'purpose_not_open',
      'purpose_incompatible',
      'objection_stands',
      'opt_out_not_offered',
    ])
  })

  it('of a collection', () => {
    const answer = prospect().act({
      ...prospectDetails,
      channel: 'email',
      categories: ['user.name', 'user.payment.card'],
      purposes: ['promotional-mail'],
    })
    expect(codes(answer)).toEqual([
      'channel_not_encrypted',
      'collection_not_permitted',
      'purpose_not_open',
    ])
  })

  it('of a share', () => {
    const suspended = { ...recipient('acquirer'), suspendedSince: '2014-01-01T00:00:00.000Z' }
    const answer = prospect().act(
      {
        act: 'share',
        categories: ['user.health'],
        purpose: 'business-transfer',
        recipient: 'some-acquirer',
      },
      { recipient: suspended as ReturnType<typeof recipient> },
    )
    expect(codes(answer)).toEqual(['not_held', 'recipient_suspended', 'transfer_missing'])
  })
})

describe('an enforced act is judged by what stands last', () => {
  it('whatever time it names', () => {
    const person = accountHolder()
    person.object('promotional-mail', { at: '2014-09-01T00:00:00.000Z' })
    expect(person.act(promotion, { at: '2014-08-01T00:00:00.000Z' }).code).toBe('objection_stands')
  })

  it('and an old word that comes in late changes nothing', () => {
    const person = accountHolder()
    person.giveConsent('diagnosis-and-improvement', { at: '2014-08-01T00:00:00.000Z' })
    person.withdrawConsent('diagnosis-and-improvement', { at: '2014-09-01T00:00:00.000Z' })
    const late = { at: '2014-08-15T00:00:00.000Z', mode: 'observe' } as const
    person.giveConsent('diagnosis-and-improvement', late)
    const answer = person.act(mail('diagnosis-and-improvement'), { at: '2014-10-01T00:00:00.000Z' })
    expect(answer.code).toBe('consent_missing')
  })
})

describe('an observed act is judged by what stood when it happened', () => {
  const observed = (at: string) => ({ at, mode: 'observe' }) as const

  it('between two words of the person, in whatever order they came in', () => {
    const person = accountHolder()
    person.object('promotional-mail', observed('2014-09-01T00:00:00.000Z'))
    person.liftObjection('promotional-mail', observed('2014-11-01T00:00:00.000Z'))
    person.object('promotional-mail', observed('2014-12-01T00:00:00.000Z'))
    const flagged = (at: string) => {
      const [event] = person.act(promotion, observed(at)).events
      return event?.type === 'DataUsed' && event.data.judgement.outcome === 'violated'
    }
    expect(
      [
        '2014-08-31T23:59:59.999Z',
        '2014-09-01T00:00:00.000Z',
        '2014-10-31T23:59:59.999Z',
        '2014-11-01T00:00:00.000Z',
        '2014-11-30T23:59:59.999Z',
        '2014-12-01T00:00:00.000Z',
      ].map(flagged),
    ).toEqual([false, true, true, false, false, true])
  })

  it('with the data that was held then', () => {
    const person = accountHolder()
    const [early] = person.act(mail('account-contact'), observed('2014-06-30T12:00:00.000Z')).events
    expect(early).toMatchObject({
      type: 'DataUsed',
      data: { judgement: { violations: [{ code: 'not_held' }, { code: 'purpose_not_open' }] } },
    })
  })

  it('with the account that was open then', () => {
    const person = accountHolder()
    person.closeAccount({ at: '2014-08-01T00:00:00.000Z' })
    const outcome = (at: string) => {
      const [event] = person.act(mail('service-announcements'), observed(at)).events
      return event?.type === 'DataUsed' ? event.data.judgement.outcome : null
    }
    expect(outcome('2014-07-31T23:59:59.999Z')).toBe('permitted')
    expect(outcome('2014-08-01T00:00:00.000Z')).toBe('violated')
  })
})

describe('a collection', () => {
  it('needs one purpose that is open; the others wait', () => {
    const person = accountHolder()
    person.object('promotional-mail')
    expect(person.act(registration).outcome).toBe('recorded')
    const only = person.act({ ...registration, purposes: ['promotional-mail'] })
    expect(only).toMatchObject({ code: 'objection_stands', obligation: 'S3' })
  })

  it('for consent alone needs the consent', () => {
    const testimonial = {
      act: 'collect',
      channel: 'email',
      kind: 'testimonial-author',
      categories: ['user.content.testimonial'],
      purposes: ['publish-testimonial'],
    }
    const person = somebody()
    expect(person.act(testimonial)).toMatchObject({ code: 'consent_missing', obligation: 'S20' })
    person.giveConsent('publish-testimonial')
    expect(person.act(testimonial).events[0]).toMatchObject({
      data: { judgement: { authority: { basis: 'consent', consent: { revision: 1 } } } },
    })
  })

  it('of no category at all is none', () => {
    const answer = somebody().act({ ...registration, categories: [] })
    expect(answer.code).toBe('collection_not_permitted')
    expect(accountHolder().act({ ...mail('account-contact'), categories: [] }).code).toBe(
      'not_held',
    )
  })

  it('comes under the rule that asks for nothing that is missing, if there is one', () => {
    const document = policyDocument('symphony-commerce-2014-06-30')
    const rules = document['collection'] as Record<string, unknown>[]
    const [first] = rules
    rules.push({ ...first, id: 'business-cards', obligation: 'S11', selfIdentified: false })
    const compiled = compile(parsed(document))
    const act = Act.parse({
      property: 'www.symphonycommerce.com',
      ...prospectDetails,
      selfIdentified: false,
    })
    const moment: Moment = { at: Instant.parse('2014-07-01T00:00:00.000Z'), mode: 'enforce' }
    const context = { policy: compiled, recipient: null, transferUnderWay: false }
    expect(judge(act, moment, somebody().state, context)).toMatchObject({
      outcome: 'permitted',
      authority: { rules: ['business-cards'] },
      collection: { id: 'business-cards' },
    })
  })

  it('of what nobody says the end of is refused', () => {
    const document = policyDocument('symphony-commerce-2014-06-30')
    const rules = document['retention'] as { id: string }[]
    document['retention'] = rules.filter(({ id }) => id !== 'prospects')
    const context = { policy: compile(parsed(document)), recipient: null, transferUnderWay: false }
    const moment: Moment = { at: Instant.parse('2014-07-01T00:00:00.000Z'), mode: 'enforce' }
    const act = Act.parse({ property: 'www.symphonycommerce.com', ...prospectDetails })
    const judged = judge(act, moment, somebody().state, context)
    expect(judged).toMatchObject({
      refusals: [{ code: 'collection_not_permitted', rule: 'prospect-details' }],
    })
  })
})

describe('a use of data tied to nobody', () => {
  const moment: Moment = { at: Instant.parse('2014-07-01T00:00:00.000Z'), mode: 'enforce' }
  const context = { policy, recipient: null, transferUnderWay: false }
  const use = (categories: string[], purpose: string) =>
    judge(
      Act.parse({ act: 'use', property: 'www.symphonycommerce.com', categories, purpose }),
      moment,
      null,
      context,
    )

  it('is permitted only for what such data is collected for', () => {
    expect(use(['user.behavior.pages'], 'site-improvement').outcome).toBe('permitted')
    expect(use(['user.behavior.pages'], 'preferences')).toMatchObject({
      refusals: [{ code: 'subject_unknown' }],
    })
    expect(use(['user.name'], 'site-improvement')).toMatchObject({
      refusals: [{ code: 'subject_unknown' }],
    })
    expect(use([], 'site-improvement').outcome).toBe('refused')
  })
})

describe('the choices of a person', () => {
  const kinds = [SubjectKind.parse('account-holder')]
  const moment: Moment = { at: Instant.parse('2014-07-01T00:00:00.000Z'), mode: 'enforce' }
  const purpose = (key: string) => PurposeKey.parse(key)

  it.each([
    ['promotional-mail', null],
    ['service-announcements', 'objection_not_possible'],
    ['unheard-of', 'word_unknown'],
  ])('an objection to %s is answered with %s', (key, code) => {
    expect(judgeObjection(purpose(key), kinds, policy)?.code ?? null).toBe(code)
  })

  it('an objection to what is not open to the person is always possible', () => {
    const other = [SubjectKind.parse('prospect')]
    expect(judgeObjection(purpose('service-announcements'), other, policy)).toBeNull()
  })

  it.each([
    ['give', 'diagnosis-and-improvement', null],
    ['request', 'account-contact', 'consent_not_asked_for'],
    ['withdraw', 'diagnosis-and-improvement', 'consent_not_given'],
    ['give', 'unheard-of', 'word_unknown'],
  ] as const)('to %s consent to %s is answered with %s', (change, key, code) => {
    const { state } = accountHolder()
    const refusal = judgeConsentChange(purpose(key), change, state, moment, policy)
    expect(refusal?.code ?? null).toBe(code)
  })
})

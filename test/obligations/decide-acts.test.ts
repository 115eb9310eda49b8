import { describe, expect, it } from 'vitest'
import { Act, type RecipientStanding } from '../../src/domain/judgement.ts'
import type { JudgingContext } from '../../src/domain/policy/judging.ts'
import { subjectDecider } from '../../src/domain/subject/decider.ts'
import type { SubjectEvent } from '../../src/domain/subject/events.ts'
import { given, recorded, refusalsOf } from '../support/given.ts'
import { symphonyPolicy } from '../support/policy-file.ts'
import { changed, event, permitted, record } from '../support/subject-words.ts'
import { prospectDetails, recipient, registration } from '../support/symphony.ts'

/**
 * One promise a row: what has happened, what is asked, and what is recorded of it, to the letter. The
 * permitted act carries its authority, the refused one leaves its refusal, the observed one its flag.
 */

const context: JudgingContext = {
  policy: symphonyPolicy(),
  recipient: null,
  transferUnderWay: false,
}
const property = 'www.symphonycommerce.com'

function act(asked: Record<string, unknown>): Act {
  return Act.parse({ property, ...asked })
}
const use = (purpose: string, more: Record<string, unknown> = {}) =>
  act({ act: 'use', categories: ['user.contact.email'], purpose, ...more })
const share = (purpose: string, to: string, more: Record<string, unknown> = {}) =>
  act({ act: 'share', categories: ['user.contact.email'], purpose, recipient: to, ...more })

/** What was collected, as the decider itself recorded it. */
function collected(asked: Record<string, unknown>): SubjectEvent[] {
  const { events } = given(subjectDecider).when(record(act(asked)), context)
  expect(events.map(({ type }) => type)).toEqual(['DataCollected'])
  return [...events]
}

const holder = collected(registration)
const prospect = collected(prospectDetails)
const author = collected({
  act: 'collect',
  channel: 'email',
  kind: 'testimonial-author',
  categories: ['user.name', 'user.content.testimonial'],
  purposes: ['testimonial-handling', 'publish-testimonial'],
})
const improvement = 'diagnosis-and-improvement'
const consented = (purpose: string) =>
  event('ConsentGiven', { ...changed(purpose), evidence: 'form', expires: null })
const withdrawn = event('ConsentWithdrawn', changed(improvement))
const objected = (purpose: string) => event('ObjectionMade', changed(purpose))
const published = share('publish-testimonial', 'public', {
  categories: ['user.name', 'user.content.testimonial'],
})
const disclosed = share('legal-disclosure', 'court', {
  ground: 'legal-process',
  document: 'subpoena 14-1',
  approver: 'general counsel',
})
const groundless = share('legal-disclosure', 'court', {
  document: 'subpoena 14-1',
  approver: 'general counsel',
})
const transferred = share('business-transfer', 'acquirer', { transfer: 'merger-1' })
const processor = recipient('email-processor', 'email-processing')

type Row = Readonly<{
  past: readonly SubjectEvent[]
  act: Act
  recipient?: RecipientStanding
  transferUnderWay?: boolean
}>
type Kept = Readonly<{
  id: string
  may: Row & { authority: Record<string, unknown> }
  mayNot: Row & { refusals: readonly string[] }
}>

const standsOn = (obligations: string[], basis: string, more: object = {}) => ({
  obligations,
  basis,
  ...more,
})

const promises: Kept[] = [
  {
    id: 'S1',
    may: { past: holder, act: use('account-contact'), authority: standsOn(['S2'], 'contract') },
    mayNot: {
      past: holder,
      act: { ...use('account-contact'), property: 'www.another.example' as never },
      refusals: ['property_not_covered S29'],
    },
  },
  {
    id: 'S2',
    may: { past: holder, act: use('account-contact'), authority: standsOn(['S2'], 'contract') },
    mayNot: {
      past: prospect,
      act: use('account-contact'),
      refusals: ['purpose_not_open S11', 'purpose_incompatible S11'],
    },
  },
  {
    id: 'S3',
    may: {
      past: holder,
      act: use('promotional-mail', { optOutOffered: true }),
      authority: standsOn(['S3'], 'legitimate-interest'),
    },
    mayNot: {
      past: [...holder, objected('promotional-mail')],
      act: use('promotional-mail', { optOutOffered: true }),
      refusals: ['objection_stands S3'],
    },
  },
  {
    id: 'S4',
    may: {
      past: [...holder, consented(improvement)],
      act: use(improvement),
      authority: standsOn(['S4', 'S40'], 'consent', {
        consent: { purpose: improvement, revision: 1 },
      }),
    },
    mayNot: {
      past: [...holder, consented(improvement), withdrawn],
      act: use(improvement),
      refusals: ['consent_missing S4'],
    },
  },
  {
    id: 'S6',
    may: {
      past: holder,
      act: share('email-processing', 'processor'),
      recipient: processor,
      authority: standsOn(['S12', 'S40'], 'legitimate-interest', { rules: ['email-processors'] }),
    },
    mayNot: {
      past: holder,
      act: share('promotional-mail', 'broker'),
      recipient: recipient('data-broker', 'promotional-mail'),
      refusals: ['sharing_not_permitted S6'],
    },
  },
  {
    id: 'S7',
    may: {
      past: holder,
      act: disclosed,
      recipient: recipient('court'),
      authority: standsOn(['S7'], 'legal-obligation', { rules: ['limited-grounds'] }),
    },
    mayNot: {
      past: holder,
      act: groundless,
      recipient: recipient('court'),
      refusals: ['ground_missing S7'],
    },
  },
  {
    id: 'S8',
    may: {
      past: prospect,
      act: transferred,
      recipient: recipient('acquirer'),
      transferUnderWay: true,
      authority: standsOn(['S8'], 'legitimate-interest', { rules: ['acquirers'] }),
    },
    mayNot: {
      past: prospect,
      act: transferred,
      recipient: recipient('acquirer'),
      refusals: ['transfer_missing S8'],
    },
  },
  {
    id: 'S11',
    may: {
      past: prospect,
      act: use('contact-prospect'),
      authority: standsOn(['S11'], 'legitimate-interest'),
    },
    mayNot: {
      past: prospect,
      act: use('promotional-mail', { optOutOffered: true }),
      refusals: ['purpose_not_open S11', 'purpose_incompatible S11'],
    },
  },
  {
    id: 'S12',
    may: {
      past: holder,
      act: share('email-processing', 'processor'),
      recipient: processor,
      authority: standsOn(['S12', 'S40'], 'legitimate-interest', { rules: ['email-processors'] }),
    },
    mayNot: {
      past: holder,
      act: share('promotional-mail', 'processor'),
      recipient: processor,
      refusals: ['sharing_not_permitted S12'],
    },
  },
  {
    id: 'S13',
    may: {
      past: holder,
      act: use('product-updates', { optOutOffered: true }),
      authority: standsOn(['S13'], 'legitimate-interest'),
    },
    mayNot: {
      past: [...holder, objected('product-updates')],
      act: use('product-updates'),
      refusals: ['objection_stands S13', 'opt_out_not_offered S13'],
    },
  },
  {
    id: 'S20',
    may: {
      past: [...author, consented('publish-testimonial')],
      act: published,
      recipient: recipient('public'),
      authority: standsOn(['S20'], 'consent', {
        rules: ['testimonials-posted'],
        consent: { purpose: 'publish-testimonial', revision: 1 },
      }),
    },
    mayNot: {
      past: author,
      act: published,
      recipient: recipient('public'),
      refusals: ['consent_missing S20', 'consent_missing S20'],
    },
  },
  {
    id: 'S40',
    may: {
      past: holder,
      act: use('account-contact'),
      authority: standsOn(['S2'], 'contract'),
    },
    mayNot: {
      past: [...holder, ...author],
      act: use('account-contact', { categories: ['user.content.testimonial'] }),
      refusals: ['purpose_incompatible S40'],
    },
  },
]

function contextOf({ recipient: to = undefined, transferUnderWay = false }: Row): JudgingContext {
  return { ...context, recipient: to ?? null, transferUnderWay }
}

function happened({ act: what, recipient: to }: Row, mode: string, judgement: unknown) {
  return what.act === 'share'
    ? event('DataShared', {
        mode,
        act: what,
        recipientClass: to?.recipientClass ?? null,
        judgement,
      })
    : event('DataUsed', { mode, act: what, spent: null, judgement })
}

describe.each(promises)('$id when it is decided', ({ id, may, mayNot }) => {
  it(`${id} records the permitted act with what it stands on`, () => {
    const decision = given(subjectDecider, ...may.past).when(record(may.act), contextOf(may))
    expect(decision).toEqual(recorded(happened(may, 'enforce', permitted(may.authority))))
  })

  it(`${id} refuses the other, and the refusal is an event of its own`, () => {
    const decision = given(subjectDecider, ...mayNot.past).when(
      record(mayNot.act),
      contextOf(mayNot),
    )
    expect(refusalsOf(decision)).toEqual(mayNot.refusals)
    const refusals = decision.outcome === 'refused' && decision.refusals
    expect(decision.events).toEqual([event('ActRefused', { attempted: mayNot.act, refusals })])
  })

  it(`${id} records it all the same where it was observed, flagged with the same reasons`, () => {
    const past = given(subjectDecider, ...mayNot.past)
    const asked = past.when(record(mayNot.act), contextOf(mayNot))
    const violations = asked.outcome === 'refused' && asked.refusals
    const seen = past.when(record(mayNot.act, { mode: 'observe' }), contextOf(mayNot))
    const flagged = { outcome: 'violated', violations }
    expect(seen).toEqual(recorded(happened(mayNot, 'observe', flagged)))
  })
})

describe('S10 when it is decided', () => {
  const address = { ...prospectDetails, categories: ['user.name', 'user.contact.address'] }
  const birthday = { ...prospectDetails, categories: ['user.name', 'user.payment.card'] }

  it('S10 puts what a prospect may give into the lot of its retention', () => {
    const asked = act(address)
    expect(given(subjectDecider).when(record(asked), context)).toEqual(
      recorded(
        event('DataCollected', {
          mode: 'enforce',
          act: asked,
          items: [
            { category: 'user.name', fields: [], lot: 'prospects' },
            { category: 'user.contact.address', fields: [], lot: 'prospects' },
          ],
          lots: [
            {
              lot: 'prospects',
              rule: 'prospects',
              trigger: 'last-activity',
              keep: 'P2Y',
              minimum: null,
            },
          ],
          transient: false,
          judgement: permitted({
            rules: ['prospect-details'],
            obligations: ['S10', 'S11'],
            basis: 'legitimate-interest',
          }),
        }),
      ),
    )
  })

  it('S10 refuses anything else from them', () => {
    const decision = given(subjectDecider).when(record(act(birthday)), context)
    expect(refusalsOf(decision)).toEqual(['collection_not_permitted S10'])
    expect(decision.events.map(({ type }) => type)).toEqual(['ActRefused'])
  })

  it('S10 holds, and flags, what a source collected from them anyway', () => {
    const decision = given(subjectDecider).when(record(act(birthday), { mode: 'observe' }), context)
    expect(decision.events).toMatchObject([
      {
        type: 'DataCollected',
        data: {
          items: [{ lot: 'prospects' }, { lot: 'prospects' }],
          judgement: { outcome: 'violated', violations: [{ obligation: 'S10' }] },
        },
      },
    ])
  })
})

describe('S5 when it is decided', () => {
  it('S5 refuses figures about a person, whatever the figures are', () => {
    const figures = use('aggregated-statistics', { categories: ['system.usage-figures'] })
    const decision = given(subjectDecider, ...holder).when(record(figures), context)
    expect(refusalsOf(decision)).toEqual(['identifying_in_aggregate S5'])
  })
})

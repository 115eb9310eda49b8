import { describe, expect, it } from 'vitest'
import { Act } from '../../src/domain/judgement.ts'
import { streamName } from '../../src/domain/envelope.ts'
import { holdDecider } from '../../src/domain/hold/decider.ts'
import { policyDecider } from '../../src/domain/policy/decider.ts'
import { compile } from '../../src/domain/policy/compile.ts'
import { policyEventData, type PolicyEvent } from '../../src/domain/policy/events.ts'
import type { JudgingContext } from '../../src/domain/policy/judging.ts'
import type { PolicyCommand } from '../../src/domain/policy/commands.ts'
import { subjectDecider } from '../../src/domain/subject/decider.ts'
import type { TransferCommand } from '../../src/domain/transfer/commands.ts'
import { transferDecider } from '../../src/domain/transfer/decider.ts'
import { transferEventData, type TransferEvent } from '../../src/domain/transfer/events.ts'
import { given, nthEventId, recorded, refusalsOf } from '../support/given.ts'
import { policyFile, symphonyPolicy } from '../support/policy-file.ts'
import { command, event, record } from '../support/subject-words.ts'
import { mail, registration } from '../support/symphony.ts'

const policy = symphonyPolicy()
const context: JudgingContext = { policy, recipient: null, transferUnderWay: false }
const property = 'www.symphonycommerce.com'

/** What was collected, as the decider itself recorded it. */
function collected(asked: Record<string, unknown>, at?: string) {
  const act = Act.parse({ property, ...asked })
  return given(subjectDecider).when(record(act, {}, at), context).events
}

const holder = collected(registration)
const order = collected(
  {
    act: 'collect',
    channel: 'commerce-platform',
    kind: 'account-holder',
    categories: ['user.purchase.history'],
    purposes: ['fulfil-order', 'billing'],
  },
  '2014-07-01T19:00:00.000Z',
)
const opened = event('AccountOpened', { mode: 'enforce' })
const closed = event('AccountClosed', { mode: 'enforce', reason: 'by email', on: '2014-08-01' })
const account = {
  lot: 'account-data',
  categories: ['user.account.username', 'user.name', 'user.contact.email'],
}
const orders = { lot: 'orders/2014-07-01', categories: ['user.purchase.history'] }

const deletion = (cause: string, scope: object, at?: string) =>
  command({ type: 'RequestDeletion', deletion: 'd-1', cause, scope, request: null }, at)
const complete = (lots: string[]) => command({ type: 'CompleteDeletion', deletion: 'd-1', lots })
const requested = (cause: string, everything: boolean, lots: object[], on = '2014-07-01') =>
  event('DeletionRequested', { deletion: 'd-1', cause, everything, lots, request: null, on })
const deferred = (lots: object[], holds: string[], until: string | null = null) =>
  event('DeletionDeferred', { deletion: 'd-1', lots, holds, until })
const deleted = (cause: string, lots: object[]) =>
  event('DataDeleted', { deletion: 'd-1', cause, lots })
const erased = event('SubjectErased', { deletion: 'd-1' })

describe('S19 when it is decided', () => {
  const referral = {
    act: 'collect',
    channel: 'web-form',
    kind: 'referred-person',
    categories: ['user.contact.email'],
    purposes: ['referral-mail'],
    providedBy: 'user-17',
  }
  const lot = `referral/${nthEventId(100)}`
  const told = collected(referral)
  const sent = Act.parse({ property, ...mail('referral-mail') })
  const used = given(subjectDecider, ...told).when(record(sent), context)

  it('S19 keeps the friend’s address outside the inventory, due the day after', () => {
    expect(told).toMatchObject([
      { data: { transient: true, lots: [{ lot, rule: 'referral', keep: 'P1D' }] } },
    ])
    expect(given(subjectDecider, ...told).state.holdings.size).toBe(0)
  })

  it('S19 asks for its deletion with the one mail', () => {
    expect(used.events).toMatchObject([
      { type: 'DataUsed', data: { spent: lot, judgement: { outcome: 'permitted' } } },
      {
        type: 'DeletionRequested',
        data: { cause: 'transient', everything: false, lots: [{ lot }] },
      },
    ])
  })

  it('S19 refuses a second mail before it is gone, and after', () => {
    const spent = given(subjectDecider, ...told, ...used.events)
    expect(refusalsOf(spent.when(record(sent), context))).toEqual(['transient_already_used S19'])
    const reference = `transient.${nthEventId(100)}`
    const gone = spent.and(
      event('DataDeleted', {
        deletion: reference,
        cause: 'transient',
        lots: [{ lot, categories: ['user.contact.email'] }],
      }),
    )
    expect(gone.state.lots.size).toBe(0)
    expect(refusalsOf(gone.when(record(sent), context))).toEqual(['transient_already_used S19'])
  })
})

describe('S30 when it is decided', () => {
  const person = given(subjectDecider, ...holder)
  const asked = requested('request', true, [account])

  it('S30 lets a person have everything deleted at any time', () => {
    expect(person.when(deletion('request', { everything: true }), context)).toEqual(recorded(asked))
    expect(person.and(asked).when(complete(['account-data']), context)).toEqual(
      recorded(deleted('request', [account]), erased),
    )
  })

  it('S30 lets nothing be done with the data meanwhile, or after', () => {
    const use = record(Act.parse({ property, ...mail('account-contact') }))
    expect(refusalsOf(person.and(asked).when(use, context))).toEqual(['subject_fenced'])
    const over = person.and(asked, deleted('request', [account]), erased)
    expect(refusalsOf(over.when(use, context))[0]).toBe('subject_erased')
  })

  it('S30 records an export before it is answered', () => {
    const categories = ['user.name', 'user.contact.email']
    const access = { reason: 'subject-export', categories, request: 'r-1' }
    expect(person.when(command({ type: 'RecordAccess', ...access }), context)).toEqual(
      recorded(event('DataAccessed', access)),
    )
  })

  it('S30 refuses to delete what is not held', () => {
    const none = deletion('request', { categories: ['user.health'] })
    expect(refusalsOf(person.when(none, context))).toEqual(['nothing_held S30'])
  })
})

describe('S35 when it is decided', () => {
  const retention = (at: string) => deletion('retention', { lots: ['account-data'] }, at)
  const nothing = recorded()

  it('S35 keeps account data while the account is active', () => {
    const active = given(subjectDecider, ...holder, opened)
    expect(active.when(retention('2034-07-01T19:00:00.000Z'), context)).toEqual(nothing)
  })

  it('S35 starts the clock when it is closed, and deletes on the day', () => {
    const left = given(subjectDecider, ...holder, opened, closed)
    expect(left.when(retention('2014-08-31T06:59:59.999Z'), context)).toEqual(nothing)
    expect(left.when(retention('2014-08-31T07:00:00.000Z'), context)).toEqual(
      recorded(requested('retention', false, [account], '2014-08-31')),
    )
  })
})

describe('S36 when it is decided', () => {
  const defer = (holds: string[]) =>
    command({ type: 'DeferDeletion', deletion: 'd-1', lots: ['account-data'], holds })
  const resume = command({ type: 'ResumeDeletion', deletion: 'd-1' })
  const pending = given(subjectDecider, ...holder, requested('request', true, [account]))
  const held = pending.and(deferred([account], ['matter-1']))

  it('S36 lets a hold be placed on one of its grounds, with its document', () => {
    const terms = {
      title: 'Doe v. Symphony',
      ground: 'legal-claim',
      scope: { everything: true },
      document: 'complaint 14-1',
    } as const
    expect(given(holdDecider).when({ type: 'PlaceHold', ...terms }, undefined)).toEqual(
      recorded({ type: 'HoldPlaced', version: 1, data: terms }),
    )
  })

  it('S36 defers what a hold covers, and refuses to call it deleted', () => {
    expect(pending.when(defer(['matter-1']), context)).toEqual(
      recorded(deferred([account], ['matter-1'])),
    )
    expect(refusalsOf(held.when(complete(['account-data']), context))).toEqual(['on_hold S36'])
  })

  it('S36 takes up at the release what was deferred, to the end', () => {
    const resumed = event('DeletionResumed', { deletion: 'd-1', lots: [account] })
    expect(held.when(resume, context)).toEqual(recorded(resumed))
    expect(held.and(resumed).when(complete(['account-data']), context)).toEqual(
      recorded(deleted('request', [account]), erased),
    )
  })

  it('S36 keeps the books for as long as the law asks, and deletes the rest', () => {
    const customer = given(subjectDecider, ...holder, ...order)
    expect(customer.when(deletion('request', { everything: true }), context)).toEqual(
      recorded(requested('request', true, [account, orders]), deferred([orders], [], '2021-07-01')),
    )
    const books = deletion('request', { categories: ['user.purchase.history'] })
    expect(refusalsOf(customer.when(books, context))).toEqual(['retention_minimum S36'])
  })
})

describe('S9 when it is decided', () => {
  const manifest = (notNotified: number) => ({
    position: 10,
    subjects: 5,
    items: 9,
    excluded: 0,
    notNotified,
    digest: 'a'.repeat(64),
  })
  const transferEvent = (type: TransferEvent['type'], data: object) =>
    ({ type, version: 1, data: transferEventData[type].parse(data) }) as TransferEvent
  const scope = { everything: true }
  const scoped = given(
    transferDecider,
    transferEvent('TransferProposed', {
      title: 'Merger',
      transaction: 'merger',
      acquirer: 'acquirer',
      scope,
    }),
    transferEvent('TransferScoped', { scope, manifest: manifest(2) }),
  )
  const execute = (notNotified: number, override: object | null = null) =>
    ({
      type: 'ExecuteTransfer',
      manifest: manifest(notNotified),
      override,
    }) as unknown as TransferCommand

  it('S9 refuses a transfer of which people have not heard', () => {
    const decision = scoped.when(execute(2), undefined)
    expect(refusalsOf(decision)).toEqual(['people_not_notified S9'])
    expect(decision.events).toMatchObject([
      { type: 'TransferStepRefused', data: { command: 'ExecuteTransfer' } },
    ])
  })

  it('S9 permits it once everybody has, or by a recorded override', () => {
    const override = { reason: 'closing day', approver: 'general counsel' }
    for (const [notNotified, why] of [
      [0, null],
      [2, override],
    ] as const) {
      expect(scoped.when(execute(notNotified, why), undefined)).toEqual(
        recorded(
          transferEvent('TransferExecuted', { manifest: manifest(notNotified), override: why }),
        ),
      )
    }
  })

  it('S9 records that a person was told', () => {
    const told = { about: 'transfer', reference: 'merger-1', channel: 'email' }
    const asked = command({ type: 'NotifySubject', ...told })
    expect(given(subjectDecider, ...holder).when(asked, context)).toEqual(
      recorded(event('SubjectNotified', told)),
    )
  })
})

describe('S43 when it is decided', () => {
  const policyEvent = (type: PolicyEvent['type'], data: object) =>
    ({ type, version: 1, data: policyEventData[type].parse(data) }) as PolicyEvent
  const source = policyFile('symphony-commerce-2014-06-30')
  const publish = {
    type: 'PublishPolicy',
    policy: source,
    document: 'policy: …',
    digest: 'a'.repeat(64),
  } as const
  const published = given(policyDecider, ...given(policyDecider).when(publish, undefined).events)
  const version = '2014-06-30'
  const bring = { type: 'BringPolicyIntoEffect', version, on: version } as unknown as PolicyCommand
  const notice = (on: string) =>
    policyEvent('PolicyNoticeGiven', { version, channel: 'site-notice', on, evidence: null })

  it('S43 refuses a policy that was not announced before it takes effect', () => {
    for (const past of [published, published.and(notice('2014-06-30'))]) {
      const decision = past.when(bring, undefined)
      expect(refusalsOf(decision)).toEqual(['notice_missing S43'])
      expect(decision.events).toMatchObject([
        { type: 'PolicyStepRefused', data: { version, command: 'BringPolicyIntoEffect' } },
      ])
    }
  })

  it('S43 permits it from its day on, when it was announced the day before', () => {
    expect(published.and(notice('2014-06-29')).when(bring, undefined)).toEqual(
      recorded(policyEvent('PolicyTookEffect', { version, from: version })),
    )
  })

  it('S43 refuses it before its day, however early it was announced', () => {
    const early = { ...bring, on: '2014-06-29' } as PolicyCommand
    const decision = published.and(notice('2014-06-01')).when(early, undefined)
    expect(refusalsOf(decision)).toEqual(['not_yet_effective S43'])
  })
})

describe('S45 when it is decided', () => {
  const acme = compile(policyFile('acme-store-2014-06-30'))
  const atAcme: JudgingContext = { ...context, policy: acme }
  const shopping = Act.parse({ property, ...registration })

  it('S45 judges a visitor’s data by the policy of the customer whose site it is', () => {
    const decision = given(subjectDecider).when(record(shopping), atAcme)
    expect(refusalsOf(decision)).toContain('property_not_covered S45')
    expect(given(subjectDecider).when(record(shopping), context).outcome).toBe('recorded')
  })

  it('S45 names the version of that policy as the authority', () => {
    const order = Act.parse({
      act: 'collect',
      property: 'www.acme-store.example',
      channel: 'checkout',
      kind: 'shopper',
      categories: ['user.name', 'user.contact.address'],
      purposes: ['fulfil-order'],
      voluntaryAct: 'order form',
    })
    expect(given(subjectDecider).when(record(order), atAcme).events).toMatchObject([
      {
        type: 'DataCollected',
        data: { judgement: { authority: { policyVersion: '2014-06-30', basis: 'contract' } } },
      },
    ])
    expect(given(subjectDecider).when(record(order), context).outcome).toBe('refused')
  })

  it('S45 keeps each controller’s streams apart', () => {
    const subject = '0123456789abcdef0123456789abcdef'
    expect(streamName('subject', acme.controller, subject)).not.toBe(
      streamName('subject', policy.controller, subject),
    )
  })
})

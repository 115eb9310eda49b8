import type { LedgerEvent } from '../../src/domain/envelope.ts'
import { causes, topicOf, type CauseType } from '../../src/projections/notices-due.ts'
import { notificationId } from '../../src/projections/notifications.ts'
import type { ControllerId, EventId, Lot, SubjectId } from '../../src/domain/values.ts'
import {
  collected,
  eventId,
  permitted,
  pseudonym,
  refusals,
  symphony,
  terms,
  used,
  violated,
  words,
  type Told,
} from './envelopes.ts'

export const acme = 'acme-store' as ControllerId
export const controllers = [symphony, acme]
export const categories = ['email', 'name', 'address', 'order']
export const purposes = ['newsletter', 'support', 'updates', 'business-transfer']

const policyDocument = (controller: string) => `
policy: privacy
version: 2014-06-30
title: Privacy
controller: { id: ${controller}, name: Example, timeZone: UTC }
properties: [www.example.org]
effective: 2014-06-30
notice: { channels: [email], obligation: S43 }
clauses: { S43: announced, S3: mail, S10: collection, S35: kept }
subjectKinds: { prospect: { title: Prospect } }
channels: { email: { title: Mail }, web-form: { title: Form } }
categories: { email: { title: Address, identifying: true } }
purposes:
  newsletter: { obligation: S3, title: News, basis: consent, objection: allowed, promotional: true }
  support: { obligation: S3, title: Help, basis: contract, objection: allowed }
collection:
  - { obligation: S10, id: form, kinds: [prospect], channels: [web-form], categories: [email], purposes: [newsletter] }
retention:
  - { obligation: S35, id: account-data, categories: any, trigger: account-closure, keep: P1Y }
`

/** A document that declares `newsletter` promotional. */
export const policyOf = policyDocument

type Random = () => number

/**
 * A history of many people of two controllers, told event by event: what a ledger could hold, and also
 * what deciding would have prevented, since views must fold whatever was recorded. Most events come in
 * the order of their time and some come to be known years later.
 */
export function* randomHistory(
  random: Random,
  events: number,
  people = 40,
): Generator<Told, void, undefined> {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const some = <T>(list: readonly T[]): T[] => list.filter(() => random() < 0.5)
  const chance = (probability: number) => random() < probability
  const lots = new Map<SubjectId, Map<Lot, Set<string>>>()
  const deletions = new Map<
    SubjectId,
    { deletion: string; lots: LotContents[]; everything: boolean }[]
  >()
  const erased = new Set<SubjectId>()
  let clock = Date.parse('2014-07-01T00:00:00.000Z')
  let recorded = Date.parse('2018-01-01T00:00:00.000Z')
  /** What downstream systems may have been told of lately. */
  const caused: { cause: EventId; topic: string; subject: string; controller: string }[] = []
  let yielded = 0
  let told = 0
  let serial = 0

  for (const controller of controllers) {
    yielded += 1
    yield {
      stream: ['policy', 'privacy'],
      controller,
      type: 'PolicyPublished',
      data: words('PolicyPublished', {
        version: '2014-06-30',
        effective: '2014-06-30',
        document: policyDocument(controller),
        digest: '0'.repeat(64),
        notice: { channels: ['email'], before: 'P0D', obligation: 'S43' },
      }),
    }
  }

  while (told < events) {
    clock += Math.floor(random() * 3_600_000 * 12)
    recorded += chance(0.2) ? 0 : Math.floor(random() * 700)
    if (chance(0.01)) recorded -= 3_000
    const moment = new Date(chance(0.2) ? clock - random() * 3e10 : clock).toJSON()
    const controller = pick(controllers)
    const subject = pseudonym(Math.floor(random() * people))
    serial += 1
    const common = {
      at: moment,
      recordedAt: new Date(recorded).toJSON(),
      controller,
      principal: pick(['token:crm', 'job:retention', 'import:1']),
      ...(chance(0.5)
        ? { operation: { key: serial.toString(16).padStart(64, '0'), body: 'b'.repeat(43) } }
        : {}),
    }
    const event = chance(0.9)
      ? subjectEvent(subject, controller, moment.slice(0, 10), serial)
      : chance(0.6)
        ? otherEvent(subject, moment.slice(0, 10), serial)
        : downstreamEvent(controller, moment)
    if (!event) continue
    told += 1
    yielded += 1
    if (causes.includes(event.type as CauseType)) {
      const topic = topicOf(event.type as CauseType)
      caused.push({ cause: eventId(yielded), topic, subject, controller })
      if (caused.length > 12) caused.shift()
    }
    yield { ...common, ...event } as Told
  }

  type LotContents = { lot: Lot; categories: string[] }
  type Event = { stream: Told['stream']; type: LedgerEvent['type']; data: unknown }

  function subjectEvent(
    subject: SubjectId,
    controller: ControllerId,
    on: string,
    n: number,
  ): Event | null {
    const about = `${controller}/${subject}` as SubjectId
    const stream = ['subject', subject] as const
    const own = lots.get(about) ?? new Map<Lot, Set<string>>()
    lots.set(about, own)
    const pending = deletions.get(about) ?? []
    deletions.set(about, pending)
    const event = <T extends LedgerEvent['type']>(
      type: T,
      data: Record<string, unknown>,
    ): Event => ({
      stream,
      type,
      data: words(type, data),
    })
    const purpose = pick(purposes)
    const consent = {
      on,
      mode: pick(['observe', 'enforce']),
      source: 'crm',
      purpose,
      channel: 'email',
    }
    // Nothing but refusals is ever recorded of a person who was erased.
    const kind = erased.has(about) ? 11 : Math.floor(random() * 20)
    if (kind < 6) {
      const transient = chance(0.1)
      const chosen = some(categories)
      const items = chosen.length === 0 ? ['email'] : chosen
      const known = [
        terms('account-data', 'account-closure', pick(['P1Y', 'P2Y'])),
        terms('marketing', 'last-activity', pick(['P6M', 'P1M'])),
        terms(`orders/${on}`, 'collection', 'P7Y'),
      ]
      const once = [terms(`referral/${eventId(n)}`, 'collection', 'P0D')]
      // Deciding puts nothing into a lot that is being deleted.
      const going = new Set(pending.flatMap((deletion) => deletion.lots.map(({ lot }) => lot)))
      const free = (transient ? once : known).filter(({ lot }) => !going.has(lot))
      if (free.length === 0) return null
      const where = new Map(items.map((item) => [item, pick(free)]))
      const into = [...new Set(where.values())]
      for (const [item, { lot }] of where) {
        own.set(lot, (own.get(lot) ?? new Set()).add(item))
      }
      const data = collected(
        on,
        Object.fromEntries([...where].map(([item, { lot }]) => [item, lot])),
        into,
        {
          transient,
          kind: pick(['prospect', 'account-holder']) as never,
          purposes: [purpose] as never,
          judgement: chance(0.1) ? violated('collection_not_permitted') : permitted('r1'),
        },
      )
      return { stream, type: 'DataCollected', data }
    }
    if (kind < 10) {
      const judgement = chance(0.2)
        ? violated('objection_stands', 'consent_missing')
        : permitted('r2')
      return { stream, type: 'DataUsed', data: used(on, purpose, { judgement }) }
    }
    if (kind === 10) {
      const act = {
        act: 'share',
        property: 'www.example.org',
        categories: ['email'],
        purpose,
        recipient: pick(['mailer', 'court']),
      }
      const data = { on, mode: 'observe', source: 'crm', act, recipientClass: 'x' }
      return event('DataShared', { ...data, judgement: permitted('s1') })
    }
    if (kind === 11) {
      const attempted = { act: 'command', command: 'GiveConsent', purpose }
      return event('ActRefused', { on, source: 'crm', attempted, refusals: refusals('on_hold') })
    }
    if (kind < 15) {
      const given = { ...consent, evidence: null, expires: chance(0.3) ? '2016-01-01' : null }
      return pick([
        event('ConsentRequested', consent),
        event('ConsentGiven', given),
        event('ConsentWithdrawn', consent),
        event('ConsentExpired', { on, purpose }),
        event('ObjectionMade', consent),
        event('ObjectionCarriedOver', { on, purpose }),
        event('ObjectionLifted', consent),
      ])
    }
    if (kind === 15) {
      const account = { on, mode: pick(['observe', 'enforce']), source: 'crm' }
      return chance(0.5)
        ? event('AccountOpened', account)
        : event('AccountClosed', { ...account, reason: 'asked for' })
    }
    if (kind === 16) {
      return event('SubjectNotified', {
        on,
        about: 'transfer',
        reference: pick(['t1', 't2']),
        channel: 'email',
      })
    }
    if (kind === 17) {
      const everything = chance(0.2)
      const chosen = [...own]
        .filter(() => everything || chance(0.5))
        .map(([lot, held]) => ({
          lot,
          categories: chance(0.8) ? [...held] : [...held].slice(0, 1),
        }))
      if (chosen.length === 0) return null
      const deletion = `d${n}`
      pending.push({ deletion, lots: chosen, everything })
      const data = { on, deletion, cause: 'request', everything, lots: chosen, request: null }
      return event('DeletionRequested', data)
    }
    const open = pending[0]
    if (!open) return null
    const { deletion, everything } = open
    const step = Math.floor(random() * 4)
    if (step === 0) {
      const holds = chance(0.7) ? [pick(['m1', 'm2'])] : []
      const until = chance(0.5) ? '2019-01-01' : null
      return event('DeletionDeferred', { on, deletion, lots: some(open.lots), holds, until })
    }
    if (step === 1) return event('DeletionResumed', { on, deletion, lots: some(open.lots) })
    const gone = everything ? open.lots : some(open.lots)
    open.lots = open.lots.filter((lot) => !gone.includes(lot))
    for (const { lot, categories } of gone) {
      for (const category of categories) own.get(lot)?.delete(category)
      if (own.get(lot)?.size === 0) own.delete(lot)
    }
    if (everything && chance(0.5)) {
      own.clear()
      erased.add(about)
      pending.length = 0
      return event('SubjectErased', { on, deletion })
    }
    if (open.lots.length === 0 && !everything) pending.shift()
    if (chance(0.2)) return event('ResidueEnded', { on, deletion })
    return event('DataDeleted', { on, deletion, cause: 'request', lots: gone })
  }

  /** Endpoints, and what became of messages, some of which never were due. */
  function downstreamEvent(controller: ControllerId, moment: string): Event | null {
    const downstream = pick([
      { kind: 'recipient', id: 'mailer' },
      { kind: 'recipient', id: 'court' },
      { kind: 'source', id: 'crm' },
    ] as const)
    const stream = [downstream.kind, downstream.id] as const
    if (chance(0.3)) {
      const topics = some(['person.erased', 'data.deleted', 'consent.withdrawn', 'objection.made'])
      const url = `https://${downstream.id}.example/${pick(['one', 'two'])}`
      const generation = 1 + Math.floor(random() * 9)
      const data = { url, topics: topics.length === 0 ? ['person.erased'] : topics, generation }
      return pick<Event>([
        { stream, type: 'EndpointRegistered', data },
        { stream, type: 'EndpointRegistered', data },
        { stream, type: 'EndpointSecretRotated', data: { generation } },
        { stream, type: 'EndpointRemoved', data: { reason: 'moved' } },
      ])
    }
    const own = caused.filter((it) => it.controller === controller)
    if (own.length === 0) return null
    const { cause, topic, subject } = pick(own)
    const notice = { cause, topic, subject, downstream }
    const id = notificationId(cause, downstream as never)
    const fault = { code: 'rejected', status: 503 }
    const attempt = 1 + Math.floor(random() * 9)
    return pick<Event>([
      {
        stream: ['notification', id],
        type: 'NotificationConfirmed',
        data: { notice, attempt, status: 204 },
      },
      {
        stream: ['notification', id],
        type: 'NotificationFailed',
        data: { notice, attempt, ...fault, next: moment },
      },
      {
        stream: ['notification', id],
        type: 'NotificationAbandoned',
        data: { notice, attempts: attempt, ...fault },
      },
      {
        stream: ['notification', id],
        type: 'NotificationRetried',
        data: { notice, reason: 'mended' },
      },
    ])
  }

  function otherEvent(subject: SubjectId, on: string, n: number): Event {
    const event = <T extends LedgerEvent['type']>(
      stream: Told['stream'],
      type: T,
      data: Record<string, unknown>,
    ): Event => ({ stream, type, data: words(type, data) })
    const request = `r${Math.floor(n / 50)}`
    const matter = pick(['m1', 'm2', 'm3'])
    const recipient = pick(['mailer', 'court'])
    const scope = { everything: true }
    const manifest = {
      position: 1,
      subjects: 1,
      items: 1,
      excluded: 0,
      notNotified: 0,
      digest: 'a'.repeat(64),
    }
    const backup = `b${Math.floor(n / 100) - (chance(0.5) ? 1 : 0)}`
    const made: (() => Event)[] = [
      () =>
        event(['backup', 'vault'], 'VaultBackupTaken', {
          on,
          backup,
          epoch: 1,
          expires: pick(['2019-01-01', '2020-01-01']),
        }),
      () => event(['backup', 'vault'], 'VaultBackupExpired', { on, backup }),
      () =>
        event(['request', request], 'RequestReceived', {
          kind: 'erasure',
          subject,
          channel: 'email',
          on,
          deadline: '2019-01-01',
          purpose: null,
        }),
      () => event(['request', request], 'RequestVerified', { method: 'call', handler: 'desk' }),
      () =>
        event(['request', request], 'RequestFulfilled', {
          outcome: 'done',
          handler: 'desk',
          deletion: null,
          digest: null,
        }),
      () =>
        event(['hold', matter], 'HoldPlaced', {
          title: 'Suit',
          ground: 'legal-claim',
          scope,
          document: 'doc 1',
        }),
      () => event(['hold', matter], 'HoldReleased', { reason: 'settled' }),
      () =>
        event(['recipient', recipient], 'RecipientRegistered', {
          name: 'Mailer Inc.',
          recipientClass: 'email-processor',
          country: 'US',
        }),
      () =>
        event(['recipient', recipient], 'ContractSigned', {
          reference: pick(['c1', 'c2']),
          from: on,
          until: null,
          purposes: ['newsletter'],
          categories: 'any',
        }),
      () => event(['recipient', recipient], 'RecipientSuspended', { reason: 'breach' }),
      () =>
        event(['transfer', 't1'], 'TransferProposed', {
          title: 'Sale',
          transaction: 'merger',
          acquirer: 'mailer',
          scope,
        }),
      () => event(['transfer', 't1'], 'TransferScoped', { scope, manifest }),
      () => event(['policy', 'privacy'], 'PolicyTookEffect', { version: '2014-06-30', from: on }),
      () =>
        event(['run', `run-${n}`], 'JobRan', {
          job: 'retention',
          run: `run-${n}`,
          asOf: on,
          outcome: { deleted: 3 },
          note: null,
        }),
    ]
    return pick(made)()
  }
}

import { Act } from '../../src/domain/judgement.ts'
import { dayOf } from '../../src/domain/policy/calendar.ts'
import type { JudgingContext } from '../../src/domain/policy/judging.ts'
import type { SubjectCommand } from '../../src/domain/subject/commands.ts'
import {
  subjectEventData,
  type SubjectEventOf,
  type SubjectEventType,
} from '../../src/domain/subject/events.ts'
import { Instant, SourceId } from '../../src/domain/values.ts'
import { nthEventId } from './given.ts'
import { smallPolicy } from './small-policy.ts'

/**
 * Short ways to say, under the small policy, what happened to a subject and what is asked. Events and
 * acts are parsed by the schemas that stored ones are parsed by.
 */

const policy = smallPolicy()

/** What an act is judged with: the small policy in force. */
export const context: JudgingContext = { policy, recipient: null, transferUnderWay: false }
/** The same, before any policy. */
export const withoutPolicy: JudgingContext = { ...context, policy: null }

/** The day of most of what happens here, and its event data. */
export const DAY = '2014-07-01'
const base = { on: DAY, source: 'crm' }

/** An event from its data, on 1 July 2014 from the CRM unless the data says otherwise. */
export function event<T extends SubjectEventType>(
  type: T,
  data: Record<string, unknown>,
): SubjectEventOf<T> {
  const schema = subjectEventData[type]
  const filled = 'source' in schema.shape ? { ...base, ...data } : { on: base.on, ...data }
  return { type, version: 1, data: schema.parse(filled) } as SubjectEventOf<T>
}

type Bare<C> = C extends SubjectCommand ? Omit<C, 'at' | 'on' | 'source' | 'eventId'> : never
type Loose = { type: SubjectCommand['type'] } & Record<string, unknown>

/**
 * A command at a moment of 1 July 2014, noon in Los Angeles, unless it says when. Its first event will
 * bear the hundredth id.
 */
export function command(asked: Loose, at = '2014-07-01T19:00:00.000Z'): SubjectCommand {
  const bare = asked as unknown as Bare<SubjectCommand>
  return {
    ...bare,
    at: Instant.parse(at),
    on: dayOf(Instant.parse(at), policy.timeZone),
    source: SourceId.parse('crm'),
    eventId: nthEventId(100),
  }
}

/** A command that records an act in enforce mode. */
export function record(act: Act, more: Record<string, unknown> = {}, at?: string): SubjectCommand {
  return command({ type: 'RecordAct', act, mode: 'enforce', fields: {}, ...more }, at)
}

const property = 'www.shop.example'

/** A customer gives their name and email for offers and shipping. */
export const signUp = Act.parse({
  act: 'collect',
  property,
  categories: ['name', 'email'],
  channel: 'form',
  kind: 'customer',
  purposes: ['offers', 'shipping'],
})

/** A customer orders something. */
export const order = Act.parse({ ...signUp, categories: ['orders'], purposes: ['shipping'] })

/** Somebody tells us of a friend. */
export const friendTold = Act.parse({ ...signUp, kind: 'friend', purposes: ['friend-mail'] })

/** A mail for a purpose. */
export function mailFor(purpose: string, more: Record<string, unknown> = {}): Act {
  return Act.parse({ act: 'use', property, categories: ['email'], purpose, ...more })
}

/** The email is given to the carrier. */
export const toCarrier = Act.parse({
  act: 'share',
  property,
  categories: ['email'],
  purpose: 'shipping',
  recipient: 'carrier',
})

/** The terms of the lots that the small policy makes. */
export const accountLot = {
  lot: 'account',
  rule: 'account',
  trigger: 'account-closure',
  keep: 'P30D',
  minimum: null,
}
export function ordersLot(day: string) {
  return {
    lot: `orders/${day}`,
    rule: 'orders',
    trigger: 'collection',
    keep: 'P7Y',
    minimum: 'P7Y',
  }
}

/** The authority of a permitted act, under the sign-up rule where nothing else is said. */
export function permitted(more: Record<string, unknown> = {}) {
  const authority = {
    policyVersion: '2014-06-30',
    rules: [],
    obligations: [],
    basis: 'contract',
    consent: null,
    ...more,
  }
  return { outcome: 'permitted', authority }
}

/** The customer signed up: name and email are in the lot of the account. */
export const signedUp = event('DataCollected', {
  mode: 'enforce',
  act: signUp,
  items: [
    { category: 'name', fields: ['given', 'family'], lot: 'account' },
    { category: 'email', fields: ['address'], lot: 'account' },
  ],
  lots: [accountLot],
  transient: false,
  judgement: permitted(),
})

/** Something was ordered on a day. */
export function ordered(on: string) {
  return event('DataCollected', {
    on,
    mode: 'enforce',
    act: order,
    items: [{ category: 'orders', fields: ['number'], lot: `orders/${on}` }],
    lots: [ordersLot(on)],
    transient: false,
    judgement: permitted(),
  })
}

const change = { mode: 'enforce', channel: 'email' }

/** The data of a change of consent, or of an objection. */
export function changed(purpose: string, more: Record<string, unknown> = {}) {
  return { ...change, purpose, ...more }
}

/** An enforced word on a purpose. */
export function say(
  type: SubjectCommand['type'],
  purpose: string,
  more: Record<string, unknown> = {},
  at?: string,
): SubjectCommand {
  return command({ type, ...changed(purpose), ...more }, at)
}

/** A refused command as the stream shows it. */
export function refusedCommand(name: string, refusals: unknown, purpose?: string) {
  const attempted = { act: 'command', command: name, ...(purpose ? { purpose } : {}) }
  return event('ActRefused', { attempted, refusals })
}

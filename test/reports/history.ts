import { expect } from 'vitest'
import type { LineInput } from '../../src/application/lines.ts'
import {
  Channel,
  Day,
  Property,
  PurposeKey,
  RecipientId,
  Reference,
  type SubjectId,
} from '../../src/domain/values.ts'
import { openStack, type Stack } from '../support/stack.ts'

/** The people of the history, each found by their address. */
export const people = ['ann', 'bob', 'carl', 'dora', 'eve'] as const
export type Someone = (typeof people)[number]

/** What nobody but the person may read in clear: the values given in the history. */
export const personalValues = [
  ...people.map((name) => `${name}@example.org`),
  ...people.map((name) => `${name.toUpperCase()} Q. Public`),
]

const property = 'www.symphonycommerce.com'
const source = 'crm'

const person = (name: Someone) => ({
  identifiers: [{ scheme: 'email' as const, value: `${name}@example.org` }],
})

const observed = (name: Someone, occurredAt: string) => ({
  mode: 'observe' as const,
  source,
  subject: person(name),
  occurredAt,
})

const values = (name: Someone) => ({
  'user.contact.email': { address: `${name}@example.org` },
  'user.name': { full: `${name.toUpperCase()} Q. Public` },
})

const registered = (name: Someone, at: string): LineInput => ({
  type: 'collect',
  ...observed(name, at),
  property,
  channel: 'web-form',
  kind: 'account-holder',
  purposes: ['account-management', 'promotional-mail', 'product-updates'],
  values: values(name),
})

const opened = (name: Someone, at: string): LineInput => ({
  type: 'open-account',
  ...observed(name, at),
})

const applied = (name: Someone, kind: 'prospect' | 'applicant', at: string): LineInput => ({
  type: 'collect',
  ...observed(name, at),
  property,
  channel: 'web-form',
  kind,
  purposes: ['contact-prospect'],
  selfIdentified: true,
  values: values(name),
})

const mailed = (name: Someone, at: string): LineInput => ({
  type: 'use',
  ...observed(name, at),
  property,
  purpose: 'promotional-mail',
  categories: ['user.contact.email'],
  optOutOffered: true,
})

const objected = (name: Someone, at: string): LineInput => ({
  type: 'object',
  ...observed(name, at),
  purpose: 'promotional-mail',
  channel: 'email',
})

const shared = (name: Someone, at: string, recipient: string): LineInput => ({
  type: 'share',
  ...observed(name, at),
  property,
  purpose: 'email-processing',
  categories: ['user.contact.email'],
  recipient,
})

/**
 * A small history on the real ledger: Ann objects and is mailed all the same; Bob's objection is reported
 * after a mail that it forbade; Carl and Dora left their details and are long due, Dora under a hold;
 * Eve was never mailed because a system asked first.
 */
export async function openHistory(): Promise<Stack> {
  const stack = await openStack()
  const { custody, caller } = stack
  const recipient = RecipientId.parse('mail-provider')
  await custody.services.recipients.register(caller, {
    recipient,
    name: 'A mail provider',
    recipientClass: 'email-processor',
    country: 'US',
  })
  await custody.services.recipients.signContract(caller, {
    recipient,
    reference: Reference.parse('contract-1'),
    from: Day.parse('2014-06-30'),
    until: null,
    purposes: [PurposeKey.parse('email-processing')],
    categories: 'any',
  })
  const outcomes = await stack.say(
    registered('ann', '2014-07-01T16:00:00.000Z'),
    opened('ann', '2014-07-01T16:00:00.000Z'),
    registered('bob', '2014-07-02T16:00:00.000Z'),
    opened('bob', '2014-07-02T16:00:00.000Z'),
    applied('carl', 'prospect', '2014-07-03T16:00:00.000Z'),
    applied('dora', 'applicant', '2014-07-04T16:00:00.000Z'),
    registered('eve', '2014-07-05T16:00:00.000Z'),
    opened('eve', '2014-07-05T16:00:00.000Z'),
    mailed('ann', '2014-08-01T16:00:00.000Z'),
    mailed('bob', '2014-08-01T16:00:00.000Z'),
    objected('ann', '2014-08-02T16:00:00.000Z'),
    mailed('ann', '2014-09-01T16:00:00.000Z'),
    mailed('bob', '2014-09-01T16:00:00.000Z'),
    objected('bob', '2014-08-15T16:00:00.000Z'),
    shared('ann', '2014-08-01T16:00:00.000Z', 'mail-provider'),
    shared('ann', '2014-08-03T16:00:00.000Z', 'nobody-we-know'),
    objected('eve', '2014-08-02T16:00:00.000Z'),
    {
      type: 'use',
      mode: 'enforce',
      source,
      subject: person('eve'),
      property,
      purpose: 'promotional-mail',
      categories: ['user.contact.email'],
      optOutOffered: true,
    },
  )
  for (const outcome of outcomes.slice(0, -1))
    expect(outcome).toMatchObject({ outcome: 'recorded' })
  expect(outcomes.at(-1)).toMatchObject({ outcome: 'refused' })
  await custody.services.holds.place(caller, {
    matter: Reference.parse('matter-7'),
    title: 'Applicants against the company',
    ground: 'legal-claim',
    scope: { kinds: ['applicant' as never] },
    document: 'notice 7',
  })
  await custody.caughtUp()
  return stack
}

/** A merger of everything that came over the web site, scoped on a manifest; Ann has been told of it. */
export async function proposeMerger({ custody, caller, say }: Stack): Promise<Reference> {
  const transfer = Reference.parse('merger-1')
  const scope = { properties: [Property.parse(property)] }
  const { transfers } = custody.services
  const proposed = await transfers.propose(caller, {
    transfer,
    title: 'Merger with Meridian',
    transaction: 'merger',
    acquirer: RecipientId.parse('meridian'),
    scope,
  })
  expect(proposed).toMatchObject({ outcome: 'recorded' })
  expect(await transfers.scope(caller, { transfer, scope })).toMatchObject({ outcome: 'recorded' })
  const told = {
    type: 'notify' as const,
    mode: 'observe' as const,
    source,
    subject: person('ann'),
    about: 'transfer' as const,
    reference: transfer,
    channel: Channel.parse('email'),
  }
  expect(await say(told)).toMatchObject([{ outcome: 'recorded' }])
  await custody.caughtUp()
  return transfer
}

/** The pseudonym of somebody in the history. */
export async function find({ custody, caller }: Stack, name: Someone): Promise<SubjectId> {
  const subject = await custody.services.subjects.find(caller, person(name))
  if (!subject) throw new Error(`${name} is not known`)
  return subject
}

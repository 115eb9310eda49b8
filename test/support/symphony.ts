import type { RecipientStanding } from '../../src/domain/judgement.ts'
import { Person, type Answer } from './person.ts'
import { symphonyPolicy } from './policy-file.ts'

const policy = symphonyPolicy()

/** A person of whom nothing is known yet, under the example policy. */
export function somebody(): Person {
  return new Person(policy)
}

/** What an account holder gives at registration. */
export const registration = {
  act: 'collect',
  channel: 'web-form',
  kind: 'account-holder',
  categories: ['user.account.username', 'user.name', 'user.contact.email'],
  purposes: [
    'account-management',
    'account-contact',
    'service-announcements',
    'promotional-mail',
    'product-updates',
  ],
}

/** What a prospect gives on the contact form. */
export const prospectDetails = {
  act: 'collect',
  channel: 'web-form',
  kind: 'prospect',
  categories: ['user.name', 'user.company', 'user.contact.email'],
  purposes: ['contact-prospect'],
  selfIdentified: true,
}

/** A person with an open account. */
export function accountHolder(): Person {
  const person = somebody()
  person.act(registration)
  person.openAccount()
  return person
}

/** A person who left their details as a prospect. */
export function prospect(): Person {
  const person = somebody()
  person.act(prospectDetails)
  return person
}

/** A use of the email address. */
export function mail(purpose: string, more: Record<string, unknown> = {}) {
  return { act: 'use', categories: ['user.contact.email'], purpose, ...more }
}

/** A recipient with a contract for these purposes; without any it has none. */
export function recipient(recipientClass: string, ...purposes: string[]): RecipientStanding {
  const contract = { reference: 'contract-1', from: '2014-01-01', until: null, categories: 'any' }
  return {
    recipient: `some-${recipientClass}`,
    recipientClass,
    suspendedSince: null,
    contracts: purposes.length > 0 ? [{ ...contract, purposes }] : [],
  } as unknown as RecipientStanding
}

/** What the audit trail holds of an answer: the authority of what was permitted, or why it was refused. */
export function trail({ events }: Answer): unknown {
  const [event] = events
  if (!event) return null
  if (event.type === 'ActRefused') return { type: event.type, refusals: event.data.refusals }
  return { type: event.type, ...('judgement' in event.data ? event.data.judgement : {}) }
}

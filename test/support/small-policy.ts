import { compile, type CompiledPolicy } from '../../src/domain/policy/compile.ts'
import { parsed } from './policy-file.ts'

/**
 * A policy small enough to hold in the head: customers give name, email and orders; a newsletter on
 * consent for a year, offers until an objection, notices that cannot be objected to, and one mail to a
 * friend. Orders are kept for seven years by law, the rest until a month after the account closes.
 */
export const smallDocument = {
  policy: 'small',
  version: '2014-06-30',
  title: 'A small policy',
  controller: { id: 'shop', name: 'Shop', timeZone: 'America/Los_Angeles' },
  properties: ['www.shop.example'],
  effective: '2014-06-30',
  notice: { channels: ['email'], before: 'P7D', obligation: 'P1' },
  clauses: {
    P1: 'Changes are announced a week before.',
    P2: 'A newsletter to those who asked for it.',
    P3: 'Offers until you say no.',
    P4: 'Notices about the service as long as you have an account.',
    P5: 'One mail to a friend.',
    P6: 'Orders are kept for seven years.',
    P7: 'The rest until a month after the account is closed.',
    P8: 'We ship what you order.',
  },
  subjectKinds: { customer: { title: 'Customer' }, friend: { title: 'Friend' } },
  channels: { form: { title: 'Form', encrypted: true }, email: { title: 'Email' } },
  categories: {
    name: { title: 'Name', identifying: true },
    email: { title: 'Email', identifying: true },
    orders: { title: 'Orders', identifying: true },
    notes: { title: 'Notes', identifying: true },
  },
  purposes: {
    newsletter: {
      title: 'Newsletter',
      obligation: 'P2',
      basis: 'consent',
      objection: 'allowed',
      consentLasts: 'P1Y',
    },
    panel: { title: 'Panel', obligation: 'P2', basis: 'consent', objection: 'allowed' },
    offers: {
      title: 'Offers',
      obligation: 'P3',
      basis: 'legitimate-interest',
      objection: 'allowed',
    },
    notices: {
      title: 'Notices',
      obligation: 'P4',
      basis: 'contract',
      objection: 'refused',
      explanation: 'Close the account to end them.',
    },
    'friend-mail': {
      title: 'Mail to a friend',
      obligation: 'P5',
      basis: 'legitimate-interest',
      objection: 'allowed',
    },
    shipping: {
      title: 'Shipping',
      obligation: 'P8',
      basis: 'contract',
      objection: 'refused',
      explanation: 'An order needs it.',
    },
  },
  collection: [
    {
      id: 'sign-up',
      obligation: 'P8',
      kinds: ['customer'],
      channels: ['form'],
      categories: ['name', 'email', 'orders'],
      purposes: ['newsletter', 'panel', 'offers', 'notices', 'shipping'],
    },
    {
      id: 'tell-a-friend',
      obligation: 'P5',
      kinds: ['friend'],
      channels: ['form'],
      categories: ['name', 'email'],
      purposes: ['friend-mail'],
      transient: true,
    },
  ],
  retention: [
    {
      id: 'orders',
      obligation: 'P6',
      categories: ['orders'],
      trigger: 'collection',
      keep: 'P7Y',
      minimum: 'P7Y',
    },
    {
      id: 'account',
      obligation: 'P7',
      categories: ['name', 'email'],
      trigger: 'account-closure',
      keep: 'P30D',
    },
  ],
}

/** The small policy, ready for judging. */
export function smallPolicy(): CompiledPolicy {
  return compile(parsed(smallDocument))
}

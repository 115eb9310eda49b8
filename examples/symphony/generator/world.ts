import { DAY, END, momentBetween, officeHours, START } from './clock.ts'
import { People, type Person } from './people.ts'
import { Random } from './random.ts'

/** What is true in the invented world, before any system spells it its own way. */
export type Lead = Readonly<{
  person: Person
  id: string
  kind: 'Prospect' | 'Partner'
  createdAt: number
  selfIdentified: boolean
  optedOutAt: number | null
}>

export type Account = Readonly<{
  person: Person
  customer: string
  /** The address the account was opened with; a few people have a second one. */
  email: string
  openedAt: number
  closedAt: number | null
  changedEmail: Readonly<{ at: number; email: string }> | null
}>

export type Chatter = Readonly<{ person: Person; customer: string | null }>

export type World = Readonly<{
  people: People
  leads: readonly Lead[]
  applicants: readonly Readonly<{ person: Person; id: string; createdAt: number }>[]
  accounts: readonly Account[]
  chatters: readonly Chatter[]
  /** People whose one kind this is: whom a promise to their kind protects (S11, S22). */
  onlyLeads: readonly Lead[]
  onlyChatters: readonly Person[]
}>

const LEADS = 700
const APPLICANTS = 300
const ACCOUNTS_OF_LEADS = 220
const ACCOUNTS_UNDER_SECOND_ADDRESS = 40
const OTHER_ACCOUNTS = 1060
const CHATTING_CUSTOMERS = 240
const CHATTING_LEADS = 60
const OTHER_CHATTERS = 180

/** Makes the world of a seed. */
export function makeWorld(seed: string): World {
  const random = new Random(`${seed} world`)
  const people = new People(new Random(`${seed} people`))
  const leads = Array.from({ length: LEADS }, (_, index) => makeLead(random, people.next(), index))
  const applicants = Array.from({ length: APPLICANTS }, (_, index) => ({
    person: people.next(),
    id: `A-${String(index + 1).padStart(4, '0')}`,
    createdAt: officeHours(random, momentBetween(random, START + DAY, END - 60 * DAY)),
  }))
  const accounts = makeAccounts(random, people, leads)
  const customersLeads = new Set(accounts.map(({ person }) => person))
  const withoutAccount = leads.filter(({ person }) => !customersLeads.has(person))
  const chattingLeads = random.some(withoutAccount, CHATTING_LEADS)
  const onlyChatters = Array.from({ length: OTHER_CHATTERS }, () => people.next())
  const chatters: Chatter[] = [
    ...random.some(accounts, CHATTING_CUSTOMERS),
    ...chattingLeads.map(({ person }) => ({ person, customer: null })),
    ...onlyChatters.map((person) => ({ person, customer: null })),
  ].map(({ person, customer }) => ({ person, customer }))
  const onlyLeads = withoutAccount.filter((lead) => !chattingLeads.includes(lead))
  return { people, leads, applicants, accounts, chatters, onlyLeads, onlyChatters }
}

function makeLead(random: Random, person: Person, index: number): Lead {
  const createdAt = officeHours(random, momentBetween(random, START + DAY, END - 200 * DAY))
  const optedOutAt = random.chance(0.06)
    ? officeHours(random, createdAt + random.between(5, 30) * DAY)
    : null
  return {
    person,
    id: `L-${String(index + 1).padStart(4, '0')}`,
    kind: random.chance(0.8) ? 'Prospect' : 'Partner',
    createdAt,
    selfIdentified: !random.chance(0.04),
    optedOutAt,
  }
}

function makeAccounts(random: Random, people: People, leads: readonly Lead[]): Account[] {
  const accounts: Account[] = []
  const chosen = random.some(leads, ACCOUNTS_OF_LEADS)
  let underSecond = 0
  for (const { person, createdAt } of chosen) {
    const second = person.phone !== null && underSecond < ACCOUNTS_UNDER_SECOND_ADDRESS
    if (second) underSecond += 1
    const email = second ? `private.${person.email}` : person.email
    const opened = createdAt + random.between(3, 60) * DAY
    accounts.push(makeAccount(random, person, email, opened, accounts.length))
  }
  for (let made = 0; made < OTHER_ACCOUNTS; made += 1) {
    const person = people.next()
    const opened = START + Math.floor((END - START - 120 * DAY) * random.fraction())
    accounts.push(makeAccount(random, person, person.email, opened, accounts.length))
  }
  return accounts
}

function makeAccount(
  random: Random,
  person: Person,
  email: string,
  opened: number,
  index: number,
): Account {
  const openedAt = momentBetween(random, opened, opened + DAY)
  const closes = random.chance(0.17) && openedAt + 150 * DAY < END - 60 * DAY
  const closedAt = closes ? momentBetween(random, openedAt + 100 * DAY, END - 60 * DAY) : null
  const changes = random.chance(0.05)
  return {
    person,
    customer: `C-${10_001 + index}`,
    email,
    openedAt,
    closedAt,
    changedEmail: changes
      ? {
          at: momentBetween(random, openedAt + 20 * DAY, openedAt + 90 * DAY),
          email: `new.${email}`,
        }
      : null,
  }
}

/** The address that the account has at a moment. */
export function emailAt(account: Account, at: number): string {
  const { changedEmail } = account
  return changedEmail && changedEmail.at <= at ? changedEmail.email : account.email
}

/** One address as people and systems spell it; all of them mean the same mailbox. */
export function spelled(random: Random, email: string, name?: string): string {
  const [local = '', host = ''] = email.split('@')
  switch (random.between(0, name ? 5 : 4)) {
    case 0:
      return email.toUpperCase()
    case 1:
      return `${local.replace(/\b[a-z]/g, (letter) => letter.toUpperCase())}@${host}`
    case 2:
      return ` ${email}  `
    case 3:
      return `${local}@${host.toUpperCase()}`
    case 5:
      return `"${name?.replaceAll('"', '')}" <${email}>`
    default:
      return email
  }
}

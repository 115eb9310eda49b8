import { DAY, END, HOUR, MINUTE, momentBetween } from './clock.ts'
import { Random } from './random.ts'
import { kept, Sheet, type Breach } from './sheet.ts'
import { emailAt, spelled, type Account, type World } from './world.ts'
import { written } from './writing.ts'

export type Order = Readonly<{ account: Account; id: string; at: number }>

export type Testimonial = Readonly<{
  account: Account
  id: string
  submittedAt: number
  consentedAt: number | null
  publishedAt: number | null
}>

const CARD_BY_MAIL: readonly Breach[] = [
  ['channel_not_encrypted', 'S37'],
  ['collection_not_permitted', 'S26'],
]
const NOBODY_GAVE_IT: Breach = ['provider_missing', 'S19']
// Its one use was its end: nothing is held that a second could use.
const USED_TWICE: Breach = ['transient_already_used', 'S19']

/** Accounts as they are opened, changed and closed: `commerce/accounts.ndjson`. */
export function makeAccounts(world: World, seed: string): Sheet {
  const random = new Random(`${seed} accounts`)
  const sheet = new Sheet()
  for (const account of world.accounts) {
    const { person, customer, openedAt, closedAt, changedEmail } = account
    const zone = person.country.zone
    const put = (event: string, at: number, more: object, lines: number) => {
      const record = { event, at: written.isoIn(at, zone), customer: { id: customer }, ...more }
      sheet.add(at, JSON.stringify(record), Array(lines).fill(kept), person)
    }
    put('account.opened', openedAt, openedBy(random, account), 2)
    if (random.chance(0.22)) {
      const address = { street: `Moved Road ${random.between(1, 99)}`, city: person.town }
      put('account.address_changed', openedAt + random.between(5, 80) * DAY, { address }, 1)
    }
    if (changedEmail) {
      put('account.email_changed', changedEmail.at, { email: changedEmail.email }, 1)
    }
    if (random.chance(0.1)) put('account.login_failed', openedAt + 3 * DAY, { attempts: 3 }, 0)
    if (closedAt !== null) {
      const reason = random.pick(['customer request', 'inactive', 'moved to another provider'])
      put('account.closed', closedAt, { reason }, 1)
    }
  }
  addMalformedAccounts(sheet)
  return sheet
}

function openedBy(random: Random, { person, customer, email }: Account): object {
  const { given, family, phone, company } = person
  return {
    customer: {
      id: customer,
      username: `${email.split('@')[0]}`,
      name: { given, family },
      ...(random.chance(0.5) ? { company } : {}),
      email: spelled(random, email),
      phone: phone
        ? random.pick([phone.international, phone.international.replace(/ /g, '-')])
        : null,
      address: { street: person.street, city: person.town, postal_code: person.postalCode },
    },
  }
}

function addMalformedAccounts(sheet: Sheet): void {
  const at = '2015-05-05T10:00:00Z'
  sheet.addMalformed('{"event":"account.opened","at":"2015-05-05T10:0', 'broken_json')
  sheet.addMalformed("{'event': 'account.opened'}", 'broken_json')
  sheet.addMalformed('["account.opened"]', 'not_an_object')
  sheet.addMalformed(JSON.stringify({ event: 'account.teleported', at }), 'no_rule')
  sheet.addMalformed(JSON.stringify({ event: 'account.closed', at }), 'no_identifier')
  const customer = { id: 'C-1' }
  const impossible = { event: 'account.closed', at: '2015-02-30T10:00:00Z', customer }
  sheet.addMalformed(JSON.stringify(impossible), 'impossible_time')
  sheet.addMalformed(JSON.stringify({ event: 'account.closed', customer }), 'value_missing')
}

/** The orders of the world, in the order of the accounts. */
export function makeOrders(world: World, seed: string): Order[] {
  const random = new Random(`${seed} orders`)
  const orders: Order[] = []
  for (const account of world.accounts) {
    const last = Math.min(account.closedAt ?? END, END) - 10 * DAY
    for (let made = random.between(0, 6); made > 0; made -= 1) {
      const at = momentBetween(random, account.openedAt + HOUR, last)
      orders.push({ account, id: `O-${100_001 + orders.length}`, at })
    }
  }
  return orders
}

/** Who wrote a testimonial, and whether it was posted with consent. */
export function makeTestimonials(world: World, seed: string): Testimonial[] {
  const random = new Random(`${seed} testimonials`)
  return random.some(world.accounts, 60).map((account, index) => {
    const submittedAt = account.openedAt + random.between(10, 60) * DAY
    const consents = random.chance(0.75)
    const published = consents || random.chance(0.4)
    return {
      account,
      id: `T-${501 + index}`,
      submittedAt,
      consentedAt: consents ? submittedAt + 2 * DAY : null,
      publishedAt: published ? submittedAt + 9 * DAY : null,
    }
  })
}

/** Orders, referrals and testimonials: `commerce/orders.ndjson`. */
export function makeOrderEvents(
  world: World,
  orders: readonly Order[],
  testimonials: readonly Testimonial[],
  seed: string,
): Sheet {
  const random = new Random(`${seed} order events`)
  const sheet = new Sheet()
  for (const order of orders) addOrder(sheet, random, order)
  for (const order of random.some(orders, 8)) addCardByMail(sheet, order)
  for (const account of random.some(world.accounts, 190)) {
    addReferral(sheet, random, world, account)
  }
  for (const testimonial of testimonials) addTestimonial(sheet, testimonial)
  addMalformedOrders(sheet)
  return sheet
}

const goods = ['teapot', 'mug "Ørsted"', 'wool, 100 g', 'reading lamp', 'ceramic bowl']

function addOrder(sheet: Sheet, random: Random, { account, id, at }: Order): void {
  const { person, customer } = account
  const items = Array.from({ length: random.between(1, 3) }, () => ({
    sku: random.code(6),
    name: random.pick(goods),
    quantity: random.between(1, 4),
  }))
  const record = {
    event: 'order.placed',
    order: id,
    at: written.isoIn(at, 'UTC'),
    customer: {
      id: customer,
      name: `${person.given} ${person.family}`,
      email: emailAt(account, at),
    },
    ship_to: { street: person.street, city: person.town, postal_code: person.postalCode },
    items,
    total: random.between(500, 20_000) / 100,
    payment: { method: 'card', number: `**** **** **** ${random.between(1000, 9999)}` },
  }
  sheet.add(at, JSON.stringify(record), [kept], person)
}

function addCardByMail(sheet: Sheet, { account, id, at: ordered }: Order): void {
  const at = ordered + 2 * HOUR
  const record = {
    event: 'order.card_by_mail',
    order: id,
    at: written.isoIn(at, 'America/Los_Angeles'),
    customer: { id: account.customer },
    payment: { number: '4111 1111 1111 1111' },
  }
  sheet.add(at, JSON.stringify(record), [CARD_BY_MAIL], account.person)
}

function addReferral(sheet: Sheet, random: Random, world: World, account: Account): void {
  const friend = world.people.next()
  const at = momentBetween(random, account.openedAt + DAY, account.openedAt + 90 * DAY)
  const anonymous = random.chance(0.03)
  const record = (event: string, when: number) =>
    JSON.stringify({
      event,
      at: written.isoIn(when, 'UTC'),
      friend: { name: friend.given, email: spelled(random, friend.email) },
      ...(anonymous ? {} : { referred_by: account.customer }),
    })
  sheet.add(at, record('referral.received', at), [anonymous ? [NOBODY_GAVE_IT] : kept], friend)
  const sent = at + 5 * MINUTE
  sheet.add(sent, record('referral.mailed', sent), [kept], friend)
  if (!random.chance(0.08)) return
  const again = sent + 4 * DAY
  sheet.add(again, record('referral.mailed', again), [[USED_TWICE]], friend)
}

function addTestimonial(sheet: Sheet, testimonial: Testimonial): void {
  const { account, id, submittedAt, consentedAt } = testimonial
  const { person, customer } = account
  const base = { testimonial: id, customer: { id: customer } }
  const submitted = {
    event: 'testimonial.submitted',
    at: written.isoIn(submittedAt, 'UTC'),
    ...base,
    author: `${person.given} ${person.family}`,
    text: 'Fast delivery, and the glaze is lovely.\n“Five stars”',
  }
  sheet.add(submittedAt, JSON.stringify(submitted), [kept], person)
  if (consentedAt === null) return
  const consented = {
    event: 'testimonial.consented',
    at: written.isoIn(consentedAt, 'UTC'),
    ...base,
    evidence: `mail of the author, filed under ${id}`,
  }
  sheet.add(consentedAt, JSON.stringify(consented), [kept], person)
}

function addMalformedOrders(sheet: Sheet): void {
  const customer = { id: 'C-1' }
  sheet.addMalformed('{"event":"order.placed",', 'broken_json')
  sheet.addMalformed('order.placed C-10001', 'broken_json')
  const late = { event: 'order.placed', at: '2016-13-01T00:00:00Z', customer }
  sheet.addMalformed(JSON.stringify(late), 'impossible_time')
  const friend = { name: 'X', email: 'not an address' }
  const at = '2016-06-01T00:00:00Z'
  sheet.addMalformed(JSON.stringify({ event: 'referral.received', at, friend }), 'invalid_email')
  const cut = Buffer.from(
    JSON.stringify({ event: 'order.placed', at, customer, note: 'ÿ' }),
    'latin1',
  )
  sheet.addMalformed(cut, 'invalid_bytes')
}

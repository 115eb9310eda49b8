import { DAY, END, HOUR, MINUTE, momentBetween, monthly } from './clock.ts'
import { Random } from './random.ts'
import { kept, Sheet, type Breach } from './sheet.ts'
import { emailAt, spelled, type Account, type World } from './world.ts'
import { csvRow, written } from './writing.ts'

export const subscriptionColumns = ['timestamp', 'recipient', 'list', 'action'] as const
export const deliveryColumns = [
  'epoch',
  'event',
  'message_id',
  'recipient',
  'campaign_type',
  'list_unsubscribe',
] as const

type List = 'promotions' | 'product-updates'
type Choice = Readonly<{ at: number; list: List; action: 'unsubscribe' | 'resubscribe' }>

/** What each account chose, in the order of time. */
export type Choices = ReadonlyMap<Account, readonly Choice[]>

/** Who unsubscribes, from what, and who comes back. */
export function makeChoices(world: World, seed: string): Choices {
  const random = new Random(`${seed} choices`)
  const choices = new Map<Account, Choice[]>()
  for (const account of world.accounts) {
    const own: Choice[] = []
    const until = account.closedAt ?? END
    const lists: List[] = []
    if (random.chance(0.25)) lists.push('promotions')
    if (random.chance(0.1)) lists.push('product-updates')
    for (const list of lists) {
      const at = momentBetween(random, account.openedAt + 20 * DAY, until - DAY)
      own.push({ at, list, action: 'unsubscribe' })
      const back = at + random.between(60, 300) * DAY
      if (random.chance(0.2) && back < until) own.push({ at: back, list, action: 'resubscribe' })
    }
    if (own.length > 0)
      choices.set(
        account,
        own.toSorted((a, b) => a.at - b.at),
      )
  }
  return choices
}

function hasLeft(choices: Choices, account: Account, list: List, at: number): boolean {
  const last = choices.get(account)?.findLast((choice) => choice.list === list && choice.at <= at)
  return last?.action === 'unsubscribe'
}

/** Unsubscribes and re-subscribes: `mail/subscriptions.csv`. */
export function makeSubscriptions(choices: Choices, seed: string): Sheet {
  const random = new Random(`${seed} subscriptions`)
  const sheet = new Sheet()
  for (const [account, own] of choices) {
    for (const { at, list, action } of own) {
      const when = written.isoIn(at, account.person.country.zone)
      const recipient = spelled(random, emailAt(account, at), account.person.given)
      sheet.add(at, csvRow([when, recipient, list, action], ','), [kept], account.person)
    }
  }
  sheet.addMalformed('2015-04-31T10:00:00Z,x@example.org,promotions,unsubscribe', 'impossible_time')
  sheet.addMalformed('2015-04-30T10:00:00Z,x@example.org,promotions,explode', 'no_rule')
  sheet.addMalformed('2015-04-30T10:00:00Z,x@example.org,gossip,unsubscribe', 'unknown_value')
  sheet.addMalformed('2015-04-30T10:00:00Z,x@example.org', 'column_count')
  return sheet
}

const promotions: Breach = ['objection_stands', 'S3']
const updates: Breach = ['objection_stands', 'S13']

/** Sends and opens: `mail/deliveries.csv`. */
export function makeDeliveries(world: World, choices: Choices, seed: string): Sheet {
  const mail = new Deliveries(choices, seed)
  for (const account of world.accounts) {
    mail.welcome(account)
    for (let month = 6; month < 42; month += 1) mail.month(account, month)
  }
  mail.toOthers(world)
  mail.addMalformed()
  return mail.sheet
}

class Deliveries {
  readonly sheet = new Sheet()
  private readonly choices: Choices
  private readonly random: Random
  private messages = 0

  constructor(choices: Choices, seed: string) {
    this.choices = choices
    this.random = new Random(`${seed} deliveries`)
  }

  welcome(account: Account): void {
    this.send(account, account.openedAt + 10 * MINUTE, 'welcome', 'no', kept)
  }

  month(account: Account, month: number): void {
    const { random } = this
    const open = (at: number) =>
      account.openedAt + DAY < at && (account.closedAt === null || at < account.closedAt)
    const promotion = monthly(month, 5) + random.between(0, 120) * MINUTE
    if (open(promotion) && random.chance(0.34)) this.promote(account, promotion)
    const update = monthly(month, 14) + random.between(0, 120) * MINUTE
    if (month % 3 === 1 && open(update) && random.chance(0.6)) this.update(account, update)
    const notice = monthly(month, 22) + random.between(0, 120) * MINUTE
    if (month % 6 === 4 && account.openedAt + DAY < notice && random.chance(0.6))
      this.announce(account, notice)
  }

  private promote(account: Account, at: number): void {
    const left = hasLeft(this.choices, account, 'promotions', at)
    if (left && !this.random.chance(0.04)) return
    const linked = !this.random.chance(0.002)
    const breaches: Breach[] = left ? [promotions] : []
    if (!linked) breaches.push(['opt_out_not_offered', 'S3'])
    const id = this.send(account, at, 'promo', linked ? 'yes' : 'no', breaches)
    this.perhapsOpen(account, at, id, 'promo')
  }

  private update(account: Account, at: number): void {
    const left = hasLeft(this.choices, account, 'product-updates', at)
    if (left && !this.random.chance(0.05)) return
    const linked = !this.random.chance(0.004)
    const breaches: Breach[] = left ? [updates] : []
    if (!linked) breaches.push(['opt_out_not_offered', 'S13'])
    const id = this.send(account, at, 'update', linked ? 'yes' : 'no', breaches)
    this.perhapsOpen(account, at, id, 'update')
  }

  /** A notice of service; a few go out to accounts that are closed already. */
  private announce(account: Account, at: number): void {
    const { closedAt } = account
    const closed = closedAt !== null && closedAt <= at
    if (closed && !this.random.chance(0.08)) return
    this.send(account, at, 'service', 'no', closed ? [['purpose_not_open', 'S27']] : kept)
  }

  private perhapsOpen(account: Account, sent: number, id: string, campaign: string): void {
    if (!this.random.chance(0.32)) return
    const at = sent + this.random.between(2, 3000) * MINUTE
    // A clear gif is bound to the mails it comes in: whoever left a list is not to be measured.
    const left =
      hasLeft(this.choices, account, 'promotions', at) ||
      hasLeft(this.choices, account, 'product-updates', at)
    this.put(at, 'open', id, this.spell(account, at), campaign, '', [
      left ? [['objection_stands', 'S17']] : kept,
    ])
  }

  /** S11, S22: promotions to people who gave their address for something else. */
  toOthers({ onlyLeads, onlyChatters }: World): void {
    const { random } = this
    const wrong = (promise: 'S11' | 'S22'): readonly Breach[] => [
      ['purpose_not_open', promise],
      ['purpose_incompatible', promise],
    ]
    const at = END - 20 * DAY
    for (const { person } of random.some(onlyLeads, 15)) {
      const id = this.nextId()
      this.put(at, 'sent', id, spelled(random, person.email), 'promo', 'yes', [wrong('S11')])
    }
    for (const person of random.some(onlyChatters, 9)) {
      const id = this.nextId()
      this.put(at + HOUR, 'sent', id, spelled(random, person.email), 'promo', 'yes', [wrong('S22')])
    }
  }

  addMalformed(): void {
    const bad = [
      ['1425934800,sent,m-1,someone.example.org,promo,yes', 'invalid_email'],
      ['2015-02-30T10:00:00Z,sent,m-2,x@example.org,promo,yes', 'impossible_time'],
      ['soon,sent,m-3,x@example.org,promo,yes', 'impossible_time'],
      ['1425934800,sent,m-4,x@example.org,astrology,yes', 'unknown_value'],
      ['1425934800,sent,m-5,x@example.org,astrology,no', 'unknown_value'],
      ['1425934800,sent,m-6,x@example.org,promo', 'column_count'],
      ['1425934800,sent,m-7,x@example.org,promo,perhaps', 'invalid_boolean'],
      ['1425934800,vanished,m-8,x@example.org,promo,yes', 'no_rule'],
      ['1425934800,sent,m-9,,promo,yes', 'no_identifier'],
      [',sent,m-10,x@example.org,promo,yes', 'value_missing'],
      ['1425934800,sent,m-11,"x"@example.org,promo,yes', 'broken_quotes'],
    ] as const
    for (const [row, reason] of bad) this.sheet.addMalformed(row, reason)
    const cut = Buffer.from('1425934800,sent,m-12,caf\xe9@example.org,promo,yes', 'latin1')
    this.sheet.addMalformed(cut, 'invalid_bytes')
  }

  private send(
    account: Account,
    at: number,
    campaign: string,
    unsubscribe: string,
    breaches: readonly Breach[],
  ): string {
    const id = this.nextId()
    this.put(at, 'sent', id, this.spell(account, at), campaign, unsubscribe, [breaches])
    if (this.random.chance(0.01)) {
      const bounced = at + 2 * MINUTE
      this.put(bounced, 'bounce', id, this.spell(account, at), campaign, '', [])
    }
    return id
  }

  private put(
    at: number,
    event: string,
    id: string,
    recipient: string,
    campaign: string,
    unsubscribe: string,
    lines: readonly (readonly Breach[])[],
  ): void {
    const cells = [written.epochSeconds(at), event, id, recipient, campaign, unsubscribe]
    this.sheet.add(at, csvRow(cells, ','), lines, null)
  }

  private spell(account: Account, at: number): string {
    const { given, family } = account.person
    return spelled(this.random, emailAt(account, at), `${family}, ${given}`)
  }

  private nextId(): string {
    this.messages += 1
    return `m-${100_000 + this.messages}`
  }
}

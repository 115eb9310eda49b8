import { DAY, END, HOUR, monthly, officeHours } from './clock.ts'
import type { Order, Testimonial } from './commerce.ts'
import { Random } from './random.ts'
import { kept, Sheet, type Breach } from './sheet.ts'
import { emailAt, spelled, type World } from './world.ts'
import { csvRow, written } from './writing.ts'

export const registerColumns = [
  'Entry',
  'What',
  'Date',
  'Recipient',
  'Purpose',
  'Data',
  'Customer No',
  'E-mail',
  'Ground',
  'Document',
  'Approved by',
] as const

type Cells = Partial<Record<(typeof registerColumns)[number], string>>

const DISCLOSURE = 'disclosure'

/** Until this day SendFast had a contract; the registered recipients are in `recipients.yaml`. */
const SENDFAST_CONTRACT_ENDS = Date.UTC(2016, 0, 1, 8)

const NO_CONTRACT: readonly Breach[] = [['contract_missing', 'S12']]
const PROCESSOR_BEYOND_ITS_TASK: readonly Breach[] = [['sharing_not_permitted', 'S12']]
const TO_ADVERTISER: readonly Breach[] = [
  ['identifying_in_aggregate', 'S25'],
  ['sharing_not_permitted', 'S25'],
  ['combination_forbidden', 'S25'],
]
const TO_NOBODY_REGISTERED: readonly Breach[] = [['recipient_unknown', 'S6']]
const WITHOUT_GROUND: readonly Breach[] = [['ground_missing', 'S7']]
const WITHOUT_CONSENT: readonly Breach[] = [['consent_missing', 'S20']]
const LOGS_LINKED: readonly Breach[] = [
  ['combination_forbidden', 'S24'],
  ['not_held', 'S40'],
  ['purpose_incompatible', 'S40'],
]
const IDENTIFYING_FIGURES: readonly Breach[] = [['identifying_in_aggregate', 'S5']]

/** What went to whom, as the office writes it down: `register/disclosures.csv`. */
export function makeRegister(
  world: World,
  orders: readonly Order[],
  testimonials: readonly Testimonial[],
  seed: string,
): Sheet {
  const register = new Register(seed)
  register.processors(world)
  for (const order of orders) register.order(order)
  for (const testimonial of testimonials) register.testimonial(testimonial)
  register.figures()
  register.grounds(world)
  register.violations(world)
  register.addMalformed()
  return register.sheet
}

class Register {
  readonly sheet = new Sheet()
  private readonly random: Random
  private entries = 0

  constructor(seed: string) {
    this.random = new Random(`${seed} register`)
  }

  /** S12: addresses are handed to the providers that send the mail. */
  processors({ accounts, leads }: World): void {
    const { random } = this
    for (const account of accounts) {
      const at = officeHours(random, account.openedAt + 2 * DAY)
      this.toProcessor(at, emailAt(account, at), 'mailbird')
      if (!random.chance(0.2)) continue
      const later = officeHours(random, account.openedAt + random.between(10, 60) * DAY)
      this.toProcessor(later, emailAt(account, later), 'sendfast')
    }
    for (const { person, createdAt } of leads) {
      if (!random.chance(0.5)) continue
      this.toProcessor(officeHours(random, createdAt + 2 * DAY), person.email, 'mailbird')
    }
  }

  private toProcessor(at: number, email: string, recipient: 'mailbird' | 'sendfast'): void {
    const expired = recipient === 'sendfast' && at >= SENDFAST_CONTRACT_ENDS
    // Most of the work had moved to another provider by then.
    if (expired && !this.random.chance(0.15)) return
    const cells = {
      What: DISCLOSURE,
      Recipient: recipient,
      Purpose: 'E-mail processing',
      Data: 'Name, E-mail',
      'E-mail': spelled(this.random, email),
    }
    this.put(at, cells, expired ? NO_CONTRACT : kept)
  }

  /** S48: each order goes to the card processor and to the carrier. */
  order({ account, id, at: ordered }: Order): void {
    const person = { What: DISCLOSURE, 'Customer No': account.customer, Document: id }
    const at = officeHours(this.random, ordered + DAY)
    const data = 'Name, Address, Orders, Card (last four)'
    this.put(at, { ...person, Recipient: 'cardbridge', Purpose: 'Billing', Data: data }, kept)
    const shipping = { Recipient: 'swiftparcel', Purpose: 'Fulfilment', Data: 'Name, Address' }
    this.put(officeHours(this.random, at + DAY), { ...person, ...shipping }, kept)
  }

  /** S20: posted on the site. */
  testimonial({ account, id, publishedAt, consentedAt }: Testimonial): void {
    if (publishedAt === null) return
    const cells = {
      What: DISCLOSURE,
      Recipient: 'public-website',
      Purpose: 'Testimonial',
      Data: 'Name, Testimonial',
      'Customer No': account.customer,
      Document: id,
    }
    const at = officeHours(this.random, publishedAt)
    this.put(at, cells, consentedAt === null ? WITHOUT_CONSENT : kept)
  }

  /** S5, S25: what says nothing of anybody. */
  figures(): void {
    for (let month = 7; month < 42; month += 1) {
      const at = monthly(month, 2)
      const statistics = { Purpose: 'Statistics', Data: 'Usage figures' }
      this.put(at, { What: 'aggregate use', ...statistics }, kept)
      const advertising = { Purpose: 'Advertising', Data: 'Clickstream, Usage figures' }
      const toNetwork = { What: 'aggregate disclosure', Recipient: 'adloop', ...advertising }
      this.put(at + HOUR, toNetwork, kept)
      if (month % 3 !== 0) continue
      const toReaders = { What: 'aggregate disclosure', Recipient: 'market-almanac', ...statistics }
      this.put(at + 2 * HOUR, toReaders, kept)
    }
    const figures = { What: 'aggregate use', Purpose: 'Statistics', Data: 'Usage figures, E-mail' }
    for (const month of [11, 23, 35]) this.put(monthly(month, 3), figures, IDENTIFYING_FIGURES)
  }

  /** S7: courts and the like, with ground, document and approver; some without. */
  grounds({ accounts }: World): void {
    const grounds = [
      'legal process',
      'fraud investigation',
      'government request',
      'network security',
    ]
    for (const [index, account] of this.random.some(accounts, 18).entries()) {
      const at = officeHours(this.random, account.openedAt + 5 * DAY)
      const cells = {
        What: DISCLOSURE,
        Recipient: 'superior-court',
        Purpose: 'Legal disclosure',
        Data: 'Name, E-mail, Address',
        'Customer No': account.customer,
      }
      const ground = {
        Ground: this.random.pick(grounds),
        Document: `CGC-14-${540_000 + index}`,
        'Approved by': 'General Counsel',
      }
      const lacking = index % 6 === 5
      this.put(at, lacking ? cells : { ...cells, ...ground }, lacking ? WITHOUT_GROUND : kept)
    }
  }

  violations({ accounts }: World): void {
    const { random } = this
    // None of these has left a mailing list yet: that takes 20 days at least.
    const soon = (openedAt: number) => officeHours(random, openedAt + random.between(3, 15) * DAY)
    const cases: readonly [count: number, cells: Cells, breaches: readonly Breach[]][] = [
      [
        14,
        { What: DISCLOSURE, Recipient: 'adloop', Purpose: 'Advertising', Data: 'E-mail' },
        TO_ADVERTISER,
      ],
      [
        7,
        { What: DISCLOSURE, Recipient: 'listtrade', Purpose: 'Promotion', Data: 'Name, E-mail' },
        TO_NOBODY_REGISTERED,
      ],
      [
        6,
        { What: DISCLOSURE, Recipient: 'mailbird', Purpose: 'Promotion', Data: 'Name, E-mail' },
        PROCESSOR_BEYOND_ITS_TASK,
      ],
      [
        11,
        { What: 'internal use', Purpose: 'Site improvement', Data: 'Clickstream, E-mail' },
        LOGS_LINKED,
      ],
    ]
    for (const [count, cells, breaches] of cases) {
      for (const account of random.some(accounts, count)) {
        const at = soon(account.openedAt)
        this.put(at, { ...cells, 'E-mail': spelled(random, account.email) }, breaches)
      }
    }
  }

  addMalformed(): void {
    const good = {
      What: DISCLOSURE,
      Date: '03/09/2015 10:15 AM',
      Recipient: 'mailbird',
      Purpose: 'E-mail processing',
      Data: 'Name, E-mail',
      'E-mail': 'x@example.org',
    }
    const bad: readonly [Cells, Parameters<Sheet['addMalformed']>[1]][] = [
      [{ ...good, Date: '02/30/2015 10:15 AM' }, 'impossible_time'],
      [{ ...good, Date: '' }, 'value_missing'],
      [{ ...good, Purpose: 'Growth hacking' }, 'unknown_value'],
      [{ ...good, Data: 'Name, Shoe size' }, 'unknown_value'],
      [{ ...good, Recipient: 'Mail Bird!' }, 'invalid_line'],
      [{ ...good, What: 'rumour' }, 'no_rule'],
      [{ ...good, 'E-mail': '' }, 'no_identifier'],
      [{ ...good, 'E-mail': 'x@' }, 'invalid_email'],
    ]
    for (const [cells, reason] of bad) {
      this.sheet.addMalformed(registerRow({ Entry: 'D-X', ...cells }), reason)
    }
    this.sheet.addMalformed(`${registerRow({ Entry: 'D-X', ...good })},surplus`, 'column_count')
  }

  private put(at: number, cells: Cells, breaches: readonly Breach[]): void {
    if (at >= END) return
    this.entries += 1
    const entry = { Entry: `D-${1000 + this.entries}`, Date: written.californian(at) }
    this.sheet.add(at, registerRow({ ...entry, ...cells }), [breaches], null)
  }
}

function registerRow(cells: Cells): string {
  return csvRow(
    registerColumns.map((column) => cells[column] ?? ''),
    ',',
  )
}

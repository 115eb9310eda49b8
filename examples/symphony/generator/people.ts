import { countries, type Country } from './places.ts'
import type { Random } from './random.ts'

/** An invented person, as they are; each source system spells them in its own way. */
export type Person = Readonly<{
  number: number
  given: string
  family: string
  /** Lower case, nothing around it. */
  email: string
  /** As the country writes it, and with the country code; null: none was given. */
  phone: Readonly<{ national: string; international: string; digits: string }> | null
  company: string
  street: string
  town: string
  postalCode: string
  country: Country
}>

const hosts = ['example.org', 'example.com', 'example.net', 'mail.test', 'post.example.org']
const firms = [
  'Harbor',
  'Lindgren',
  'Blue Fern',
  'Ørsted & Søn',
  'Acorn',
  'Kestrel',
  'Müller',
  'Tulip',
]
const trades = ['Tea', 'Cycles', 'Ceramics', 'Books', 'Wool "by hand"', 'Lamps', 'Toys', 'Garden']
const forms = ['Inc.', 'Ltd', 'GmbH', 'SARL', 'Co., Ltd.', 'AB']

/** Makes people with addresses and telephone numbers that nobody else has. */
export class People {
  private readonly random: Random
  private readonly phones = new Map<string, number>()
  private made = 0

  constructor(random: Random) {
    this.random = random
  }

  get count(): number {
    return this.made
  }

  next(): Person {
    const { random } = this
    const country = this.country()
    const given = random.pick(country.givenNames)
    const family = random.pick(country.familyNames)
    const [town, postalCode] = random.pick(country.towns)
    this.made += 1
    return {
      number: this.made,
      given,
      family,
      email: this.email(given, family),
      phone: random.chance(0.8) ? this.phone(country) : null,
      company: `${random.pick(firms)} ${random.pick(trades)} ${random.pick(forms)}`,
      street: `${random.pick(country.streets)} ${random.between(1, 199)}`,
      town,
      postalCode,
      country,
    }
  }

  private country(): Country {
    let left = this.random.between(1, 100)
    for (const country of countries) {
      left -= country.share
      if (left <= 0) return country
    }
    throw new Error('the shares of the countries do not make 100')
  }

  private email(given: string, family: string): string {
    const name = [given, family].map(asciiOf).filter((part) => part !== '')
    const local = name.length === 2 ? name.join(this.random.pick(['.', '_', ''])) : 'user'
    return `${local}${this.made}@${this.random.pick(hosts)}`
  }

  private phone(country: Country): Person['phone'] {
    const { phone } = country
    if (!phone) return null
    const n = this.phones.get(country.code) ?? 0
    if (n >= phone.numbers) return null
    this.phones.set(country.code, n + 1)
    const national = phone.national(n)
    const digits = national.replace(/[^0-9]/g, '').replace(/^0/, '')
    return { national, international: `+${phone.countryCode} ${digits}`, digits }
  }
}

const special: Readonly<Record<string, string>> = {
  ß: 'ss',
  ł: 'l',
  ø: 'o',
  œ: 'oe',
  æ: 'ae',
  ı: 'i',
}

function asciiOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[ßłøœæı]/g, (letter) => special[letter] ?? '')
    .normalize('NFD')
    .replace(/[^a-z]/g, '')
}

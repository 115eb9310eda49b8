import { Line, type LineInput } from '../../src/application/lines.ts'
import { randomFrom, type Random } from './random.ts'

const property = 'www.symphonycommerce.com'

function emailOf(person: number): string {
  return `person-${String(person).padStart(7, '0')}@customers.example.org`
}

function subjectOf(person: number) {
  return { identifiers: [{ scheme: 'email' as const, value: emailOf(person) }] }
}

/** A collection from an account holder with values in two categories: about 640 bytes of JSON. */
function collection(person: number, { integer, letters }: Random): LineInput {
  return {
    type: 'collect',
    mode: 'enforce',
    source: 'commerce',
    subject: subjectOf(person),
    property,
    channel: 'web-form',
    kind: 'account-holder',
    purposes: ['account-management', 'account-contact'],
    values: {
      'user.contact.email': { address: emailOf(person) },
      'user.contact.address': {
        recipient: `${letters(7)} ${letters(11)}`,
        street: `${integer(9_999)} ${letters(12)} Street, Apartment ${integer(400)}`,
        city: letters(10),
        region: letters(9),
        postcode: String(10_000 + integer(80_000)),
        country: 'United States of America',
        instructions: `Ring at ${letters(10)}, the second door behind the gate`,
      },
    },
  }
}

/** A use for managing the account: about 300 bytes of JSON. */
function use(person: number): LineInput {
  return {
    type: 'use',
    mode: 'enforce',
    source: 'commerce',
    subject: subjectOf(person),
    property,
    purpose: 'account-management',
    categories: ['user.contact.email', 'user.contact.address'],
    optOutOffered: false,
  }
}

/** The lines by which `people` become known, each with what is collected of an account holder. */
export function* registrations(people: number, seed: number): Generator<LineInput, void, void> {
  const random = randomFrom(seed)
  for (let person = 0; person < people; person++) yield collection(person, random)
}

/** Lines about `people` known people, in turns a collection with values and a use. */
export function* acts(
  count: number,
  people: number,
  seed: number,
): Generator<LineInput, void, void> {
  const random = randomFrom(seed)
  for (let index = 0; index < count; index++) {
    const person = random.integer(people)
    yield index % 2 === 0 ? collection(person, random) : use(person)
  }
}

/** Uses of one person's data. */
export function* usesOf(person: number, count: number): Generator<LineInput, void, void> {
  for (let index = 0; index < count; index++) yield use(person)
}

/** The line as the services take it. */
export function parsed(line: LineInput): Line {
  return Line.parse(line)
}

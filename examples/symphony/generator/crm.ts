import { DAY, officeHours } from './clock.ts'
import type { Person } from './people.ts'
import { Random } from './random.ts'
import { kept, Sheet, type Breach, type TrueLine } from './sheet.ts'
import { spelled, type Lead, type World } from './world.ts'
import { csvRow, written } from './writing.ts'

export const leadColumns = [
  'Lead ID',
  'Activity',
  'When',
  'Type',
  'First Name',
  'Last Name',
  'Company',
  'E-mail',
  'Phone',
  'Street',
  'City',
  'Postal Code',
  'Country',
  'Self Identified',
  'Notes',
] as const

export const applicantColumns = [
  'Bewerber',
  'Activity',
  'When',
  'Name',
  'E-mail',
  'Phone',
  'Street',
  'City',
  'Country',
  'SSN',
  'Notes',
] as const

const NOT_SELF_IDENTIFIED: Breach = ['not_self_identified', 'S10']
const EXCESS: Breach = ['collection_not_permitted', 'S10']
const CONTACTED_AFTER_OPT_OUT: Breach = ['objection_stands', 'S11']

const notes = [
  '',
  '',
  'Called back, left a message.',
  'Said: "please send the price list"; wants 3 seats.',
  'Met at the fair;\nasked for a demo.\nSecond line, with a comma',
  'Budget: 10,000; decision by "Q3"',
  'Très intéressé – rappeler après l’été',
]

type Cells<C extends readonly string[]> = Partial<Record<C[number], string>>

function row<C extends readonly string[]>(columns: C, cells: Cells<C>, delimiter: string): string {
  return csvRow(
    columns.map((column: C[number]) => cells[column] ?? ''),
    delimiter,
  )
}

const leadRow = (cells: Cells<typeof leadColumns>) => row(leadColumns, cells, ',')
const applicantRow = (cells: Cells<typeof applicantColumns>) => row(applicantColumns, cells, ';')

function phoneOf(random: Random, { phone, country }: Person): string {
  if (!phone) return ''
  if (country.code !== 'US') return phone.international
  return random.pick([phone.national, phone.international, `1-${phone.digits}`])
}

function leadCells(random: Random, { person, id, kind }: Lead, at: number) {
  return {
    'Lead ID': id,
    When: written.californian(at),
    Type: kind,
    'First Name': person.given,
    'Last Name': person.family,
    'E-mail': spelled(random, person.email, `${person.family}, ${person.given}`),
    Phone: phoneOf(random, person),
  }
}

/** Leads and what was done with them: `crm/leads.csv`. */
export function makeLeads(world: World, seed: string): Sheet {
  const random = new Random(`${seed} leads`)
  const sheet = new Sheet()
  for (const lead of world.leads) {
    addLead(sheet, random, lead)
    if (lead.optedOutAt !== null) {
      const cells = leadCells(random, lead, lead.optedOutAt)
      sheet.add(
        lead.optedOutAt,
        leadRow({ ...cells, Activity: 'Do not contact' }),
        [kept],
        lead.person,
      )
    }
    for (let made = random.between(0, 4); made > 0; made -= 1) addContact(sheet, random, lead)
  }
  addMalformedLeads(sheet, random, world)
  return sheet
}

function addLead(sheet: Sheet, random: Random, lead: Lead): void {
  const { person, createdAt, selfIdentified } = lead
  const cells = {
    ...leadCells(random, lead, createdAt),
    Activity: 'Created',
    Company: person.company,
    Street: person.street,
    City: person.town,
    'Postal Code': person.postalCode,
    Country: person.country.name,
    'Self Identified': selfIdentified ? random.pick(['Yes', 'yes', 'Y']) : 'No',
    Notes: random.pick(notes),
  }
  sheet.add(createdAt, leadRow(cells), [selfIdentified ? kept : [NOT_SELF_IDENTIFIED]], person)
}

function addContact(sheet: Sheet, random: Random, lead: Lead): void {
  const called = lead.person.phone !== null && random.chance(0.4)
  const at = officeHours(random, lead.createdAt + random.between(1, 90) * DAY)
  const { optedOutAt } = lead
  const late = optedOutAt !== null && optedOutAt <= at
  if (late && !random.chance(0.3)) return
  const cells = {
    ...leadCells(random, lead, at),
    Activity: called ? 'Called' : 'E-mailed',
    Notes: random.pick(notes),
  }
  sheet.add(at, leadRow(cells), [late ? [CONTACTED_AFTER_OPT_OUT] : kept], lead.person)
}

function addMalformedLeads(sheet: Sheet, random: Random, world: World): void {
  const ghost = () => {
    const person = world.people.next()
    const at = officeHours(random, Date.UTC(2015, random.between(0, 11), 15))
    const name = { 'First Name': person.given, 'Last Name': person.family }
    const common = { 'Lead ID': 'L-X', Activity: 'Created', Type: 'Prospect', ...name }
    return { ...common, When: written.californian(at), 'E-mail': person.email }
  }
  for (let made = 0; made < 6; made += 1) {
    sheet.addMalformed(leadRow({ ...ghost(), When: '02/30/2015 10:15 AM' }), 'impossible_time')
  }
  for (const email of ['no-at-sign.example.org', 'two@@example.org', '@example.org', 'n/a']) {
    sheet.addMalformed(leadRow({ ...ghost(), 'E-mail': email }), 'invalid_email')
  }
  for (let made = 0; made < 5; made += 1) {
    sheet.addMalformed(`${leadRow(ghost())},one,more`, 'column_count')
  }
  for (let made = 0; made < 2; made += 1) {
    sheet.addMalformed(`${leadRow(ghost())}"and then a quote that nobody closed`, 'broken_quotes')
  }
  sheet.addMalformed(leadRow({ ...ghost(), Activity: 'Teleported' }), 'no_rule')
  sheet.addMalformed(leadRow({ ...ghost(), Type: 'Alien' }), 'unknown_value')
  sheet.addMalformed(leadRow({ ...ghost(), 'E-mail': '', Phone: '' }), 'no_identifier')
  // Half of a surrogate pair, as a program leaves it that cuts a text in the middle of an emoji.
  const halved = Buffer.from(leadRow({ ...ghost(), Notes: 'So happy \ud83d' }), 'utf16le')
  sheet.addMalformed(halved, 'invalid_bytes')
}

/** Job applicants: `crm/applicants.csv`. */
export function makeApplicants(world: World, seed: string): Sheet {
  const random = new Random(`${seed} applicants`)
  const sheet = new Sheet()
  for (const [index, { person, id, createdAt }] of world.applicants.entries()) {
    const cells = (at: number) => ({
      Bewerber: id,
      When: written.dotted(at),
      Name: `${person.given} ${person.family}`,
      'E-mail': spelled(random, person.email),
      Phone: phoneOf(random, person),
    })
    // Some write their social security number on the form, and the system takes it.
    const excess = index % 25 === 7
    const lines: TrueLine[] = [excess ? [EXCESS] : kept]
    const first = {
      ...cells(createdAt),
      Activity: 'Applied',
      Street: person.street,
      City: person.town,
      Country: person.country.name,
      SSN: excess ? `987-65-432${index % 10}` : '',
      Notes: random.pick(notes),
    }
    sheet.add(createdAt, applicantRow(first), lines, person)
    for (let made = random.between(0, 3); made > 0; made -= 1) {
      const at = officeHours(random, createdAt + random.between(1, 50) * DAY)
      const activity = random.pick(['Invited', 'Answered', 'Rejected'])
      sheet.add(at, applicantRow({ ...cells(at), Activity: activity }), [kept], person)
    }
  }
  addMalformedApplicants(sheet)
  return sheet
}

function addMalformedApplicants(sheet: Sheet): void {
  const good = { Bewerber: 'A-X', Activity: 'Applied', Name: 'Nobody', When: '03.02.2016 10:00' }
  sheet.addMalformed(applicantRow({ ...good, 'E-mail': 'nobody at example.org' }), 'invalid_email')
  sheet.addMalformed(
    applicantRow({ ...good, 'E-mail': 'n@example.org', When: '31.04.2016 10:00' }),
    'impossible_time',
  )
  sheet.addMalformed('A-X;Applied;03.02.2016 10:00', 'column_count')
  // 0x81 stands for nothing in Windows-1252.
  const bytes = Buffer.from(applicantRow({ ...good, 'E-mail': 'm\u0081x@example.org' }), 'latin1')
  sheet.addMalformed(bytes, 'invalid_bytes')
}

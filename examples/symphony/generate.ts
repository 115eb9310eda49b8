import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { acmeColumns, makeAcmeOrders } from './generator/acme.ts'
import {
  makeAccounts,
  makeOrderEvents,
  makeOrders,
  makeTestimonials,
} from './generator/commerce.ts'
import { applicantColumns, leadColumns, makeApplicants, makeLeads } from './generator/crm.ts'
import { makeChats } from './generator/helpdesk.ts'
import {
  deliveryColumns,
  makeChoices,
  makeDeliveries,
  makeSubscriptions,
  subscriptionColumns,
} from './generator/mail.ts'
import { Random } from './generator/random.ts'
import { makeRegister, registerColumns } from './generator/register.ts'
import { fileOf, type FileTruth, type Sheet } from './generator/sheet.ts'
import { makeWebLog, webLogs } from './generator/web.ts'
import { makeWorld, type World } from './generator/world.ts'
import { csvRow, utf16, utf8WithMark, windows1252 } from './generator/writing.ts'

/**
 * Makes the example's exports, and the truth about them, out of a seed: `node
 * examples/symphony/generate.ts`. The same seed gives the same bytes.
 */

const SEED = 'symphony-2014-06-30'

/**
 * What the example holds: the bytes of each file below `exports/`, and what an import must find.
 */
export type Example = Readonly<{
  files: ReadonlyMap<string, Buffer>
  expected: Expected
}>

export type Expected = Readonly<{
  seed: string
  /** By controller: the files, and how many people its import makes known. */
  controllers: Readonly<
    Record<string, { people: number; files: Readonly<Record<string, FileTruth>> }>
  >
  totals: { rows: number; lines: number; duplicates: number; rejected: number; flagged: number }
}>

type Written = Readonly<{
  file: string
  sheet: Sheet
  duplicates: number
  header: readonly string[] | null
  delimiter?: string
  encode?: (text: string) => Buffer
  mark?: Buffer
  lineEnd?: string
}>

const utf8 = (text: string) => Buffer.from(text, 'utf8')
const utf16Text = (text: string) => Buffer.from(text, 'utf16le')

/** Makes the whole example in memory. */
export function makeExample(seed = SEED): Example {
  const world = makeWorld(seed)
  const ofSymphony = symphonyFiles(world, seed)
  const acmeOrders = acmeFile(seed)
  const written = [...ofSymphony, acmeOrders]
  const files = new Map<string, Buffer>()
  const truths = new Map<string, FileTruth>()
  for (const one of written) {
    files.set(one.file, bytesOf(one, seed))
    truths.set(one.file, one.sheet.truth)
  }
  const { acme, symphony } = byController(truths)
  const controllers = {
    'symphony-commerce': { people: peopleIn(ofSymphony), files: symphony },
    'acme-store': { people: peopleIn([acmeOrders]), files: acme },
  }
  return { files, expected: { seed, controllers, totals: totalsOf([...truths.values()]) } }
}

function symphonyFiles(world: World, seed: string): Written[] {
  const orders = makeOrders(world, seed)
  const testimonials = makeTestimonials(world, seed)
  const choices = makeChoices(world, seed)
  const json = { header: null, duplicates: 25 }
  const marked = { mark: utf8WithMark(''), lineEnd: '\r\n' }
  return [
    {
      ...{ file: 'crm/leads.csv', sheet: makeLeads(world, seed), header: leadColumns },
      ...{ duplicates: 40, encode: utf16Text, mark: utf16(''), lineEnd: '\r\n' },
    },
    {
      ...{ file: 'crm/applicants.csv', sheet: makeApplicants(world, seed) },
      ...{ header: applicantColumns, duplicates: 12, delimiter: ';' },
      ...{ encode: windows1252, lineEnd: '\r\n' },
    },
    { ...json, file: 'commerce/accounts.ndjson', sheet: makeAccounts(world, seed) },
    {
      ...json,
      file: 'commerce/orders.ndjson',
      sheet: makeOrderEvents(world, orders, testimonials, seed),
    },
    { ...json, file: 'helpdesk/chats.ndjson', sheet: makeChats(world, seed), duplicates: 15 },
    {
      ...{ file: 'mail/subscriptions.csv', sheet: makeSubscriptions(choices, seed) },
      ...{ header: subscriptionColumns, duplicates: 8, ...marked },
    },
    {
      ...{ file: 'mail/deliveries.csv', sheet: makeDeliveries(world, choices, seed) },
      ...{ header: deliveryColumns, duplicates: 150, ...marked },
    },
    {
      ...{ file: 'register/disclosures.csv', header: registerColumns, duplicates: 30 },
      sheet: makeRegister(world, orders, testimonials, seed),
    },
    ...webLogs.map((log) => ({
      ...{ file: log.file, sheet: makeWebLog(log, seed), duplicates: 0, header: null },
    })),
  ]
}

function acmeFile(seed: string): Written {
  const file = 'acme-store/orders.csv'
  const common = { file, header: acmeColumns, duplicates: 6, delimiter: ';' }
  return { ...common, sheet: makeAcmeOrders(seed) }
}

function bytesOf(written: Written, seed: string): Buffer {
  const { file, sheet, duplicates, header, delimiter = ',', encode = utf8, mark } = written
  const rows = sheet.rowsInOrder(new Random(`${seed} order of ${file}`), duplicates)
  if (header) rows.unshift(csvRow(header, delimiter))
  const bytes = fileOf(rows, encode, written.lineEnd ?? '\n')
  if (file.endsWith('.gz')) return gzipSync(bytes, { level: 9 })
  return mark ? Buffer.concat([mark, bytes]) : bytes
}

/** How many different people the good rows are about. */
function peopleIn(written: readonly Written[]): number {
  return new Set(written.flatMap(({ sheet }) => [...sheet.people])).size
}

function byController(truths: ReadonlyMap<string, FileTruth>) {
  const entries = [...truths]
  const isAcme = ([file]: [string, FileTruth]) => file.startsWith('acme-store/')
  return {
    acme: Object.fromEntries(entries.filter(isAcme)),
    symphony: Object.fromEntries(entries.filter((entry) => !isAcme(entry))),
  }
}

function totalsOf(truths: readonly FileTruth[]): Expected['totals'] {
  const sum = (of: (truth: FileTruth) => number) =>
    truths.reduce((total, truth) => total + of(truth), 0)
  return {
    rows: sum(({ rows }) => rows),
    lines: sum(({ lines }) => lines),
    duplicates: sum(({ duplicates }) => duplicates),
    rejected: sum(({ rejected }) => Object.values(rejected).reduce((a, b) => a + b, 0)),
    flagged: sum(({ flagged }) => flagged),
  }
}

function main(): void {
  const directory = path.join(import.meta.dirname, 'exports')
  const { files, expected } = makeExample()
  for (const [file, bytes] of files) {
    const location = path.join(directory, file)
    mkdirSync(path.dirname(location), { recursive: true })
    writeFileSync(location, bytes)
  }
  const text = `${JSON.stringify(expected, null, 2)}\n`
  writeFileSync(path.join(import.meta.dirname, 'expected.json'), text)
  process.stdout.write(`${JSON.stringify(expected.totals)}\n`)
}

if (import.meta.main) main()

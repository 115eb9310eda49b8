import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LineInput } from '../../src/application/lines.ts'
import {
  CalendarDuration,
  Day,
  Reference,
  type Position,
  type SubjectId,
} from '../../src/domain/values.ts'
import type { EventReader } from '../../src/ledger/event-log.ts'
import { migrateStores } from '../../src/migration/stores.ts'
import { dumpViews } from '../../src/projections/dump.ts'
import { auditReport } from '../../src/reports/audit.ts'
import { disclosureReport } from '../../src/reports/disclosures.ts'
import { jsonPieces } from '../../src/reports/json.ts'
import { takeManifest } from '../../src/reports/manifest.ts'
import { promotionalReport } from '../../src/reports/promotional.ts'
import { retentionReport } from '../../src/reports/retention.ts'
import { subjectReport } from '../../src/reports/subject.ts'
import { transferReport } from '../../src/reports/transfer.ts'
import { run } from '../jobs/due-history.ts'
import { openCluster, type Cluster } from '../support/cluster.ts'
import { postgresMissing } from '../support/postgres.ts'
import { openStack, symphony, type Stack } from '../support/stack.ts'
import { registerRecipient } from '../support/whole-ledger.ts'

if (postgresMissing) console.log(postgresMissing)

const events = 60_000
const people = 1_500
const asOf = Day.parse('2016-06-30')
const transfer = Reference.parse('project-northwind')
const scope = { kinds: ['account-holder', 'prospect'] } as never
const property = { property: 'www.symphonycommerce.com' }

/** Forty lines about one person over a year and a half, some of which break the policy. */
function life(number: number): LineInput[] {
  const subject = { identifiers: [{ scheme: 'email' as const, value: `p${number}@example.org` }] }
  const at = (step: number) =>
    new Date(Date.UTC(2014, 6, 1 + ((number * 7) % 200) + step * 9, 16)).toJSON()
  const said = { mode: 'observe' as const, source: 'crm', subject }
  const collected = {
    ...{ ...said, ...property, type: 'collect' as const, channel: 'web-form' },
    ...(number % 3 === 0
      ? { kind: 'prospect', purposes: ['contact-prospect'], selfIdentified: true }
      : { kind: 'account-holder', purposes: ['account-management', 'promotional-mail'] }),
    values: { 'user.contact.email': { address: `p${number}@example.org` } },
  }
  const mailed = { ...said, ...property, type: 'use' as const, categories: ['user.contact.email'] }
  return Array.from({ length: 40 }, (_, step): LineInput => {
    const occurredAt = at(step)
    if (step === 0) return { ...collected, occurredAt }
    if (step === 1) return { ...said, type: 'open-account', occurredAt }
    if (step === 20 && number % 5 === 0) {
      const purpose = 'promotional-mail'
      return { ...said, type: 'object', purpose, channel: 'email', occurredAt }
    }
    if (step % 13 === 7) {
      const shared = { recipient: 'mailbird', purpose: 'email-processing' }
      return { ...mailed, type: 'share', ...shared, occurredAt }
    }
    const purpose = 'promotional-mail'
    return { ...mailed, purpose, optOutOffered: step % 11 !== 0, occurredAt }
  })
}

async function fill(stack: Stack): Promise<void> {
  const { custody, caller, say } = stack
  const { services } = custody
  await registerRecipient(stack, 'mailbird', 'email-processor', 'email-processing')
  for (let number = 0; number < people; number += 25) {
    const outcomes = await say(...Array.from({ length: 25 }, (_, one) => life(number + one)).flat())
    expect(outcomes.every(({ outcome }) => outcome === 'recorded')).toBe(true)
  }
  await services.holds.place(caller, {
    ...{ matter: Reference.parse('matter-1'), title: 'A claim', ground: 'legal-claim' },
    ...{ scope: { kinds: ['account-holder'] } as never, document: 'notice 1' },
  })
  await registerRecipient(stack, 'northwind', 'acquirer')
  await services.transfers.propose(caller, {
    ...{ transfer, title: 'A sale', transaction: 'sale-of-assets' },
    ...{ acquirer: 'northwind' as never, scope },
  })
  await custody.caughtUp()
  await run(stack, { asOf })
  await custody.caughtUp()
  await services.transfers.scope(caller, { transfer, scope })
  await custody.notary.checkpoint(symphony)
  await custody.caughtUp()
}

async function positionsOf(reader: EventReader): Promise<Position[]> {
  const positions: Position[] = []
  for (;;) {
    const page = await reader.readAll(positions.at(-1) ?? (0 as Position), 5_000)
    if (page.length === 0) return positions
    for (const { position } of page) positions.push(position)
  }
}

async function reportsOf({ custody, caller }: Stack): Promise<Record<string, string>> {
  const { views, services } = custody
  const position = views.position()
  const zone = await services.policies.timeZone(caller)
  const named = { identifiers: [{ scheme: 'email' as const, value: 'P7@EXAMPLE.org' }] }
  const subject = (await services.subjects.find(caller, named)) as SubjectId
  const day = Day.parse('2015-03-01')
  const reports = {
    audit: auditReport(views, symphony, position, { zone, from: null, until: null }),
    promotional: promotionalReport(views, symphony, position),
    disclosures: disclosureReport(views, symphony, position),
    retention: retentionReport(views, symphony, position, {
      ...{ asOf, horizon: CalendarDuration.parse('P1Y') },
    }),
    person: subjectReport(views, symphony, position, { subject, day, zone, sense: 'occurred' }),
    transfer: transferReport(views, symphony, position, { transfer, asOf })!,
  }
  const manifest = takeManifest(views, symphony, position, scope, asOf, transfer)
  return {
    manifest: [...manifest.lines].join(''),
    digest: manifest.summary.digest,
    ...Object.fromEntries(
      Object.entries(reports).map(([name, report]) => [name, [...jsonPieces(report)].join('')]),
    ),
  }
}

describe.skipIf(postgresMissing !== null)(`one history of ${events} events in both logs`, () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await openCluster({ nodes: 0 })
  }, 60_000)
  afterAll(() => cluster?.dispose())

  it('gives the same views, the same reports and the same root', { timeout: 500_000 }, async () => {
    const configuration = cluster.embedded('embedded')
    const embedded = await openStack({ configuration })
    await fill(embedded)
    const positions = await positionsOf(embedded.custody.log)
    expect(positions.length).toBeGreaterThanOrEqual(events)
    const reports = await reportsOf(embedded)
    const signed = (await embedded.custody.notary.latest(symphony))!
    await embedded.close()

    await migrateStores(cluster.configurationOf('node'), { from: configuration.dataDirectory })
    const node = await cluster.join('node')
    await node.custody.caughtUp()
    const moved = await positionsOf(node.custody.log)
    expect(moved).toHaveLength(positions.length)

    const there = (await node.custody.notary.checkpoint(symphony))!
    expect(there.size).toBe(signed.size)
    expect(there.root).toEqual(signed.root)
    expect(there.streams).toEqual(signed.streams)

    const same = sameBut(new Map(positions.map((position, index) => [position, moved[index]!])))
    const found = await reportsOf(node)
    expect(found['digest']).toBe(reports['digest'])
    for (const [name, report] of Object.entries(reports)) {
      expect(report.length, name).toBeGreaterThan(60)
      same(name, report, found[name]!)
    }
    let rows = 0
    const other = dumpViews(node.configuration.viewsFile)
    for (const line of dumpViews(configuration.viewsFile)) {
      same('the views', line, other.next().value as string)
      rows += 1
    }
    expect(other.next().done).toBe(true)
    expect(rows).toBeGreaterThan(events)
    await node.close()
  })
})

/** Compares texts that may differ in positions only: each stands where that of the same event stands. */
function sameBut(positions: ReadonlyMap<number, number>) {
  const parts = /\d+/g
  return (what: string, one: string, other: string): void => {
    if (one === other) return
    const [numbers, others] = [one.match(parts) ?? [], other.match(parts) ?? []]
    expect(other.replace(parts, '#'), what).toBe(one.replace(parts, '#'))
    for (const [index, number] of numbers.entries()) {
      const there = others[index]
      if (there === number) continue
      expect(Number(there), `${what}: ${number}`).toBe(positions.get(Number(number)))
    }
  }
}

import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Day, TimeZone, type CalendarDuration, type Position } from '../../src/domain/values.ts'
import { auditReport } from '../../src/reports/audit.ts'
import { disclosureReport } from '../../src/reports/disclosures.ts'
import { jsonPieces } from '../../src/reports/json.ts'
import { takeManifest } from '../../src/reports/manifest.ts'
import { reportPage } from '../../src/reports/page.ts'
import { promotionalReport } from '../../src/reports/promotional.ts'
import type { Report } from '../../src/reports/report.ts'
import { retentionReport } from '../../src/reports/retention.ts'
import { subjectReport } from '../../src/reports/subject.ts'
import { transferReport } from '../../src/reports/transfer.ts'
import type { Stack } from '../support/stack.ts'
import { find, openHistory, people, personalValues, proposeMerger } from './history.ts'

const zone = TimeZone.parse('America/Los_Angeles')
const asOf = Day.parse('2016-12-31')
const horizon = 'P1Y' as CalendarDuration

let stack: Stack
let position: Position
beforeAll(async () => {
  stack = await openHistory()
  await proposeMerger(stack)
  position = stack.custody.views.position()
})
afterAll(() => stack.dispose())

const views = () => stack.custody.views
const controller = () => stack.caller.controller

function rowsOf(report: Report, table: string) {
  const found = report.tables.find(({ name }) => name === table)
  if (!found) throw new Error(`${report.kind} has no table ${table}`)
  return [...found.rows()]
}

function figuresOf(report: Report): Record<string, number> {
  return Object.fromEntries(report.figures.map(({ name, value }) => [name, value]))
}

const merger = 'merger-1' as never

async function allReports(at: Position): Promise<Report[]> {
  const about = await Promise.all(people.map((name) => find(stack, name)))
  const day = Day.parse('2014-08-31')
  return [
    auditReport(views(), controller(), at, { zone, from: null, until: null }),
    auditReport(views(), controller(), at, {
      zone,
      from: Day.parse('2014-09-01'),
      until: Day.parse('2014-09-30'),
    }),
    promotionalReport(views(), controller(), at),
    disclosureReport(views(), controller(), at),
    retentionReport(views(), controller(), at, { asOf, horizon }),
    transferReport(views(), controller(), at, { transfer: merger, asOf })!,
    ...about.flatMap((subject) =>
      (['recorded', 'occurred'] as const).map((sense) =>
        subjectReport(views(), controller(), at, { subject, day, zone, sense }),
      ),
    ),
  ]
}

const bytes = (report: Report) => [...jsonPieces(report)].join('') + reportPage(report, () => null)

describe('what a regulator is told of refusals and violations', () => {
  const report = () =>
    auditReport(views(), controller(), position, { zone, from: null, until: null })

  it('lists the violation with its code, promise and rule', () => {
    const mails = rowsOf(report(), 'violations').filter(
      ({ purpose }) => purpose === 'promotional-mail',
    )
    expect(mails).toMatchObject([
      {
        code: 'objection_stands',
        obligations: ['S3'],
        policyVersion: '2014-06-30',
        source: 'crm',
        principal: 'token:test',
        occurredAt: '2014-09-01T16:00:00.000Z',
      },
    ])
  })

  it('lists what was asked for and refused', () => {
    expect(rowsOf(report(), 'refusals')).toMatchObject([
      { code: 'objection_stands', obligations: ['S3'], purpose: 'promotional-mail' },
    ])
  })

  it('counts them by what was broken, by promise, month, source and who acted', () => {
    const told = report()
    expect(figuresOf(told)).toMatchObject({ refused: 1, violated: 2 })
    expect(rowsOf(told, 'by-code')).toEqual([
      { key: 'objection_stands', count: 2 },
      { key: 'recipient_unknown', count: 1 },
    ])
    expect(rowsOf(told, 'by-obligation')[0]).toEqual({ key: 'S3', count: 2 })
    expect(rowsOf(told, 'by-source')).toEqual([{ key: 'crm', count: 3 }])
    expect(
      rowsOf(told, 'by-month')
        .map(({ key }) => key)
        .slice(0, 2),
    ).toEqual(['2014-08', '2014-09'])
  })

  it('keeps to a period, its last day included', () => {
    const september = { zone, from: Day.parse('2014-09-01'), until: Day.parse('2014-09-01') }
    const told = auditReport(views(), controller(), position, september)
    expect(figuresOf(told)).toEqual({ permitted: 1, refused: 0, violated: 1 })
    const before = { zone, from: null, until: Day.parse('2014-08-31') }
    expect(figuresOf(auditReport(views(), controller(), position, before)).violated).toBe(1)
  })
})

describe('whether consent or an objection stood at each promotional mail', () => {
  it('tells an objection that was known from one that was learnt later', async () => {
    const report = promotionalReport(views(), controller(), position)
    const [ann, bob] = await Promise.all([find(stack, 'ann'), find(stack, 'bob')])
    const of = (subject: string) =>
      rowsOf(report, 'mails')
        .filter((row) => row['subject'] === subject)
        .map(({ judged, finding }) => [judged, finding])
    expect(of(ann)).toEqual([
      ['permitted', 'in order'],
      ['violated', 'objection stood'],
    ])
    expect(of(bob)).toEqual([
      ['permitted', 'in order'],
      ['permitted', 'objection learnt later'],
    ])
    expect(figuresOf(report)).toMatchObject({
      ...{ mails: 4, inOrder: 2, objectionStood: 1, learntLater: 1, brokeAnother: 0 },
    })
    expect(rowsOf(report, 'exceptions')).toHaveLength(2)
  })
})

describe('what was held on a person on a past day', () => {
  const told = async (name: 'ann' | 'bob', day: string, sense: 'recorded' | 'occurred') =>
    subjectReport(views(), controller(), position, {
      subject: await find(stack, name),
      day: Day.parse(day),
      zone,
      sense,
    })

  it('names each category, its rule and its legal basis', async () => {
    const held = rowsOf(await told('ann', '2014-07-01', 'occurred'), 'held')
    expect(held.map(({ category }) => category).sort()).toEqual(['user.contact.email', 'user.name'])
    for (const item of held) {
      expect(item).toMatchObject({
        permitted: true,
        rules: ['account-registration'],
        policyVersion: '2014-06-30',
      })
      expect(item['basis']).not.toBeNull()
    }
  })

  it('holds nothing on the day before', async () => {
    expect(rowsOf(await told('ann', '2014-06-30', 'occurred'), 'held')).toEqual([])
  })

  it('tells what was known then from what is known now', async () => {
    expect(rowsOf(await told('ann', '2014-07-01', 'recorded'), 'held')).toEqual([])
    const today = new Date(Date.now() + 86_400_000).toJSON().slice(0, 10)
    expect(rowsOf(await told('ann', today, 'recorded'), 'held')).toHaveLength(2)
  })

  it('has the objection standing from its day on', async () => {
    expect(rowsOf(await told('ann', '2014-08-01', 'occurred'), 'standing')).toEqual([])
    expect(rowsOf(await told('ann', '2014-08-02', 'occurred'), 'standing')).toMatchObject([
      { purpose: 'promotional-mail', matter: 'objection', status: 'made' },
    ])
  })

  it('names every recipient, the ground, and what was not permitted', async () => {
    const disclosed = rowsOf(await told('ann', '2014-08-31', 'occurred'), 'disclosures')
    expect(disclosed.map(({ recipient, permitted }) => [recipient, permitted])).toEqual([
      ['mail-provider', true],
      ['nobody-we-know', false],
    ])
  })

  it('has the whole trail in the order of the ledger', async () => {
    const report = await told('ann', '2014-08-31', 'occurred')
    const trail = rowsOf(report, 'trail')
    expect(trail.map(({ type }) => type)).toEqual([
      ...['DataCollected', 'AccountOpened', 'DataUsed', 'ObjectionMade', 'DataUsed'],
      ...['DataShared', 'DataShared', 'SubjectNotified'],
    ])
    expect(rowsOf(report, 'consents').map(({ type }) => type)).toEqual(['ObjectionMade'])
  })
})

describe('what is due', () => {
  it('lists it with what keeps it, and what is coming', async () => {
    const report = retentionReport(views(), controller(), position, { asOf, horizon })
    const [carl, dora] = await Promise.all([find(stack, 'carl'), find(stack, 'dora')])
    const states = Object.fromEntries(rowsOf(report, 'due').map((row) => [row['subject'], row]))
    expect(states[carl]).toMatchObject({ state: 'due', holds: [], dueOn: '2016-07-03' })
    expect(states[dora]).toMatchObject({ state: 'on-hold', holds: ['matter-7'] })
    expect(figuresOf(report)).toMatchObject({ lots: 2, people: 2, held: 1, holds: 1 })
    expect(rowsOf(report, 'holds')).toMatchObject([{ matter: 'matter-7', lots: 1 }])
    const earlier = { asOf: Day.parse('2016-06-30'), horizon }
    const ahead = retentionReport(views(), controller(), position, earlier)
    expect(figuresOf(ahead)).toMatchObject({ lots: 0, coming: 2 })
    expect(rowsOf(ahead, 'coming')).toEqual([{ key: '2016-07', count: 2 }])
  })
})

describe('what would pass in a merger', () => {
  const take = () => {
    const { scope } = views().transfer(controller(), merger)!
    return takeManifest(views(), controller(), position, scope, asOf, merger)
  }

  it('has a manifest whose digest is over the bytes of its lines', () => {
    const { summary, lines } = take()
    const text = [...lines].join('')
    expect(createHash('sha256').update(text).digest('hex')).toBe(summary.digest)
    expect([...lines].join('')).toBe(text)
    const items = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(items).toHaveLength(summary.items)
    expect(new Set(items.map(({ subject }) => subject)).size).toBe(summary.subjects)
    expect(summary.position).toBe(position)
  })

  it('leaves out what is due, and says so item by item', () => {
    const report = transferReport(views(), controller(), position, { transfer: merger, asOf })!
    const reasons = rowsOf(report, 'by-exclusion')
    expect(reasons.find(({ key }) => key === 'due')).toMatchObject({ count: 4 })
    expect(rowsOf(report, 'excluded')).toHaveLength(take().summary.excluded)
  })

  it('lists those who were not told in person', async () => {
    const { summary } = take()
    const report = transferReport(views(), controller(), position, { transfer: merger, asOf })!
    const untold = rowsOf(report, 'not-notified')
    expect(untold).toHaveLength(summary.notNotified)
    expect(summary.notNotified).toBe(summary.subjects - 1)
    expect(untold.map(({ subject }) => subject)).not.toContain(await find(stack, 'ann'))
    expect(untold.every(({ site }) => site === false)).toBe(true)
  })

  it('counts everybody as not told where no transfer is named', () => {
    const { scope } = views().transfer(controller(), merger)!
    const { summary } = takeManifest(views(), controller(), position, scope, asOf)
    expect(summary.notNotified).toBe(summary.subjects)
    expect(summary.digest).toBe(take().summary.digest)
  })

  it('says nothing of a transfer that is not known at the position', () => {
    const unknown = { transfer: 'another' as never, asOf }
    expect(transferReport(views(), controller(), position, unknown)).toBeNull()
    expect(
      transferReport(views(), controller(), 0 as Position, { transfer: merger, asOf }),
    ).toBeNull()
  })
})

describe('a report is a function of the position', () => {
  it('holds no personal value, and no time or place of its making', async () => {
    for (const report of await allReports(position)) {
      const written = bytes(report)
      for (const value of personalValues) expect(written).not.toContain(value)
      expect(written).not.toContain(stack.directory)
    }
  })

  it('is the same after the ledger has gone on, after a restart, and on rebuilt views', async () => {
    const before = (await allReports(position)).map(bytes)
    expect((await allReports(position)).map(bytes)).toEqual(before)

    const { services } = stack.custody
    await services.holds.release(stack.caller, { matter: 'matter-7' as never, reason: 'settled' })
    await services.deletions.request(stack.caller, {
      subject: await find(stack, 'carl'),
      deletion: 'carl-asked' as never,
      cause: 'retention',
      scope: { lots: [String(rowsOf(await retention(), 'due')[0]?.['lot'])] },
      request: null,
      at: null,
    })
    await services.transfers.abandon(stack.caller, { transfer: merger, reason: 'called off' })
    await stack.say(
      ...(['ann', 'bob'] as const).map((name) => ({
        type: 'lift-objection' as const,
        mode: 'observe' as const,
        source: 'crm',
        subject: { identifiers: [{ scheme: 'email' as const, value: `${name}@example.org` }] },
        purpose: 'promotional-mail',
        channel: 'email',
        occurredAt: '2014-08-20T16:00:00.000Z',
      })),
    )
    await stack.custody.caughtUp()
    expect(views().position()).toBeGreaterThan(position)
    expect((await allReports(position)).map(bytes)).toEqual(before)

    stack = await stack.reopen()
    expect((await allReports(position)).map(bytes)).toEqual(before)

    await stack.custody.rebuild(() => undefined)
    stack = await stack.reopen()
    expect((await allReports(position)).map(bytes)).toEqual(before)
  })

  const retention = async () => retentionReport(views(), controller(), position, { asOf, horizon })
})

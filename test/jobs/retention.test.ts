import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import type { LineInput } from '../../src/application/lines.ts'
import { Day, Lot, Reference, SubjectId, type Instant } from '../../src/domain/values.ts'
import { deletionReference } from '../../src/jobs/due-people.ts'
import { retentionRunReport } from '../../src/reports/retention-run.ts'
import { openStack, type Stack } from '../support/stack.ts'
import { asOf } from './run-job.ts'
import { fillWithDue, matter, run, stillDue, trail } from './due-history.ts'

let stack: Stack
afterEach(() => stack.dispose())

const due = { prospects: 40, visitors: 10, applicants: 5 }
const head = () => stack.custody.log.head()

async function openDue(people = due): Promise<void> {
  stack = await openStack()
  await fillWithDue(stack, people)
}

describe('a retention run', () => {
  it('deletes what is due and defers what a hold covers', async () => {
    await openDue()
    const { summary, rows } = await run(stack)
    expect(summary).toEqual({
      ...{ due: 75, subjects: 55, deleted: 70, deferred: 5, deferredBy: { [matter]: 5 } },
      ...{ partly: 0, refused: 0, resumed: 0, expired: 0, unfinished: false },
    })
    expect(rows).toHaveLength(55)
    expect(stillDue(stack).map(({ deferred }) => deferred)).toEqual(Array(5).fill(true))
    expect(trail(stack, 'DataDeleted')).toHaveLength(50)
    expect(trail(stack, 'JobRan')).toHaveLength(1)
  })

  it('takes all that is due of a person in one deletion', async () => {
    await openDue({ prospects: 0, visitors: 3, applicants: 0 })
    const { rows } = await run(stack)
    expect(rows.map(({ deleted }) => deleted)).toEqual([3, 3, 3])
    expect(trail(stack, 'DeletionRequested')).toHaveLength(3)
  })

  it('leaves what is not yet due', async () => {
    await openDue({ prospects: 5, visitors: 0, applicants: 0 })
    const { summary } = await run(stack, { asOf: Day.parse('2016-07-03') })
    expect(summary).toMatchObject({ due: 3, deleted: 3 })
    expect(stillDue(stack)).toHaveLength(2)
  })

  it('changes nothing when it is run again', async () => {
    await openDue()
    await run(stack)
    const before = await head()
    const again = await run(stack)
    expect(again.summary).toMatchObject({ due: 0, deleted: 0, deferred: 0, resumed: 0 })
    expect(again.rows).toEqual([])
    expect(await head()).toBe(before)
  })

  it('says in a dry run what the run then does, and changes nothing', async () => {
    await openDue()
    const before = await head()
    const foreseen = await run(stack, { dryRun: true })
    expect(await head()).toBe(before)
    const done = await run(stack)
    expect(done.rows).toEqual(foreseen.rows)
    expect(done.summary).toEqual(foreseen.summary)
  })

  it('takes up what a hold kept once the hold is released', async () => {
    await openDue({ prospects: 1, visitors: 0, applicants: 5 })
    await run(stack)
    await stack.custody.services.holds.release(stack.caller, { matter, reason: 'settled' })
    await stack.custody.caughtUp()
    const { summary, rows } = await run(stack)
    expect(summary).toMatchObject({ due: 0, deleted: 5, deferred: 0, resumed: 5 })
    expect(rows.every(({ resumed }) => resumed)).toBe(true)
    expect(stillDue(stack)).toEqual([])
  })

  it('deletes everything once when two runs work at the same time', async () => {
    await openDue()
    const results = await Promise.all([run(stack), run(stack)])
    const deleted = results.reduce((sum, { summary }) => sum + summary.deleted, 0)
    expect(deleted).toBeGreaterThanOrEqual(70)
    expect(trail(stack, 'DeletionRequested')).toHaveLength(55)
    expect(trail(stack, 'DataDeleted')).toHaveLength(50)
    expect(trail(stack, 'ActRefused')).toEqual([])
    expect(stillDue(stack)).toHaveLength(5)
  })

  it('stops when it is told to, and the next run does the rest', async () => {
    await openDue({ prospects: 200, visitors: 0, applicants: 0 })
    const stop = new AbortController()
    const onProgress = (done: number) => done >= 40 && stop.abort()
    const first = await run(stack, { signal: stop.signal, onProgress })
    expect(first.summary.unfinished).toBe(true)
    expect(first.summary.deleted).toBeLessThan(200)
    const second = await run(stack)
    expect(first.summary.deleted + second.summary.deleted).toBe(200)
    expect(second.summary.unfinished).toBe(false)
    expect(stillDue(stack)).toEqual([])
  })

  it('keeps to its limit and says that it did', async () => {
    await openDue({ prospects: 20, visitors: 0, applicants: 0 })
    const { summary } = await run(stack, { limit: 8 })
    expect(summary).toMatchObject({ due: 20, subjects: 8, deleted: 8, unfinished: true })
  })

  it('tells its progress up to the end', async () => {
    await openDue()
    const told: number[] = []
    await run(stack, { onProgress: (done, all) => (expect(all).toBe(75), told.push(done)) })
    expect(told[0]).toBe(0)
    expect(told.at(-1)).toBe(75)
    expect(told).toEqual(told.toSorted((a, b) => a - b))
  })

  it('reports the same whichever run came first to a person', async () => {
    await openDue({ prospects: 3, visitors: 0, applicants: 2 })
    const result = await run(stack)
    const report = retentionRunReport(stack.caller.controller, result.position, result)
    expect(report.figures.map(({ name, value }) => [name, value])).toEqual([
      ...[
        ['due', 5],
        ['subjects', 5],
        ['deleted', 3],
        ['deferred', 2],
      ],
      ...[
        ['resumed', 0],
        ['refused', 0],
      ],
    ])
    const [byHold] = report.tables
    expect([...byHold!.rows()]).toEqual([{ key: matter, count: 2 }])
  })
})

describe('the name of a deletion', () => {
  const subject = SubjectId.parse('0123456789abcdef0123456789abcdef')
  const lots = ['a/2014-07-01', 'b'].map((lot) => Lot.parse(lot))

  it('is made of the person, the day and the lots in any order', () => {
    const name = deletionReference(subject, asOf, lots)
    expect(name).toMatch(/^retention\.0123456789abcdef\.2017-06-30\.[0-9a-f]{16}$/)
    expect(deletionReference(subject, asOf, lots.toReversed())).toBe(name)
  })

  it('is another for other lots, another day or another person', () => {
    const other = SubjectId.parse('0123456789abcdef0123456789abcdee')
    const names = [
      deletionReference(subject, asOf, lots),
      deletionReference(subject, asOf, lots.slice(1)),
      deletionReference(subject, Day.parse('2017-07-01'), lots),
      deletionReference(other, asOf, lots),
    ]
    expect(new Set(names).size).toBe(4)
  })
})

describe('consents given for a time', () => {
  it('expire when their last day has passed, once', async () => {
    stack = await openStack({ policy: false, controller: 'acme-store' })
    await publishAcme(stack)
    const consent = (address: string, occurredAt: string): LineInput => ({
      type: 'give-consent',
      mode: 'observe',
      source: 'shop',
      subject: { identifiers: [{ scheme: 'email', value: address }] },
      purpose: 'offers',
      channel: 'checkout',
      occurredAt,
    })
    const said = await stack.say(
      consent('ann@example.org', '2014-07-01T16:00:00.000Z'),
      consent('bob@example.org', '2016-12-01T16:00:00.000Z'),
    )
    for (const outcome of said) expect(outcome).toMatchObject({ outcome: 'recorded' })
    await stack.custody.caughtUp()
    expect((await run(stack)).summary).toMatchObject({ expired: 1 })
    await stack.custody.caughtUp()
    expect(trail(stack, 'ConsentExpired')).toHaveLength(1)
    expect((await run(stack)).summary).toMatchObject({ expired: 0 })
  })
})

async function publishAcme({ custody, caller }: Stack): Promise<void> {
  const { policies } = custody.services
  const document = readFileSync('policies/acme-store-2014-06-30.yaml', 'utf8')
  const step = {
    policy: Reference.parse('acme-store-privacy'),
    version: Day.parse('2014-06-30'),
  }
  const on = Day.parse('2014-06-16')
  for (const outcome of [
    await policies.publish(caller, document, '2014-06-16T16:00:00.000Z' as Instant),
    await policies.giveNotice(caller, { ...step, channel: 'email' as never, on, evidence: null }),
    await policies.bringIntoEffect(caller, step),
  ]) {
    expect(outcome).toMatchObject({ outcome: 'recorded' })
  }
}

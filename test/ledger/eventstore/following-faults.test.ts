import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { START, type Position } from '../../../src/domain/values.ts'
import { NO_STREAM, type EventLog, type LogRecord } from '../../../src/ledger/event-log.ts'
import type { Faults } from '../../support/eventstore/orders.ts'
import { openHastily } from '../../support/eventstore/open-log.ts'
import { StandIn } from '../../support/eventstore/stand-in.ts'
import { until } from '../../support/eventstore/until.ts'
import { record, records, stream } from '../../support/log-records.ts'

let standIn: StandIn
let log: EventLog
let dropped: string[]
let number = 0
beforeAll(async () => {
  standIn = await StandIn.start()
})
afterAll(() => standIn.kill())
beforeEach(async () => {
  await standIn.tell({ kind: 'reset' })
  dropped = []
  log = openHastily(standIn, { onDropped: (reason) => dropped.push(reason) })
})
afterEach(() => log.close())

/** Appends so many, each to a stream of its own. */
async function appendSome(count: number): Promise<void> {
  for (let one = 0; one < count; one += 1) {
    number += 1
    await log.append(stream(number), NO_STREAM, records(1))
  }
}

/** A follower that keeps what it saw. */
function follow(after: Position = START, restMs = 0) {
  const controller = new AbortController()
  const seen: LogRecord[] = []
  const ended = (async () => {
    for await (const page of log.follow(after, 50, controller.signal)) {
      seen.push(...page)
      if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs))
    }
  })()
  const stop = async () => {
    controller.abort()
    await ended
  }
  return { seen, ended, stop }
}

async function expectSawAll(seen: readonly LogRecord[], count: number): Promise<void> {
  await until(() => seen.length >= count)
  expect(seen).toEqual(await log.readAll(START, 10_000))
}

describe('a subscription that is lost', () => {
  const losses: readonly [string, () => Promise<unknown>][] = [
    ['it ends without a word', () => standIn.tell({ kind: 'end-subscriptions', with: 'end' })],
    ['it ends with an error', () => standIn.tell({ kind: 'end-subscriptions', with: 'error' })],
    ['the connection is cut', () => standIn.tell({ kind: 'drop' })],
  ]

  it.each(losses)('is made anew where it was when %s, three times', async (_, lose) => {
    const { seen, stop } = follow()
    await appendSome(5)
    for (let time = 1; time <= 3; time += 1) {
      await until(() => seen.length === 10 * time - 5)
      await lose()
      await appendSome(10)
    }
    await expectSawAll(seen, 35)
    expect(dropped.length).toBeGreaterThanOrEqual(3)
    await stop()
  })

  it('loses and doubles nothing while it is lost all the time', async () => {
    await appendSome(60)
    const { seen, stop } = follow(START, 1)
    for (const [, lose] of [...losses, ...losses]) {
      await appendSome(10)
      await lose()
      await new Promise((resolve) => setTimeout(resolve, 15))
    }
    await expectSawAll(seen, 120)
    await stop()
  })

  it('goes on from where a checkpoint was when only others have written since', async () => {
    await appendSome(3)
    const { seen, stop } = follow()
    await until(() => seen.length === 3)
    await standIn.tell({ kind: 'foreign', count: 3_000, stream: '$stats' })
    const last = seen.at(-1)?.position ?? START
    await new Promise((resolve) => setTimeout(resolve, 200))
    await standIn.tell({ kind: 'end-subscriptions', with: 'end' })
    await until(() => dropped.length > 0)
    await appendSome(3)
    await expectSawAll(seen, 6)
    expect((await standIn.counts()).lastFrom).toBeGreaterThan(last)
    await stop()
  })
})

describe('a subscription that is silent', () => {
  it('is made anew when there is something that it should have told', async () => {
    const { seen, stop } = follow()
    await appendSome(2)
    await until(() => seen.length === 2)
    await standIn.set({ stalled: true })
    await appendSome(2)
    await until(() => dropped.includes('it is silent'))
    await standIn.set({ stalled: false })
    await expectSawAll(seen, 4)
    await stop()
  })

  it('is left alone when there is nothing to tell', async () => {
    const { seen, stop } = follow()
    await appendSome(2)
    await until(() => seen.length === 2)
    const { subscriptions } = await standIn.counts()
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect((await standIn.counts()).subscriptions).toBe(subscriptions)
    expect(dropped).toEqual([])
    await stop()
  })
})

describe('what comes over a subscription', () => {
  it('is given once when the server delivers it twice', async () => {
    await standIn.set({ duplicating: true })
    const { seen, stop } = follow()
    await appendSome(20)
    await expectSawAll(seen, 20)
    await stop()
  })

  it('is ours only: other streams, and streams that only look like ours, are left out', async () => {
    await standIn.tell({ kind: 'foreign', count: 5, stream: '$stats' })
    await standIn.tell({ kind: 'foreign', count: 5, stream: 'subject-of-another' })
    await appendSome(2)
    const { seen, stop } = follow()
    await standIn.tell({ kind: 'foreign', count: 5, stream: 'subject-of-another' })
    await appendSome(2)
    await expectSawAll(seen, 4)
    expect(await log.head()).toBe(seen.at(-1)?.position)
    await stop()
  })

  it('waits with the server while nobody takes it', async () => {
    const count = 200
    const body = JSON.stringify({ text: 'x'.repeat(60_000) })
    for (let one = 0; one < count; one += 1) {
      number += 1
      await log.append(stream(number), NO_STREAM, [{ ...record(''), body }])
    }
    const { sent } = await standIn.counts()
    const pages = log.follow(START, 10, new AbortController().signal)[Symbol.asyncIterator]()
    await pages.next()
    await new Promise((resolve) => setTimeout(resolve, 400))
    const waiting = (await standIn.counts()).sent - sent
    expect(waiting).toBeLessThan(count * 0.6)
    let seen = 0
    while (seen < count - 10) seen += (await pages.next()).value?.length ?? Infinity
    expect(seen).toBe(count - 10)
    await pages.return?.(undefined)
  })

  it('is not asked for again when the server refuses for good', async () => {
    await standIn.set({ forbidding: true } satisfies Partial<Faults>)
    const pages = log.follow(START, 10, new AbortController().signal)[Symbol.asyncIterator]()
    await expect(pages.next()).rejects.toThrow(/access-denied/)
  })

  it('comes no more when the follower turns away, and the server is told', async () => {
    const { seen, stop } = follow()
    await appendSome(3)
    await until(() => seen.length === 3)
    await stop()
    await until(async () => (await standIn.counts()).open === 0)
  })
})

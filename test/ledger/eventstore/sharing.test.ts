import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { START, type Revision } from '../../../src/domain/values.ts'
import { NO_STREAM } from '../../../src/ledger/event-log.ts'
import { openHastily } from '../../support/eventstore/open-log.ts'
import { StandIn } from '../../support/eventstore/stand-in.ts'
import { records, stream } from '../../support/log-records.ts'

let standIn: StandIn
beforeAll(async () => {
  standIn = await StandIn.start()
})
afterAll(() => standIn.kill())
beforeEach(() => standIn.tell({ kind: 'reset' }))

describe('a server that others write to as well', () => {
  it('keeps ledgers of different namespaces apart', async () => {
    const one = openHastily(standIn, { namespace: 'one' })
    const two = openHastily(standIn, { namespace: 'two' })
    const plain = openHastily(standIn)
    const given = { one: records(3), two: records(2) }
    await one.append(stream('a'), NO_STREAM, given.one)
    await two.append(stream('a'), NO_STREAM, given.two)
    for (const [log, mine] of [
      [one, given.one],
      [two, given.two],
      [plain, []],
    ] as const) {
      const ids = mine.map(({ id }) => id)
      const all = await log.readAll(START, 10)
      expect(all.map(({ id }) => id)).toEqual(ids)
      expect(await log.readStream(stream('a'), 0 as Revision, 10)).toEqual(all)
      expect(await log.head()).toBe(all.at(-1)?.position ?? START)
    }
    const there = await two.readAll(START, 10)
    expect(await one.readAt(there.map(({ position }) => position))).toEqual([])
    await Promise.all([one, two, plain].map((log) => log.close()))
  })

  it('is read past what others wrote, backwards for the end only once', async () => {
    const log = openHastily(standIn)
    await standIn.tell({ kind: 'foreign', count: 1_200, stream: '$stats' })
    await log.append(stream('a'), NO_STREAM, records(2))
    await standIn.tell({ kind: 'foreign', count: 1_200, stream: '$stats' })
    await log.append(stream('a'), 1 as Revision, records(1))
    await standIn.tell({ kind: 'foreign', count: 1_200, stream: '$stats' })
    const all = await log.readAll(START, 10)
    expect(all.map(({ revision }) => revision)).toEqual([0, 1, 2])
    expect(await log.readAll(all[0]!.position, 1)).toEqual(all.slice(1, 2))
    const readsOf = async (ask: () => Promise<unknown>) => {
      const before = await standIn.counts()
      await ask()
      return (await standIn.counts()).reads - before.reads
    }
    const found = async () => expect(await log.head()).toBe(all[2]!.position)
    expect(await readsOf(found)).toBeGreaterThan(3)
    expect(await readsOf(found)).toBe(1)
    await standIn.tell({ kind: 'foreign', count: 5, stream: '$stats' })
    expect(await readsOf(found)).toBe(1)
    await log.append(stream('a'), 2 as Revision, records(1))
    expect(await log.head()).toBeGreaterThan(all[2]!.position)
    await log.close()
  })
})

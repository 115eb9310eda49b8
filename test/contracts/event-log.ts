import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { START, type Position, type Revision } from '../../src/domain/values.ts'
import {
  NO_STREAM,
  type Appended,
  type EventLog,
  type LogRecord,
} from '../../src/ledger/event-log.ts'
import { record, records, stream } from '../support/log-records.ts'

/** What every test of a log begins with: an empty log, and what to clear away afterwards. */
export type LogFixture = Readonly<{
  log: EventLog
  /** A second handle on the same log, where the store can have one. */
  openAnother: (() => Promise<EventLog>) | null
  dispose: () => Promise<void>
}>

const revision = (value: number) => value as Revision
const position = (value: number) => value as Position

/** The contract that every store of the event log keeps, run whole by each. */
export function eventLogContract(store: string, open: () => Promise<LogFixture>): void {
  describe(`the event log contract, kept by ${store}`, () => {
    let fixture: LogFixture
    let log: EventLog
    beforeEach(async () => {
      fixture = await open()
      log = fixture.log
    })
    afterEach(() => fixture.dispose())

    describe('reading an empty log', () => {
      it('finds nothing and stands at the start', async () => {
        expect(await log.head()).toBe(START)
        expect(await log.readAll(START, 10)).toEqual([])
        expect(await log.readStream(stream('none'), revision(0), 10)).toEqual([])
        expect(await log.readAt([position(1), position(7)])).toEqual([])
      })
    })

    describe('appending', () => {
      it('gives back exactly what was handed in, with its place', async () => {
        const body = '{"a":"ünïcödé – 日本語 🦉 \\ud800 \\u0000","b":[1.50,null]}'
        const given = [{ ...record(''), body }, record('second', 'ConsentGiven')]
        const appended = expectAppended(await log.append(stream('a'), NO_STREAM, given))
        expect(appended.revision).toBe(1)
        const expected = given.map((one, index) => ({
          ...one,
          stream: stream('a'),
          revision: index,
          position: appended.positions[index],
        }))
        expect(await log.readStream(stream('a'), revision(0), 10)).toEqual(expected)
        expect(await log.readAll(START, 10)).toEqual(expected)
        expect(await log.head()).toBe(appended.positions[1])
      })

      it('continues a stream at the revision that was read', async () => {
        await log.append(stream('a'), NO_STREAM, records(2))
        const next = expectAppended(await log.append(stream('a'), revision(1), records(3)))
        expect(next.revision).toBe(4)
        expect(await log.readStream(stream('a'), revision(0), 10)).toHaveLength(5)
      })

      it.each([
        ['a stream that exists as new', NO_STREAM, 1],
        ['behind the last revision', 0, 1],
        ['beyond the last revision', 2, 1],
      ])('is in conflict on %s, and writes nothing', async (_, expected, actual) => {
        await log.append(stream('a'), NO_STREAM, records(2))
        const answer = await log.append(stream('a'), expected as Revision, records(1))
        expect(answer).toEqual({ status: 'conflict', actual })
        expect(await log.readAll(START, 10)).toHaveLength(2)
      })

      it('is in conflict on a revision of a stream that does not exist', async () => {
        const answer = await log.append(stream('a'), revision(0), records(1))
        expect(answer).toEqual({ status: 'conflict', actual: NO_STREAM })
        expectAppended(await log.append(stream('a'), NO_STREAM, records(1)))
      })

      it('refuses an append of nothing, and the others are not hurt by it', async () => {
        const good = log.append(stream('a'), NO_STREAM, records(1))
        await expect(log.append(stream('b'), NO_STREAM, [])).rejects.toThrow(RangeError)
        expectAppended(await good)
      })

      it('answers a repeat of the same records at the same place as it did at first', async () => {
        const first = records(3)
        const answer = await log.append(stream('a'), NO_STREAM, first)
        await log.append(stream('b'), NO_STREAM, records(1))
        await log.append(stream('a'), revision(2), records(1))
        expect(await log.append(stream('a'), NO_STREAM, first)).toEqual(answer)
        const together = [first, first].map((same) => log.append(stream('a'), NO_STREAM, same))
        expect(await Promise.all(together)).toEqual([answer, answer])
        expect(await log.readAll(START, 10)).toHaveLength(5)
      })

      it('takes a repeat that differs or reaches further for a conflict', async () => {
        const first = records(2)
        await log.append(stream('a'), NO_STREAM, first)
        const longer = [...first, record('one more')]
        const other = [...first.slice(0, 1), record('another')]
        for (const attempt of [longer, other]) {
          const answer = await log.append(stream('a'), NO_STREAM, attempt)
          expect(answer).toEqual({ status: 'conflict', actual: 1 })
        }
        expect(await log.readAll(START, 10)).toHaveLength(2)
      })

      it('lets exactly one of many rivals win, and hurts nobody beside them', async () => {
        const rivals = Array.from({ length: 20 }, () =>
          log.append(stream('contended'), NO_STREAM, records(2)),
        )
        const others = Array.from({ length: 20 }, (_, index) =>
          log.append(stream(index), NO_STREAM, records(1)),
        )
        const statuses = (await Promise.all(rivals)).map(({ status }) => status)
        expect(statuses.filter((status) => status === 'appended')).toHaveLength(1)
        for (const other of await Promise.all(others)) expectAppended(other)
        expect(await log.readStream(stream('contended'), revision(0), 10)).toHaveLength(2)
      })

      it('keeps every increment of many who read, append and try again', async () => {
        const increments = Array.from({ length: 16 }, async () => {
          for (;;) {
            const seen = await log.readStream(stream('counter'), revision(0), 1000)
            const last = seen.at(-1)?.revision ?? NO_STREAM
            const answer = await log.append(stream('counter'), last, [record(String(last + 1))])
            if (answer.status === 'appended') return
          }
        })
        await Promise.all(increments)
        const counted = await log.readStream(stream('counter'), revision(0), 1000)
        expect(counted.map(({ body }) => JSON.parse(body).text)).toEqual(
          Array.from({ length: 16 }, (_, index) => String(index)),
        )
      })

      it('takes ten thousand records over many streams', async () => {
        const appends = Array.from({ length: 500 }, (_, index) =>
          log.append(stream(index), NO_STREAM, records(20, `stream ${index} record`)),
        )
        for (const answer of await Promise.all(appends)) expectAppended(answer)
        const all = await pages(log, 777)
        expect(all).toHaveLength(10_000)
        expectAscending(all)
        const seventh = await log.readStream(stream(7), revision(0), 100)
        expect(seventh).toEqual(all.filter((one) => one.stream === stream(7)))
        expect(seventh.map((one) => one.revision)).toEqual(Array.from({ length: 20 }, (_, i) => i))
      })
    })

    describe('reading', () => {
      it('pages through a stream and through everything, from anywhere', async () => {
        for (const name of ['a', 'b']) await log.append(stream(name), NO_STREAM, records(5))
        const page = await log.readStream(stream('a'), revision(2), 2)
        expect(page.map((one) => one.revision)).toEqual([2, 3])
        expect(await log.readStream(stream('a'), revision(5), 2)).toEqual([])
        const all = await log.readAll(START, 100)
        const third = all[2]?.position as Position
        expect(await log.readAll(third, 4)).toEqual(all.slice(3, 7))
        expect(await log.readAll(await log.head(), 4)).toEqual([])
      })

      it('finds records at positions, in the order of the question', async () => {
        await log.append(stream('a'), NO_STREAM, records(3))
        const [first, , third] = await log.readAll(START, 3)
        const wanted = [third?.position, position(987_654_321), first?.position] as Position[]
        expect(await log.readAt(wanted)).toEqual([third, first])
        expect(await log.readAt([])).toEqual([])
      })
    })

    describe('following', () => {
      it('gives what is there and then what comes, without gap or repeat', async () => {
        await log.append(stream('a'), NO_STREAM, records(25))
        const following = follow(log, START, 10, 55)
        for (let index = 0; index < 30; index += 1) {
          await log.append(stream(index), NO_STREAM, records(1))
        }
        const seen = await following
        expect(seen).toEqual(await log.readAll(START, 100))
        expectAscending(seen)
      })

      it('begins behind any position', async () => {
        await log.append(stream('a'), NO_STREAM, records(4))
        const all = await log.readAll(START, 10)
        const second = all[1]?.position as Position
        expect(await follow(log, second, 10, 2)).toEqual(all.slice(2))
        const head = await log.head()
        const following = follow(log, head, 10, 1)
        await log.append(stream('a'), revision(3), records(1))
        expect((await following)[0]?.revision).toBe(4)
      })

      it('serves several followers, each at its own pace', async () => {
        const slow = follow(log, START, 1, 40, 2)
        const fast = follow(log, START, 100, 40)
        for (let index = 0; index < 20; index += 1) {
          await log.append(stream(index), NO_STREAM, records(2))
        }
        expect(await slow).toEqual(await fast)
      })

      it('ends when it is told to, at once and while it waits', async () => {
        await log.append(stream('a'), NO_STREAM, records(1))
        const aborted = log.follow(START, 10, AbortSignal.abort())[Symbol.asyncIterator]()
        expect(await aborted.next()).toEqual({ done: true, value: undefined })
        const controller = new AbortController()
        const head = await log.head()
        const waiting = log.follow(head, 10, controller.signal)[Symbol.asyncIterator]()
        const next = waiting.next()
        setTimeout(() => controller.abort(), 20)
        expect(await next).toEqual({ done: true, value: undefined })
      })

      it('ends when the log is closed', async () => {
        const waiting = log.follow(START, 10, new AbortController().signal)[Symbol.asyncIterator]()
        const next = waiting.next()
        await log.close()
        expect((await next).done).toBe(true)
      })

      it('sees what another handle appends', async () => {
        if (!fixture.openAnother) return
        const another = await fixture.openAnother()
        const following = follow(log, START, 10, 12)
        await log.append(stream('a'), NO_STREAM, records(4))
        await another.append(stream('b'), NO_STREAM, records(4))
        await another.append(stream('a'), revision(3), records(4))
        const seen = await following
        expect(seen).toEqual(await another.readAll(START, 100))
        await another.close()
      })
    })

    describe('two handles on one log', () => {
      it('agree on what is in conflict', async () => {
        if (!fixture.openAnother) return
        const another = await fixture.openAnother()
        for (let round = 0; round < 20; round += 1) {
          const rivals = [log, another].map((one) =>
            one.append(stream('a'), revision(round - 1), [record(`round ${round}`)]),
          )
          const statuses = (await Promise.all(rivals)).map(({ status }) => status)
          expect(statuses.toSorted()).toEqual(['appended', 'conflict'])
        }
        const all = await another.readAll(START, 100)
        expect(all.map((one) => one.revision)).toEqual(Array.from({ length: 20 }, (_, i) => i))
        await another.close()
      })
    })

    describe('closing', () => {
      it('finishes the appends that were asked before, and refuses those after', async () => {
        const appends = Array.from({ length: 50 }, (_, index) =>
          log.append(stream(index), NO_STREAM, records(2)),
        )
        await log.close()
        for (const answer of await Promise.all(appends)) expectAppended(answer)
        await expect(log.append(stream('late'), NO_STREAM, records(1))).rejects.toThrow(/closed/)
        await expect(log.readAll(START, 1)).rejects.toThrow(/closed/)
        await log.close()
      })
    })
  })
}

function expectAppended(answer: Appended): Extract<Appended, { status: 'appended' }> {
  if (answer.status !== 'appended') throw new Error(`conflict at ${answer.actual}`)
  return answer
}

function expectAscending(seen: readonly LogRecord[]): void {
  const positions = seen.map((one) => one.position)
  expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b))
}

async function pages(log: EventLog, limit: number): Promise<LogRecord[]> {
  const all: LogRecord[] = []
  for (;;) {
    const page = await log.readAll(all.at(-1)?.position ?? START, limit)
    all.push(...page)
    if (page.length < limit) return all
  }
}

/** Follows until so many records were seen. */
async function follow(
  log: EventLog,
  after: Position,
  limit: number,
  count: number,
  restMs = 0,
): Promise<LogRecord[]> {
  const controller = new AbortController()
  const seen: LogRecord[] = []
  for await (const page of log.follow(after, limit, controller.signal)) {
    expect(page.length).toBeGreaterThan(0)
    expect(page.length).toBeLessThanOrEqual(limit)
    seen.push(...page)
    if (seen.length >= count) controller.abort()
    if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs))
  }
  return seen
}

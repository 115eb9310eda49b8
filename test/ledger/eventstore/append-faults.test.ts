import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { START, type Revision } from '../../../src/domain/values.ts'
import { LogUnavailable, NO_STREAM, type EventLog } from '../../../src/ledger/event-log.ts'
import { openHastily } from '../../support/eventstore/open-log.ts'
import { StandIn } from '../../support/eventstore/stand-in.ts'
import { record, records, stream } from '../../support/log-records.ts'

let standIn: StandIn
let log: EventLog
beforeAll(async () => {
  standIn = await StandIn.start()
})
afterAll(() => standIn.kill())
beforeEach(async () => {
  await standIn.tell({ kind: 'reset' })
  log = openHastily(standIn)
})
afterEach(() => log.close())

const all = () => log.readAll(START, 1_000)

describe('an append whose outcome is not known', () => {
  it.each([
    ['before it was committed', { dropsBeforeCommit: 1 }, 1],
    ['before it was committed', { dropsBeforeCommit: 2 }, 3],
    ['after it was committed', { dropsAfterCommit: 1 }, 1],
    ['after it was committed', { dropsAfterCommit: 1 }, 3],
  ])('is there once when the connection was cut %s (%j)', async (_, faults, count) => {
    await log.append(stream('a'), NO_STREAM, records(1))
    await standIn.set(faults)
    const given = records(count)
    const answer = await log.append(stream('a'), 0 as Revision, given)
    const there = (await all()).slice(1)
    expect(answer).toEqual({
      status: 'appended',
      revision: count,
      positions: there.map(({ position }) => position),
    })
    expect(there.map(({ id }) => id)).toEqual(given.map(({ id }) => id))
  })

  it('is there once when its commit came after the deadline', async () => {
    const hasty = openHastily(standIn, { deadlineMs: 400 })
    await standIn.set({ delayMs: 600 })
    const appending = hasty.append(stream('a'), NO_STREAM, records(2))
    await new Promise((resolve) => setTimeout(resolve, 300))
    await standIn.set({ delayMs: 0 })
    expect(await appending).toMatchObject({ status: 'appended', revision: 1 })
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(await all()).toHaveLength(2)
    await hasty.close()
  })

  it('is a conflict when somebody else was there first, cut or not', async () => {
    await log.append(stream('a'), NO_STREAM, records(2))
    await standIn.set({ dropsAfterCommit: 1 })
    const answer = await log.append(stream('a'), NO_STREAM, records(2))
    expect(answer).toEqual({ status: 'conflict', actual: 1 })
    expect(await all()).toHaveLength(2)
  })

  it('keeps all of many apart while the connection is cut again and again', async () => {
    await standIn.set({ dropsBeforeCommit: 4, dropsAfterCommit: 4 })
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, at) =>
        log.append(stream(at), NO_STREAM, records(1 + (at % 3))),
      ),
    )
    for (const answer of answers) expect(answer.status).toBe('appended')
    const ids = (await all()).map(({ id }) => id)
    expect(ids).toHaveLength(120)
    expect(new Set(ids).size).toBe(120)
  })
})

describe('a server that does not answer', () => {
  it('makes an append fail in time, and the same ids may be asked again', async () => {
    const hasty = openHastily(standIn, { patienceMs: 600 })
    await standIn.set({ silent: true })
    const given = records(2)
    const began = performance.now()
    const asked = hasty.append(stream('a'), NO_STREAM, given)
    await expect(asked).rejects.toThrow(LogUnavailable)
    await expect(asked).rejects.toThrow("couldn't append to subject-symphony-commerce/a")
    expect(performance.now() - began).toBeLessThan(4_000)
    await standIn.set({ silent: false })
    expect((await hasty.append(stream('a'), NO_STREAM, given)).status).toBe('appended')
    expect(await all()).toHaveLength(2)
    await hasty.close()
  })

  it('makes every kind of read fail in time', async () => {
    const hasty = openHastily(standIn, { patienceMs: 300, deadlineMs: 150 })
    await standIn.set({ silent: true })
    const reads = [
      () => hasty.readStream(stream('a'), 0 as Revision, 10),
      () => hasty.readAll(START, 10),
      () => hasty.readAt([17 as never]),
      () => hasty.head(),
    ]
    for (const read of reads) await expect(read()).rejects.toThrow(LogUnavailable)
    await hasty.close()
  })

  it('is waited for, by whoever reads, until it answers', async () => {
    await log.append(stream('a'), NO_STREAM, records(1))
    await standIn.set({ silent: true })
    const reading = log.readStream(stream('a'), 0 as Revision, 10)
    setTimeout(() => void standIn.set({ silent: false }), 600)
    expect(await reading).toHaveLength(1)
  })
})

describe('the errors of others', () => {
  it('reach nobody: each append is a call of its own, and no batch is shared', async () => {
    const calm = openHastily(standIn, { deadlineMs: 10_000 })
    const before = await standIn.counts()
    await standIn.set({ failures: 3 })
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, at) => calm.append(stream(at), NO_STREAM, records(1))),
    )
    for (const answer of answers) expect(answer.status).toBe('appended')
    const after = await standIn.counts()
    // 30, and the three that failed were asked once more.
    expect(after.appends - before.appends).toBe(33)
    expect(after.batchAppends).toBe(before.batchAppends)
    await calm.close()
  })

  it('does not keep an append that is refused for good waiting', async () => {
    await standIn.set({ forbidding: true })
    const before = await standIn.counts()
    const asked = log.append(stream('a'), NO_STREAM, records(1))
    await expect(asked).rejects.toThrow(LogUnavailable)
    expect((await standIn.counts()).appends - before.appends).toBe(1)
  })
})

describe('what a conflict reports', () => {
  it.each([-1, 1, 7])('is read and not trusted: the server is off by %i', async (misreportedBy) => {
    await log.append(stream('a'), NO_STREAM, records(4))
    await standIn.set({ misreportedBy })
    const answer = await log.append(stream('a'), 1 as Revision, [record('late')])
    expect(answer).toEqual({ status: 'conflict', actual: 3 })
  })
})

describe('a change of leader', () => {
  it('is followed to where the leader is', async () => {
    const leader = await StandIn.start()
    try {
      await log.append(stream('a'), NO_STREAM, records(1))
      await standIn.set({ leaderPort: leader.port })
      const given = records(2)
      expect(await log.append(stream('b'), NO_STREAM, given)).toMatchObject({ status: 'appended' })
      expect((await leader.counts()).events).toBe(2)
      expect((await standIn.counts()).events).toBe(1)
      const there = await log.readStream(stream('b'), 0 as Revision, 10)
      expect(there.map(({ id }) => id)).toEqual(given.map(({ id }) => id))
      // Nobody leads for a while, and then it is the first again.
      await leader.kill()
      await standIn.set({ leaderPort: null })
      expect(await log.append(stream('c'), NO_STREAM, records(1))).toMatchObject({
        status: 'appended',
      })
      expect((await standIn.counts()).events).toBe(2)
    } finally {
      await leader.kill()
    }
  })
})

describe('a server before 22.6', () => {
  it('is refused where a position is needed, and not guessed at', async () => {
    await standIn.set({ placeless: true })
    await expect(log.append(stream('a'), NO_STREAM, records(2))).rejects.toThrow('22.6')
  })
})

import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildApp } from '../../src/api/app.ts'
import type { Health } from '../../src/api/deps.ts'
import { createHealth } from '../../src/cli/health.ts'
import { createLag } from '../../src/cli/lag.ts'
import { createProbe } from '../../src/cli/probe.ts'
import { Reference, type Position } from '../../src/domain/values.ts'
import { openCluster, realEventStore, type Cluster } from '../support/cluster.ts'
import { postgresMissing } from '../support/postgres.ts'
import { openStack, symphony } from '../support/stack.ts'

if (postgresMissing) console.log(postgresMissing)
const missing = realEventStore
  ? 'SKIPPED: a real event store does no wrong at our command'
  : postgresMissing

/** What the test gives a store; the machine may be busy with more than this. */
const deadlineMs = 1_500
const LONG_MS = 120_000

let cluster: Cluster
let health: () => Promise<Health>
beforeAll(async () => {
  if (missing) return
  cluster = await openCluster({ nodes: 1 })
  health = createHealth(cluster.nodes[0]!.custody, { deadlineMs, freshMs: 0 })
  await cluster.nodes[0]!.custody.caughtUp()
}, LONG_MS)
afterAll(() => cluster?.dispose(), LONG_MS)

const answers = ({ ledger, vault, views, notary }: Health) => [
  ledger.answers,
  vault.answers,
  views.answers,
  notary.answers,
]

/** Asks until all is well again. */
async function recovered(): Promise<Health> {
  for (;;) {
    const found = await health()
    if (answers(found).every((one) => one) && found.views.behindEvents === 0) return found
    await pause(50)
  }
}

async function placeHolds(count: number, prefix: string): Promise<void> {
  const { custody, caller } = cluster.nodes[0]!
  for (let one = 0; one < count; one += 1) {
    await custody.services.holds.place(caller, {
      matter: Reference.parse(`${prefix}-${one}`),
      ...{ title: 'One', ground: 'legal-claim', document: 'Letter' },
      scope: { everything: true },
    })
  }
}

describe.skipIf(missing)('the health of a node in a cluster', () => {
  it('is that of every store: they answer, and the views have it all', async () => {
    const found = await recovered()
    const { position } = found.ledger
    expect(position).toBe(await cluster.nodes[0]!.custody.log.head())
    expect(found).toEqual({
      ledger: {
        answers: true,
        milliseconds: expect.any(Number),
        why: null,
        store: 'eventstore',
        position,
      },
      vault: { answers: true, milliseconds: expect.any(Number), why: null, store: 'postgresql' },
      views: { answers: true, position, behindEvents: 0, behindSeconds: 0, troubled: false },
      notary: {
        answers: true,
        milliseconds: expect.any(Number),
        why: null,
        checkpointAgeSeconds: null,
      },
    })
    await cluster.nodes[0]!.custody.notary.checkpoint(symphony)
    expect((await recovered()).notary.checkpointAgeSeconds).toBeLessThan(60)
  })

  it(
    'says of an event store that is silent that it does not answer, and does not wait for it',
    async () => {
      await recovered()
      await cluster.standIn!.set({ silent: true })
      const began = performance.now()
      const found = await health()
      // Two deadlines, and as much again for a busy machine.
      expect(performance.now() - began).toBeLessThan(4 * deadlineMs)
      expect(answers(found)).toEqual([false, true, true, false])
      expect(found.ledger.why).toBe(`no answer within ${deadlineMs} ms`)
      expect(found.ledger.milliseconds).toBeGreaterThanOrEqual(deadlineMs - 1)
      expect(found.views).toMatchObject({ behindEvents: null, behindSeconds: null })
      await cluster.standIn!.set({ silent: false })
      await recovered()
    },
    LONG_MS,
  )

  it(
    'finds an event store again that was killed, without being opened anew',
    async () => {
      await recovered()
      await cluster.standIn!.kill()
      const found = await health()
      expect(answers(found)).toEqual([false, true, true, false])
      await cluster.standIn!.restart()
      await recovered()
    },
    LONG_MS,
  )

  it(
    'finds a PostgreSQL again that was gone, which the vault’s memory does not hide',
    async () => {
      const { custody } = cluster.nodes[0]!
      await custody.vault.ready(symphony)
      await cluster.postgres.crash()
      // From memory it answers still.
      await custody.vault.ready(symphony)
      const found = await health()
      expect(answers(found)).toEqual([true, false, true, true])
      expect(found.vault.why).toMatch(/^(?:it could not answer|no answer within 1500 ms)$/)
      await cluster.postgres.start()
      await recovered()
    },
    LONG_MS,
  )

  it(
    'tells how far views are behind that hear nothing, and for how long',
    async () => {
      await recovered()
      await cluster.standIn!.set({ stalled: true })
      await placeHolds(7, 'stalled')
      await pause(1_100)
      const found = await health()
      expect(found.views.behindEvents).toBe(7)
      expect(found.views.behindSeconds).toBeGreaterThanOrEqual(1)
      expect(answers(found)).toEqual([true, true, true, true])
      await cluster.standIn!.set({ stalled: false })
      await cluster.standIn!.tell({ kind: 'end-subscriptions', with: 'end' })
      await recovered()
    },
    LONG_MS,
  )

  it(
    'asks the stores once, however many want to know',
    async () => {
      await recovered()
      const calm = createHealth(cluster.nodes[0]!.custody, { deadlineMs, freshMs: 60_000 })
      await calm()
      const before = (await cluster.standIn!.counts()).reads
      const many = await Promise.all(Array.from({ length: 200 }, () => calm()))
      expect(new Set(many).size).toBe(1)
      // The notary looks twice a second; it is far from two hundred.
      expect((await cluster.standIn!.counts()).reads - before).toBeLessThan(20)
    },
    LONG_MS,
  )

  it(
    'is answered at /readyz, 503 with the reason and without where anything is',
    async () => {
      await recovered()
      const { custody } = cluster.nodes[0]!
      const app = buildApp({
        services: custody.services,
        views: custody.views,
        notary: custody.notary,
        evidence: custody.evidence,
        metrics: () => Promise.reject(new Error('not asked for')),
        now: custody.now,
        health,
        log: false,
        checkAnswers: true,
      })
      const ask = (url: string) => app.inject({ method: 'GET', url })
      const well = await ask('/readyz')
      expect([well.statusCode, well.json().ready, well.json().reasons]).toEqual([200, true, []])
      await cluster.standIn!.kill()
      await cluster.postgres.crash()
      const ill = await ask('/readyz')
      expect(ill.statusCode).toBe(503)
      expect(ill.json().reasons.map((reason: string) => reason.split(':')[0])).toEqual([
        'ledger',
        'vault',
        'notary',
        'views',
      ])
      for (const secret of ['127.0.0.1', 'esdb', 'postgres:', String(cluster.standIn!.port)]) {
        expect(ill.body).not.toContain(secret)
      }
      // The process lives, and says so whatever the stores do.
      expect((await ask('/healthz')).json()).toEqual({ alive: true })
      await cluster.standIn!.restart()
      await cluster.postgres.start()
      await recovered()
      expect((await ask('/readyz')).statusCode).toBe(200)
      await app.close()
    },
    LONG_MS,
  )
})

describe('a probe', () => {
  it('puts one question at a time, and tells a late answer to nobody', async () => {
    let asked = 0
    let answer = Promise.withResolvers<string>()
    const probe = createProbe(() => {
      asked += 1
      return answer.promise
    }, 30)
    const late = { answers: false, why: 'no answer within 30 ms' }
    expect(await probe()).toMatchObject(late)
    expect(await Promise.all([probe(), probe()])).toMatchObject([late, late])
    expect(asked).toBe(1)
    answer.resolve('late')
    await pause(5)
    answer = Promise.withResolvers()
    const next = probe()
    answer.resolve('in time')
    expect(await next).toMatchObject({ answers: true, answer: 'in time' })
    expect(asked).toBe(2)
  })

  it('tells no more of an error than that it was one', async () => {
    const probe = createProbe(() => Promise.reject(new Error('postgres://user:secret@host')), 1_000)
    const { answers: ok, ...rest } = await probe()
    expect([ok, JSON.stringify(rest)]).toEqual([false, expect.not.stringContaining('secret')])
    const thrown = createProbe(() => {
      throw new Error('at once')
    }, 1_000)
    expect(await thrown()).toMatchObject({ answers: false, why: 'it could not answer' })
  })
})

describe('the lag of the views', () => {
  it('is counted by reading each event once, up to a bound', async () => {
    const stack = await openStack()
    const { custody } = stack
    await custody.caughtUp()
    const head = await custody.log.head()
    let position = 0 as Position
    const read: Position[] = []
    const log: typeof custody.log = {
      ...custody.log,
      readAll: async (after, limit) => {
        const records = await custody.log.readAll(after, limit)
        read.push(...records.map((record) => record.position))
        return records
      },
      readAt: (positions) => custody.log.readAt(positions),
    }
    const views = { ...custody.views, position: () => position }
    const lag = createLag({ log, views, now: custody.now }, 1_000)
    const all = (await custody.log.readAll(0 as Position, 1_000)).length
    expect(all).toBeGreaterThan(2)
    expect((await lag(head)).events).toBe(all)
    expect((await Promise.all([lag(head), lag(head)])).map(({ events }) => events)).toEqual([
      all,
      all,
    ])
    position = (await custody.log.readAll(0 as Position, 2)).at(-1)!.position
    const left = await lag(head)
    expect(left.events).toBe(all - 2)
    expect(left.seconds).toBeGreaterThanOrEqual(0)
    expect(read).toHaveLength(all)
    expect((await createLag({ log, views, now: custody.now }, 1)(head)).events).toBe(1)
    position = head
    expect(await lag(head)).toEqual({ events: 0, seconds: 0 })
    // Views that are folded anew begin at the beginning.
    position = 0 as Position
    expect((await lag(head)).events).toBe(all)
    await stack.dispose()
  })
})

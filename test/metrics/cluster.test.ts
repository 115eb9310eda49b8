import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHealth } from '../../src/cli/health.ts'
import { readingsOf } from '../../src/cli/readings.ts'
import { Reference } from '../../src/domain/values.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { someone } from '../jobs/downstream.ts'
import { openCluster, realEventStore, type Cluster } from '../support/cluster.ts'
import { postgresMissing } from '../support/postgres.ts'
import { symphony } from '../support/stack.ts'

if (postgresMissing) console.log(postgresMissing)
const missing = realEventStore
  ? 'SKIPPED: a real event store does no wrong at our command'
  : postgresMissing

const LONG_MS = 120_000

const metrics = [createMetrics(), createMetrics()]
let cluster: Cluster
let healths: ReturnType<typeof createHealth>[]
beforeAll(async () => {
  if (missing) return
  cluster = await openCluster({ open: (node) => ({ observe: metrics[node]!.observe }) })
  healths = cluster.nodes.map(({ custody }) => createHealth(custody, { freshMs: 0 }))
  // As `custody serve` does.
  for (const [node, { custody }] of cluster.nodes.entries()) {
    custody.onTrouble(({ of }) => metrics[node]!.trouble(of))
  }
}, LONG_MS)
afterAll(() => cluster?.dispose(), LONG_MS)

async function scrape(node: number): Promise<string> {
  const { custody } = cluster.nodes[node]!
  return metrics[node]!.text(await readingsOf(custody, symphony, await healths[node]!()))
}

/** The value of a figure, under exactly these labels. */
function figure(text: string, name: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  return line === undefined ? NaN : Number(line.slice(name.length + 1))
}

const hold = (matter: string, title: string) => ({
  matter: Reference.parse(matter),
  ...{ title, ground: 'legal-claim' as const, document: 'Letter' },
  scope: { everything: true } as const,
})

describe.skipIf(missing)('what a node of a cluster counts', () => {
  it('has the conflicts that nodes really have, and how long appends take', async () => {
    const [one, two] = cluster.nodes
    const conflicts = async () => {
      const counted = await Promise.all([scrape(0), scrape(1)])
      return counted
        .map((text) => figure(text, 'custody_appends_total{outcome="conflict"}'))
        .reduce((sum, count) => sum + (Number.isNaN(count) ? 0 : count), 0)
    }
    await one!.custody.services.holds.place(one!.caller, hold('m-1', 'first'))
    await two!.custody.services.holds.place(two!.caller, hold('m-1', 'second'))
    const before = await conflicts()
    // The first node has not heard of what the second has written.
    await one!.custody.services.holds.place(one!.caller, hold('m-1', 'third'))
    expect(await conflicts()).toBe(before + 1)
    expect(figure(await scrape(0), 'custody_append_seconds_count')).toBeGreaterThan(1)
  })

  it('has the age of the checkpoint, on the other node too', async () => {
    const [one, two] = cluster.nodes
    const age = `custody_checkpoint_age_seconds{controller="${symphony}"}`
    expect(figure(await scrape(1), age)).toBeNaN()
    await one!.custody.notary.checkpoint(symphony)
    await two!.custody.caughtUp()
    const first = figure(await scrape(1), age)
    await pause(1_000)
    expect(figure(await scrape(1), age)).toBeGreaterThanOrEqual(first + 0.9)
    expect(
      figure(await scrape(1), `custody_events_signed{controller="${symphony}"}`),
    ).toBeGreaterThan(3)
  })

  it('has the erasures that are put off, and none when they are done', async () => {
    const { custody, caller } = cluster.nodes[0]!
    const deferred = `custody_deletions_deferred{controller="${symphony}"}`
    const subject = await someone(cluster.nodes[0]!, 'held')
    await custody.services.holds.place(caller, hold('m-2', 'keeps all'))
    const deletion = {
      ...{ subject, deletion: Reference.parse('erase-held'), cause: 'request' as const },
      ...{ scope: { everything: true } as const, request: null, at: null },
    }
    expect((await custody.services.deletions.request(caller, deletion)).outcome).toBe('deferred')
    await cluster.nodes[1]!.custody.caughtUp()
    expect(figure(await scrape(1), deferred)).toBe(1)
    for (const matter of ['m-1', 'm-2']) {
      const step = { matter: Reference.parse(matter), reason: 'over' }
      await custody.services.holds.release(caller, step)
    }
    await custody.caughtUp()
    await custody.services.deletions.resume(caller, null, 10)
    await cluster.nodes[1]!.custody.caughtUp()
    expect(figure(await scrape(1), deferred)).toBe(0)
  })

  it(
    'has subscriptions that were lost, views that are behind, and stores that are away',
    async () => {
      const dropped = 'custody_subscriptions_dropped_total'
      const before = figure(await scrape(0), dropped)
      await cluster.standIn!.tell({ kind: 'end-subscriptions', with: 'error' })
      await expect
        .poll(async () => figure(await scrape(0), dropped), { timeout: 60_000 })
        .toBeGreaterThan(before)
      await cluster.nodes[0]!.custody.caughtUp()

      await cluster.standIn!.set({ stalled: true })
      const { custody, caller } = cluster.nodes[0]!
      for (const title of ['one', 'two', 'three']) {
        await custody.services.holds.place(caller, hold(`stalled-${title}`, title))
      }
      await pause(500)
      const behind = await scrape(1)
      expect(figure(behind, 'custody_projection_lag_events')).toBe(3)
      expect(figure(behind, 'custody_store_answers{store="vault"}')).toBe(1)
      await cluster.standIn!.set({ stalled: false })
      await cluster.standIn!.tell({ kind: 'end-subscriptions', with: 'end' })
      await cluster.nodes[1]!.custody.caughtUp()
      expect(figure(await scrape(1), 'custody_projection_lag_events')).toBe(0)

      await cluster.postgres.crash()
      const away = await scrape(1)
      expect(figure(away, 'custody_store_answers{store="vault"}')).toBe(0)
      expect(figure(away, 'custody_store_answers{store="ledger"}')).toBe(1)
      await cluster.standIn!.kill()
      const alone = await scrape(1)
      expect(figure(alone, 'custody_store_answers{store="ledger"}')).toBe(0)
      // Nobody knows; so nothing is said, and not that all is well.
      expect(figure(alone, 'custody_projection_lag_events')).toBeNaN()
      await cluster.postgres.start()
      await cluster.standIn!.restart()
      await expect
        .poll(async () => figure(await scrape(1), 'custody_store_answers{store="ledger"}'), {
          timeout: 60_000,
        })
        .toBe(1)
    },
    LONG_MS,
  )
})

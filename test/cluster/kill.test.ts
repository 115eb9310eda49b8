import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { START, type SubjectId } from '../../src/domain/values.ts'
import { verifyLedger } from '../../src/notary/verify.ts'
import {
  acknowledgedIn,
  eventsAfter,
  expectAcknowledged,
  expectNoHalf,
  expectSealsOpen,
  expectViewsGrownAsRebuilt,
} from '../support/acknowledged.ts'
import { openCluster, type Cluster } from '../support/cluster.ts'
import { postgresMissing } from '../support/postgres.ts'
import { randomFrom, seed } from '../support/seed.ts'
import { symphony } from '../support/stack.ts'

if (postgresMissing) console.log(postgresMissing)

const kills = 50
const program = fileURLToPath(new URL('../support/ledger-load-process.ts', import.meta.url))

/** A node under load, in a process of its own. */
function startNode(cluster: Cluster, data: string, prefix: string) {
  const child = spawn(process.execPath, ['--expose-gc', program, prefix, '3'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...cluster.environmentOf(data) },
  })
  let text = ''
  let lines = 0
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    lines += chunk.filter((byte) => byte === 10).length
  })
  child.stdin.write('go\n')
  const closed = once(child, 'close') as Promise<[number | null, string | null]>
  return {
    lines: () => lines,
    said: () => acknowledgedIn(text.split('\n')),
    /** What ended by itself ended because of something that nobody caught. */
    async kill() {
      child.kill('SIGKILL')
      expect(await closed).toEqual([null, 'SIGKILL'])
    },
  }
}

/** Resolves when it has got on by some lines: what is killed then is under load. */
async function getsOn(node: ReturnType<typeof startNode>): Promise<void> {
  const before = node.lines()
  for (let time = 0; node.lines() < before + 5; time += 1) {
    if (time > 4_500) throw new Error('a node does nothing any more')
    await sleep(20)
  }
}

describe.skipIf(postgresMissing !== null)('killing the event store and a node under load', () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await openCluster({ nodes: 1 })
    await cluster.nodes[0]!.close()
  }, 60_000)
  afterAll(() => cluster?.dispose())

  it.skipIf(process.env['CUSTODY_TEST_EVENTSTORE'])(
    `loses no acknowledged event, doubles none, and forgets nobody twice, ${kills} times`,
    { timeout: 400_000 },
    async () => {
      const random = randomFrom(seed())
      const standIn = cluster.standIn!
      const steady = startNode(cluster, 'steady', 'steady')
      // Starting one takes long: while one is started the other works.
      const victims = ['a', 'b'].map((data, number) => startNode(cluster, data, `v${number}`))
      for (let kill = 0; kill < kills; kill += 1) {
        await sleep(random() * 150)
        // A node takes long to start: the event store goes away more often.
        if (kill % 4 === 0) {
          const victim = victims.at(-2)!
          await getsOn(victim)
          await victim.kill()
          const data = victims.length % 2 === 0 ? 'a' : 'b'
          victims.push(startNode(cluster, data, `v${victims.length}`))
        } else {
          await getsOn(steady)
          await standIn.kill()
          await sleep(random() * 200)
          await standIn.restart()
        }
      }
      const last = [steady, ...victims.slice(-2)]
      for (const node of last) await getsOn(node)
      for (const node of last) await node.kill()
      const all = [steady, ...victims].map((node) => node.said())

      const judge = await cluster.join('judge')
      const { custody, caller, configuration } = judge
      await custody.services.deletions.resume(caller, null, 10_000)
      await custody.caughtUp()
      const events = await eventsAfter(custody.log, START)
      console.log(`${events.length} events, ${all.flatMap(({ lines }) => lines).length} lines`)
      expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
      const revisions = new Map<string, number>()
      for (const { stream, revision } of events) {
        expect(revision, stream).toBe((revisions.get(stream) ?? -1) + 1)
        revisions.set(stream, revision)
      }
      expectNoHalf(events)
      for (const acknowledged of all) {
        expectAcknowledged(events, acknowledged)
        for (const subject of acknowledged.erased) {
          expect(await custody.vault.holds(symphony, subject as SubjectId)).toBe(false)
        }
      }
      expect(all.flatMap(({ erased }) => [...erased]).length).toBeGreaterThan(0)
      const deleted = events.flatMap((event) =>
        event.type === 'DataDeleted' || event.type === 'SubjectErased'
          ? [`${event.stream} ${event.type} ${event.data.deletion}`]
          : [],
      )
      expect(new Set(deleted).size).toBe(deleted.length)
      await expectSealsOpen(events, custody.vault)
      await custody.notary.checkpoint(symphony)
      const verification = await verifyLedger({
        ledger: configuration.ledger,
        notaryPath: configuration.notaryFile,
        ...{ keys: [], pinned: false, kept: [] },
      })
      expect(verification).toMatchObject({ ok: true, findings: [] })
      expectFlat(steady.said().heap)
      await expectViewsGrownAsRebuilt(judge, await eventsAfter(custody.log, START))
    },
  )
})

/** What is held after a collection of garbage, in bytes, second by second: no more at the end than early on. */
function expectFlat(heap: readonly number[]): void {
  const middle = (some: readonly number[]) => some.toSorted((a, b) => a - b)[some.length >> 1]!
  expect(heap.length).toBeGreaterThan(12)
  const third = Math.floor(heap.length / 3)
  const [early, late] = [middle(heap.slice(2, third + 2)), middle(heap.slice(-third))]
  console.log(`heap ${(early / 1e6).toFixed(0)} MB early, ${(late / 1e6).toFixed(0)} MB late`)
  expect(late).toBeLessThan(early + 24e6)
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Position } from '../../src/domain/values.ts'
import { LogUnavailable, type EventLog } from '../../src/ledger/event-log.ts'
import { Contended } from '../../src/ledger/execute-types.ts'
import { openCluster, realEventStore, type Cluster } from '../support/cluster.ts'
import { postgresMissing } from '../support/postgres.ts'
import { randomFrom, seed } from '../support/seed.ts'
import { withoutConflicts, withoutLooking, withoutWaiting } from './broken-logs.ts'
import { certain, Disturbances } from './disturbances.ts'
import { NodeGone, operationsEach, runHistory, type History } from './history.ts'
import { judgeHistory, type Problem } from './judging.ts'
import { Nodes, openPlainLog, type Wrap } from './nodes.ts'

/** More, or fewer, for another look: CUSTODY_HISTORIES=2000. */
const histories = Number(process.env['CUSTODY_HISTORIES'] ?? 200)
/** So many run at a time, each on a person of its own: all of them meet what each of them brings about. */
const atATime = 10
/** Within so many seeded histories a bug must be found. */
const withinHistories = 40

const missing = realEventStore
  ? 'SKIPPED: a real event store does no wrong at our command'
  : postgresMissing

let cluster: Cluster
let log: EventLog
beforeAll(async () => {
  if (missing) return console.log(missing)
  cluster = await openCluster({ nodes: 1 })
  // It has published the policy, and others do the rest.
  await cluster.nodes[0]!.close()
  log = openPlainLog(cluster)
})
afterAll(async () => {
  await log?.close()
  await cluster?.dispose()
})

type Judged = Readonly<{ history: History; problems: readonly Problem[] }>

/** Runs and judges so many histories on two nodes, each from a seed behind the first; stops where `enough` says so. */
async function run(
  name: string,
  first: number,
  count: number,
  {
    wrap,
    lanes = atATime,
    enough = () => false,
  }: { wrap?: Wrap; lanes?: number; enough?: (judged: Judged) => boolean },
) {
  const nodes = await Nodes.open(cluster, name, wrap)
  const disturbances = new Disturbances(cluster.standIn!, nodes, randomFrom(first - 1))
  const judged: Judged[] = []
  let next = 0
  let stopped = false
  const lane = async () => {
    while (next < count && !stopped) {
      next += 1
      const history = await runHistory(nodes, disturbances, first + next - 1)
      const one = { history, problems: await judgeHistory(log, history) }
      judged.push(one)
      stopped ||= enough(one)
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(count, lanes) }, lane))
    await disturbances.over()
  } finally {
    await nodes.close()
  }
  return { judged, disturbances }
}

/** First, while the ledger is short: each of them opens nodes that read all of it. */
describe.skipIf(missing)('a bug that is put in on purpose', () => {
  it.each([
    ['a conflict is not believed', withoutConflicts, 'the stream itself breaks the rule'],
    ['that nothing is to be done is not looked up', withoutLooking, null],
    ['an append is acknowledged too early', withoutWaiting, 'what was acknowledged is missing'],
  ] as const)(
    `is found within ${withinHistories} histories: %s`,
    async (name, wrap, more) => {
      const seen = new Set<Problem['kind']>()
      const isFound = () =>
        (seen.has('not linearizable') || seen.has('not linearizable, as the stream is')) &&
        (more === null || seen.has(more))
      const { judged } = await run(name.replaceAll(' ', '-'), seed(), withinHistories, {
        wrap,
        lanes: 4,
        enough: ({ problems }) => {
          for (const { kind } of problems) seen.add(kind)
          return isFound()
        },
      })
      console.log(`in ${judged.length} histories: ${[...seen].join('; ')}`)
      expect(isFound()).toBe(true)
    },
    240_000,
  )
})

describe.skipIf(missing)('consent on two nodes', () => {
  let before: Position
  beforeAll(async () => {
    before = await log.head()
  })

  it(
    `is linearizable in ${histories} histories of ${operationsEach} operations, whatever goes wrong`,
    async () => {
      const first = seed()
      const began = performance.now()
      const { judged, disturbances } = await run('sound', first, histories, {})
      report(judged, disturbances, performance.now() - began)
      const wrong = judged.filter(({ problems }) => problems.length > 0)
      expect(wrong.map(said).join('\n')).toBe('')
      expect(judged).toHaveLength(histories)
      for (const { every, kind } of certain) {
        expect(disturbances.counts.get(kind) ?? 0).toBeGreaterThanOrEqual(
          Math.floor(histories / every),
        )
      }
      const ended = judged.flatMap(({ history }) => history.errors)
      expect(ended.filter((error) => !isExpected(error))).toEqual([])
      for (const { history } of judged) {
        expect(history.done).toHaveLength(operationsEach)
        expect(history.disturbances).not.toEqual([])
      }
    },
    120_000 + histories * 2_000,
  )

  it('has left no event twice when all has come to its end', async () => {
    const ids = new Set<string>()
    let count = 0
    for (let page = await log.readAll(before, 1_000); page.length > 0;) {
      for (const { id } of page) ids.add(id)
      count += page.length
      page = await log.readAll(page.at(-1)!.position, 1_000)
    }
    expect(count).toBeGreaterThan(histories)
    expect(ids.size).toBe(count)
  })
})

function said({ history, problems }: Judged): string {
  const those = problems.map(({ kind, details }) => `  ${kind}\n  ${details}`)
  return `CUSTODY_SEED=${history.seed} CUSTODY_HISTORIES=1\n${those.join('\n')}`
}

/** How an attempt may end where a store or its node is away. Anything else is a bug. */
function isExpected(error: unknown): boolean {
  if (error instanceof LogUnavailable || error instanceof Contended) return true
  return error instanceof NodeGone || /it is closed$/.test(String(error))
}

function report(judged: readonly Judged[], { counts }: Disturbances, milliseconds: number): void {
  const done = judged.flatMap(({ history }) => history.done)
  const errors = judged.flatMap(({ history }) => history.errors)
  const unknown = done.filter(({ answer }) => answer === null).length
  const again = done.filter(({ attempts }) => attempts.length > 1).length
  const repeated = done.filter(({ answer }) => answer?.outcome.repeated).length
  console.log(
    `${judged.length} histories, ${done.length} operations in ${Math.round(milliseconds)} ms; ` +
      `${errors.length} attempts failed, ${unknown} operations had no answer at last, ` +
      `${again} were asked again, ${repeated} of them answered as before`,
  )
  for (const [kind, count] of counts) console.log(`  ${count} times: ${kind}`)
}

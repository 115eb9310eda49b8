import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { START } from '../../src/domain/values.ts'
import type { EventLog } from '../../src/ledger/event-log.ts'
import { openCluster, realEventStore, type Cluster } from '../support/cluster.ts'
import { postgresMissing } from '../support/postgres.ts'
import { randomFrom, seed } from '../support/seed.ts'
import { withoutConflicts, withoutWaiting } from './broken-logs.ts'
import { Disturbances } from './disturbances.ts'
import { operationsEach, runHistory, type History } from './history.ts'
import { judgeHistory, type Problem } from './judging.ts'
import { Nodes, openPlainLog, type Wrap } from './nodes.ts'

/** More, or fewer, for another look: CUSTODY_HISTORIES=2000. */
const histories = Number(process.env['CUSTODY_HISTORIES'] ?? 200)
/** So many run at a time, each on a person of its own: all of them meet what each of them brings about. */
const atATime = 10
/** Within so many seeded histories a bug must be found. */
const withinHistories = 20

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
  { wrap, enough = () => false }: { wrap?: Wrap; enough?: (judged: Judged) => boolean },
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
    await Promise.all(Array.from({ length: Math.min(count, atATime) }, lane))
    await disturbances.over()
  } finally {
    await nodes.close()
  }
  return { judged, disturbances }
}

describe.skipIf(missing)('consent on two nodes', () => {
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
      for (const { history } of judged) {
        expect(history.done).toHaveLength(operationsEach)
        expect(history.disturbances).not.toEqual([])
      }
    },
    120_000 + histories * 2_000,
  )

  it('has no event twice in the whole ledger', async () => {
    const ids = new Set<string>()
    let count = 0
    for (let page = await log.readAll(START, 1_000); page.length > 0;) {
      for (const { id } of page) ids.add(id)
      count += page.length
      page = await log.readAll(page.at(-1)!.position, 1_000)
    }
    expect(ids.size).toBe(count)
  })
})

describe.skipIf(missing)('a bug that is put in on purpose', () => {
  it.each([
    ['a conflict is not believed', withoutConflicts],
    ['an append is acknowledged before it is made', withoutWaiting],
  ])(
    `is found within ${withinHistories} histories: %s`,
    async (name, wrap) => {
      const first = seed()
      const isFound = ({ problems }: Judged) =>
        problems.some(({ kind }) => kind === 'not linearizable')
      const { judged } = await run(name.replaceAll(' ', '-'), first, withinHistories, {
        wrap,
        enough: isFound,
      })
      const found = judged.findIndex(isFound)
      console.log(`found in history ${found + 1} of ${judged.length}`)
      expect(found).toBeGreaterThanOrEqual(0)
    },
    240_000,
  )
})

function said({ history, problems }: Judged): string {
  const those = problems.map(({ kind, details }) => `  ${kind}\n  ${details}`)
  return `CUSTODY_SEED=${history.seed} CUSTODY_HISTORIES=1\n${those.join('\n')}`
}

function report(judged: readonly Judged[], { counts }: Disturbances, milliseconds: number): void {
  const done = judged.flatMap(({ history }) => history.done)
  const errors = judged.flatMap(({ history }) => history.errors)
  const unknown = done.filter(({ answer }) => answer === null).length
  const again = done.filter(({ attempts }) => attempts.length > 1).length
  const repeated = done.filter(({ answer }) => answer?.outcome.repeated).length
  console.log(
    `${judged.length} histories, ${done.length} operations in ${Math.round(milliseconds)} ms; ` +
      `${unknown} of unknown outcome, ${again} asked again, ${repeated} of them answered as before`,
  )
  for (const [kind, count] of counts) console.log(`  ${count} times: ${kind}`)
  for (const [error, those] of Map.groupBy(errors, (one) =>
    one.replaceAll(/[0-9a-f-]{32,36}/g, '…'),
  ))
    console.log(`  ${those.length} attempts: ${error}`)
}

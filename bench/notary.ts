import { join } from 'node:path'
import { openSqliteEventReader } from '../src/ledger/sqlite/event-reader.ts'
import { createFollower } from '../src/notary/follower.ts'
import { Growth, prepareGrowth } from '../src/notary/growth.ts'
import { createReading } from '../src/notary/reading.ts'
import { inTransaction, openNotaryDatabase } from '../src/notary/schema.ts'
import { ControllerId } from '../src/domain/values.ts'
import type { Position } from '../src/domain/values.ts'
import {
  frontierAt,
  hashLeaf,
  inclusionPath,
  rootOfFrontier,
  verifyInclusion,
} from '../src/proof/merkle.ts'
import { tell } from './rounds.ts'
import { inDirectory, publishPolicy, recordLines, withCustody } from './support/workspace.ts'
import { acts, registrations } from './support/lines.ts'

type Figures = Readonly<Record<string, number>>

const people = 1_000
const leavesOfLargeTree = 10_000_000
const proofs = 200
const warmUpProofs = 60

/**
 * N7: what notarising costs beside ingest, in processor time of the same events: the acts are judged, sealed,
 * recorded and folded into the views; then a follower takes the same ledger in and the map of heads is made.
 * And how long a proof takes from a tree of 10 million leaves, filled without events.
 */
export async function notary(events: number): Promise<Figures> {
  const cost = await inDirectory((directory) => costOf(directory, events))
  const proof = await inDirectory((directory) => proofOf(directory))
  return { ...cost, ...proof }
}

async function costOf(directory: string, events: number) {
  let ingest = 0
  await withCustody(directory, async (custody, caller) => {
    await publishPolicy(custody, caller)
    await recordLines(custody, caller, registrations(people, 1))
    await custody.caughtUp()
    const before = process.cpuUsage()
    await recordLines(custody, caller, acts(events, people, 2))
    await custody.caughtUp()
    ingest = microseconds(before)
  })
  const reader = openSqliteEventReader(join(directory, 'data/ledger.sqlite'))
  const database = openNotaryDatabase(join(directory, 'notary.sqlite'))
  const follower = createFollower(reader, database)
  const before = process.cpuUsage()
  await follower.catchUp()
  const followed = microseconds(before)
  const settling = process.cpuUsage()
  const [tree] = createReading(database).trees()
  follower.settle(tree!.controller, null)
  const settled = microseconds(settling)
  await reader.close()
  database.close()
  return {
    events,
    ingestMicroseconds: round(ingest / events),
    followMicroseconds: round(followed / events),
    mapMicroseconds: round(settled / events),
    costRatio: round((followed + settled) / ingest),
  }
}

/** Growth as the follower does it, on leaves that are numbers. */
async function proofOf(directory: string) {
  const database = openNotaryDatabase(join(directory, 'notary.sqlite'))
  const controller = ControllerId.parse('large')
  database
    .prepare('INSERT INTO controller (name, size, mapped, streams) VALUES (?, 0, 0, 0)')
    .run(controller)
  const reading = createReading(database)
  const growth = new Growth(reading.tree(controller)!, reading)
  const writes = prepareGrowth(database)
  const entry = Buffer.alloc(8)
  const leafOf = (index: number) => {
    entry.writeDoubleBE(index)
    return hashLeaf(entry)
  }
  const began = performance.now()
  const before = process.memoryUsage().heapUsed
  for (let index = 0; index < leavesOfLargeTree;) {
    for (let end = index + 20_000; index < end; index += 1) {
      growth.add(leafOf(index), (index + 1) as Position, '-', 1)
    }
    inTransaction(database, () => growth.write(writes))
    database.exec('DELETE FROM pending')
  }
  tell(`  a tree of ${leavesOfLargeTree} leaves: ${round((performance.now() - began) / 1_000)} s`)
  const heldBytes = process.memoryUsage().heapUsed - before
  const tree = reading.tree(controller)!
  const root = rootOfFrontier(frontierAt(tree.size, reading.nodes(tree.number)))
  const timeOf = (wanted: number) => {
    const start = performance.now()
    const index = reading.leafAt(tree.number, (wanted + 1) as Position)!
    const path = inclusionPath(index, tree.size, reading.nodes(tree.number))
    const time = performance.now() - start
    const wrong = verifyInclusion({ index, size: tree.size, leaf: leafOf(wanted), root, path })
    if (wrong) throw new Error(`a proof is wrong: ${wrong.message}`)
    return time
  }
  const spread = (count: number) =>
    Array.from({ length: count }, (_, turn) =>
      timeOf(Math.floor((leavesOfLargeTree * (turn + 0.5)) / count)),
    )
  // A notary runs for long: it is not measured while its code is still being compiled.
  spread(warmUpProofs)
  const times = spread(proofs).toSorted((a, b) => a - b)
  database.close()
  return {
    proofLeaves: leavesOfLargeTree,
    proofMedianMs: round(times[proofs / 2]!),
    proofP99Ms: round(times[Math.floor(proofs * 0.99)]!),
    treeHeapMegabytes: round(Math.max(0, heldBytes) / 1e6),
  }
}

function microseconds(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return user + system
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000
}

import type { DatabaseSync } from 'node:sqlite'
import { streamParts } from '../domain/envelope.ts'
import type { ControllerId, Position } from '../domain/values.ts'
import type { EventReader, LogRecord } from '../ledger/event-log.ts'
import { Growth, prepareGrowth } from './growth.ts'
import { isLeaf, leafOf } from './leaves.ts'
import { createReading, type NotaryReading, type Tree } from './reading.ts'
import { emptyTables, inTransaction } from './schema.ts'
import { createSettling, type TreeHead } from './settling.ts'

/** Follows the ledger and lets the trees grow. Several may share one file: each commit is conditional. */
export type Follower = Readonly<{
  /** Takes in what the ledger holds. Answers the position that it has reached. */
  catchUp: (signal?: AbortSignal) => Promise<Position>
  /**
   * The head of a controller's tree at a size (null: at its own), with the map of heads as of it. Null
   * where there is no such size or the map is past it.
   */
  settle: (controller: ControllerId, size: number | null) => TreeHead | null
  /** Forgets all that was followed. */
  renew: () => void
}>

/** How many events go into one transaction. */
const pageOfEvents = 2_000

/**
 * The hashes of a page and the place of each in its tree commit together with the position, and only if
 * the position is where this follower left it; so killing it at any moment neither skips nor repeats a leaf.
 *
 * @param database the writing connection to the notary's file
 */
export function createFollower(reader: EventReader, database: DatabaseSync): Follower {
  const reading = createReading(database)
  const writes = prepareWrites(database)
  const settling = createSettling(database, reading)
  let trees = new Map<ControllerId, Growth>()
  /** Where the trees in memory are good for. */
  let remembered: Position | null = null

  function growthOf(controller: ControllerId): Growth {
    const known = trees.get(controller)
    if (known) return known
    const growth = new Growth(reading.tree(controller) ?? addTree(controller), reading)
    trees.set(controller, growth)
    return growth
  }

  function addTree(controller: ControllerId): Tree {
    writes.begin.run(controller)
    return reading.tree(controller)!
  }

  /** False: another follower was faster. */
  function take(from: Position, page: readonly LogRecord[]): boolean {
    const hashes = page.map((record) => (isLeaf(record) ? leafOf(record) : null))
    return inTransaction(database, () => {
      if (reading.followed().position !== from) return false
      if (remembered !== from) trees = new Map()
      remembered = null
      for (const [place, record] of page.entries()) {
        const { position, stream, revision } = record
        const growth = growthOf(streamParts(stream).controller)
        const leaf = hashes[place]
        if (leaf) growth.add(leaf, position, stream, revision)
        else {
          writes.apart.run(position, record.id)
          if (record.type === 'CheckpointSigned') growth.signedAt(revision)
        }
      }
      for (const growth of trees.values()) growth.write(writes.growth)
      const last = page.at(-1)!
      writes.follow.run(last.position, last.id)
      remembered = last.position
      return true
    })
  }

  return {
    async catchUp(signal) {
      await assertSameLedger(reader, database, reading)
      for (;;) {
        const { position } = reading.followed()
        if (signal?.aborted) return position
        const page = await reader.readAll(position, pageOfEvents)
        if (page.length === 0) return position
        if (!take(position, page)) remembered = null
      }
    },
    settle: (controller, size) =>
      inTransaction(database, () => {
        const tree = reading.tree(controller)
        return tree && tree.size > 0 ? settling.settle(tree, size ?? tree.size) : null
      }),
    renew: () => inTransaction(database, () => emptyTables(database)),
  }
}

/**
 * A ledger that does not have, at the position that was followed last, the event that was there is another
 * file than before: an older copy, or one that went on from an older copy. What is derived is thrown away.
 */
async function assertSameLedger(
  reader: EventReader,
  database: DatabaseSync,
  reading: NotaryReading,
): Promise<void> {
  const { position, event } = reading.followed()
  if (event === null) return
  const [there] = await reader.readAt([position])
  if (there?.id !== event) inTransaction(database, () => emptyTables(database))
}

function prepareWrites(database: DatabaseSync) {
  return {
    growth: prepareGrowth(database),
    begin: database.prepare(
      'INSERT INTO controller (name, size, mapped, streams) VALUES (?, 0, 0, 0)',
    ),
    apart: database.prepare('INSERT INTO apart VALUES (?, ?)'),
    follow: database.prepare('UPDATE followed SET position = ?, event = ? WHERE one = 1'),
  }
}

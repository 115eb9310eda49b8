import type { DatabaseSync } from 'node:sqlite'
import { frontierAt, rootOfFrontier, type Hash, type NodeReader } from '../proof/merkle.ts'
import { streamKey, updateMap, type MapLeaf, type MapNodes } from '../proof/stream-map.ts'
import { packNode, type NotaryReading, type Tree } from './reading.ts'

/** What a checkpoint says of a tree: of its first `size` leaves. */
export type TreeHead = Readonly<{
  size: number
  root: Hash
  streams: Readonly<{ count: number; root: Hash }>
}>

/** How many leaves are put into the map at once: what is held in memory. */
const leavesAtOnce = 50_000

/** Lets the map of heads take account of more leaves. */
export type Settling = Readonly<{
  /**
   * The head of a tree at a size, once the map takes account of all leaves up to it; null where it is
   * past it. Inside a writing transaction.
   */
  settle: (tree: Tree, size: number) => TreeHead | null
}>

/** The streams of leaves, the first of which is the leaf `first`. */
type PendingPage = Readonly<{ first: number; streams: readonly string[] }>

/** @param database the writing connection to the notary's file */
export function createSettling(database: DatabaseSync, reading: NotaryReading): Settling {
  const statements = prepare(database)

  function mapOf(tree: number): MapNodes {
    return {
      get: (path) => reading.mapNode(tree, path),
      set: (path, node) => void statements.setNode.run(tree, path, packNode(node)),
    }
  }

  function pagesUpTo(tree: Tree, from: number, size: number): PendingPage[] {
    const pages: PendingPage[] = []
    let reached = from
    for (const row of statements.pending.iterate(tree.number, size)) {
      const page = { first: Number(row['first']), streams: String(row['streams']).split('\n') }
      pages.push(page)
      reached = page.first + page.streams.length
      if (reached - from >= leavesAtOnce) break
    }
    return pages
  }

  /** Takes the leaves of these pages that lie before `size` into the map; answers how many leaves it has. */
  function take(tree: Tree, pages: readonly PendingPage[], size: number): number {
    const { heads, begun } = headsOf(pages, size, reading.nodes(tree.number))
    updateMap(mapOf(tree.number), heads)
    const last = pages.at(-1)!
    const end = Math.min(last.first + last.streams.length, size)
    statements.forget.run(tree.number, end)
    const rest = last.streams.slice(end - last.first)
    if (rest.length > 0) statements.keep.run(tree.number, end, rest.join('\n'))
    statements.settled.run(end, begun, tree.number)
    return end
  }

  return {
    settle(tree, size) {
      if (size < tree.mapped || size > tree.size) return null
      let reached = tree.mapped
      while (reached < size) {
        const pages = pagesUpTo(tree, reached, size)
        if (pages[0]?.first !== reached) {
          throw new Error(`couldn't make the map of streams: leaf ${reached} is missing`)
        }
        reached = take(tree, pages, size)
      }
      const { streams: count } = reading.tree(tree.controller)!
      const root = rootOfFrontier(frontierAt(size, reading.nodes(tree.number)))
      return { size, root, streams: { count, root: updateMap(mapOf(tree.number), []) } }
    },
  }
}

/** The newest head of each stream that has a leaf in the pages, and how many of the streams begin there. */
function headsOf(
  pages: readonly PendingPage[],
  size: number,
  node: NodeReader,
): { heads: MapLeaf[]; begun: number } {
  const newest = new Map<string, { events: number; leaf: number }>()
  let begun = 0
  for (const { first, streams } of pages) {
    for (const [place, entry] of streams.entries()) {
      if (first + place >= size) break
      const space = entry.indexOf(' ')
      const revision = Number(entry.slice(0, space))
      newest.set(entry.slice(space + 1), { events: revision + 1, leaf: first + place })
      if (revision === 0) begun += 1
    }
  }
  const heads = [...newest].map(([stream, { events, leaf }]) => ({
    key: streamKey(stream),
    events,
    newest: node(0, leaf),
  }))
  return { heads, begun }
}

function prepare(database: DatabaseSync) {
  return {
    pending: database.prepare(
      'SELECT first, streams FROM pending WHERE controller = ? AND first < ? ORDER BY first',
    ),
    forget: database.prepare('DELETE FROM pending WHERE controller = ? AND first < ?'),
    keep: database.prepare('INSERT INTO pending VALUES (?, ?, ?)'),
    settled: database.prepare(
      'UPDATE controller SET mapped = ?, streams = streams + ? WHERE number = ?',
    ),
    setNode: database.prepare(
      `INSERT INTO map VALUES (?, ?, ?)
       ON CONFLICT (controller, path) DO UPDATE SET node = excluded.node`,
    ),
  }
}

import type { ControllerId, Position } from '../domain/values.ts'
import type { LogRecord } from '../ledger/event-log.ts'
import type { Notary } from '../notary/notary.ts'
import type { Hash } from '../proof/merkle.ts'
import { subtreesBeside, subtreesOfPath, type Subtree } from '../proof/multi-inclusion.ts'

/** An event and its place in the tree. */
export type Placed = Readonly<{ record: LogRecord; index: number }>

/** Places events in the tree of one size, and remembers the hashes of their inclusion paths. */
export type Paths = Readonly<{
  /** Null: the tree of that size does not have the event. */
  place: (record: LogRecord) => Promise<Placed | null>
  /** What leads from these events, by index, to the root; in base64. */
  hashesBeside: (placed: readonly Placed[]) => Promise<readonly string[]>
}>

/** @param size of the tree; one that the notary has */
export function createPaths(notary: Notary, controller: ControllerId, size: number): Paths {
  const known = new Map<string, Hash>()
  const proved = new Set<Position>()

  async function prove({ position }: LogRecord): Promise<number | null> {
    const found = await notary.prove(controller, { position }, size)
    if (!found.ok) {
      if (found.problem === 'not_covered') return null
      throw new Error(`couldn't prove the event at position ${position}: ${found.message}`)
    }
    const { index, path } = found.value
    for (const [at, subtree] of subtreesOfPath(index, size).entries()) {
      known.set(nameOf(subtree), path[at]!)
    }
    proved.add(position)
    return index
  }

  return {
    async place(record) {
      const index = await prove(record)
      return index === null ? null : { record, index }
    },
    async hashesBeside(placed) {
      const indexes = placed.map(({ index }) => index)
      const chosen = new Set(indexes)
      for (const { record, index } of placed) {
        // Beside a run of leaves are only subtrees that lie on the paths of its ends.
        const isEnd = !chosen.has(index - 1) || !chosen.has(index + 1)
        if (isEnd && !proved.has(record.position)) await prove(record)
      }
      return subtreesBeside(indexes, size).map((subtree) => {
        const hash = known.get(nameOf(subtree))
        if (!hash)
          throw new Error(`couldn't prove the leaves up to ${subtree.end}: a hash is missing`)
        return hash.toString('base64')
      })
    },
  }
}

function nameOf({ start, end }: Subtree): string {
  return `${start}-${end}`
}

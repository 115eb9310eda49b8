import { setTimeout as pause } from 'node:timers/promises'
import { streamParts } from '../domain/envelope.ts'
import type { ControllerId } from '../domain/values.ts'
import type { LogRecord } from '../ledger/event-log.ts'
import { consistencyPath, hashLeaf, hashLength, inclusionPath } from '../proof/merkle.ts'
import { proveHead } from '../proof/stream-map.ts'
import { encodeEntries, holdsTile, parseTilePath } from '../proof/tiles.ts'
import { rootAt } from './continuity.ts'
import type { NotaryParts } from './parts.ts'
import { entryOf, isLeaf } from './leaves.ts'
import type { EventPlace, NoProof, Notary, SignedHead } from './notary.ts'
import type { Tree } from './reading.ts'

type Proving = Pick<Notary, 'prove' | 'consistency' | 'headProof' | 'tile'>

/** How often the newest signed head may move on while a proof from it is made. */
const mostAttempts = 20
const retryAfterMs = 10

/** Cuts proofs from the notary's file. What the file does not have yet it is made to follow first. */
export function createProving(
  parts: NotaryParts,
  checkpoint: (controller: ControllerId) => Promise<SignedHead | null>,
): Proving {
  const { log } = parts.options

  /** The controller's tree, with a size of at least `size` if the ledger has it. */
  async function treeOf(controller: ControllerId, size: number): Promise<Tree | null> {
    const reading = await parts.reading()
    const tree = reading.tree(controller)
    if (tree && tree.size >= size) return tree
    await (await parts.thread()).ask({ ask: 'reach' })
    return reading.tree(controller)
  }

  async function recordAt(event: EventPlace): Promise<LogRecord | undefined> {
    const found =
      'position' in event
        ? await log.readAt([event.position])
        : await log.readStream(event.stream, event.revision, 1)
    return found[0]
  }

  async function entries(tree: Tree, number: number, width: number): Promise<Buffer | null> {
    const positions = (await parts.reading()).positions(tree.number, number).slice(0, width)
    const records = await log.readAt(positions)
    return records.length === width ? encodeEntries(records.map(entryOf)) : null
  }

  return {
    async prove(controller, event, size) {
      const record = await recordAt(event)
      if (!record || !isLeaf(record) || streamParts(record.stream).controller !== controller) {
        return no('no_such_event', 'There is no such event of this controller.')
      }
      const signed = await parts.latest(controller)
      const wanted = size ?? signed?.size
      if (wanted === undefined) return no('nothing_signed', notSigned)
      const tree = await treeOf(controller, wanted)
      if (!tree || tree.size < wanted) return no('no_such_size', noSize(wanted))
      const reading = await parts.reading()
      const index = reading.leafAt(tree.number, record.position)
      if (index === null || index >= wanted) return no('not_covered', notCovered)
      const bytes = entryOf(record)
      const { id, type, stream, revision, position } = record
      const value = {
        entry: { id, type, stream, revision, bytes },
        ...{ position, index, size: wanted, leaf: hashLeaf(bytes) },
        path: inclusionPath(index, wanted, reading.nodes(tree.number)),
        root: rootAt(reading, tree, wanted),
        signed: signed?.size === wanted ? signed : null,
      }
      return { ok: true, value }
    },

    async consistency(controller, older, newer) {
      const wanted = newer ?? (await parts.latest(controller))?.size
      if (wanted === undefined) return no('nothing_signed', notSigned)
      if (older > wanted) return no('no_such_size', `${older} events are more than ${wanted}.`)
      const tree = await treeOf(controller, wanted)
      if (!tree || tree.size < wanted) return no('no_such_size', noSize(wanted))
      const reading = await parts.reading()
      const path = consistencyPath(older, wanted, reading.nodes(tree.number))
      const head = (size: number) => ({ size, root: rootAt(reading, tree, size) })
      return { ok: true, value: { older: head(older), newer: head(wanted), path } }
    },

    async headProof(controller, stream) {
      const reading = await parts.reading()
      for (let tries = 0; tries < mostAttempts; tries += 1) {
        const signed = await parts.latest(controller)
        if (!signed) return no('nothing_signed', notSigned)
        const found = reading.atOnce(() => {
          const tree = reading.tree(controller)
          if (tree?.mapped !== signed.size) return tree?.mapped ?? 0
          const get = (path: string) => reading.mapNode(tree.number, path)
          return proveHead({ get, set: readOnly }, stream)
        })
        if (typeof found !== 'number') return { ok: true, value: { stream, ...found, signed } }
        const { size } = signed
        // Past it: another process is about to sign, or died before it could; then this one does.
        if (found < size) await (await parts.thread()).ask({ ask: 'settle', controller, size })
        else await checkpoint(controller)
        await pause(tries * retryAfterMs)
      }
      throw new Error(`couldn't prove the head of ${stream}: what is signed moves on all the time`)
    },

    async tile(controller, path) {
      const asked = parseTilePath(path)
      const signed = asked && (await parts.latest(controller))
      if (!signed || !holdsTile(signed.size, asked)) return null
      const tree = await treeOf(controller, signed.size)
      if (!tree) return null
      const { level, index, width } = asked
      if (level === 'entries') return entries(tree, index, width)
      const bytes = (await parts.reading()).tile(tree.number, level, index)
      return bytes?.subarray(0, width * hashLength) ?? null
    },
  }
}

const notSigned = 'Nothing was signed yet: ask for a checkpoint.'
const notCovered = 'No tree of that size has the event yet: ask for a checkpoint.'
const noSize = (size: number) => `The tree has no ${size} events yet.`

function no(problem: NoProof['problem'], message: string) {
  return { ok: false, problem, message } as const
}

function readOnly(): never {
  throw new Error("couldn't write the map of heads: it is read only here")
}

import { setTimeout as pause } from 'node:timers/promises'
import { streamParts, type StreamName } from '../domain/envelope.ts'
import type { ControllerId } from '../domain/values.ts'
import type { LogRecord } from '../ledger/event-log.ts'
import {
  consistencyPath,
  frontierAt,
  hashLeaf,
  hashLength,
  inclusionPath,
  rootOfFrontier,
} from '../proof/merkle.ts'
import { proveHead } from '../proof/stream-map.ts'
import { encodeEntries, holdsTile, parseTilePath } from '../proof/tiles.ts'
import type { NotaryParts } from './parts.ts'
import { entryOf, isLeaf } from './leaves.ts'
import type {
  Consistency,
  EventPlace,
  Inclusion,
  NoProof,
  Notary,
  Proved,
  ProvedHead,
  SignedHead,
} from './notary.ts'
import type { Tree } from './reading.ts'

type Proving = Pick<Notary, 'prove' | 'consistency' | 'headProof' | 'tile'>
type Checkpointing = (controller: ControllerId) => Promise<SignedHead | null>

/** How often the newest signed head may move on while a proof from it is made. */
const mostAttempts = 20
const retryAfterMs = 10

/** Cuts proofs from the notary's file. What the file does not have yet it is made to follow first. */
export function createProving(parts: NotaryParts, checkpoint: Checkpointing): Proving {
  return {
    prove: (controller, event, size) => proveEvent(parts, controller, event, size),
    consistency: (controller, older, newer) => proveGrowth(parts, controller, older, newer),
    headProof: (controller, stream) => proveStream(parts, checkpoint, controller, stream),
    tile: (controller, path) => tileAt(parts, controller, path),
  }
}

async function proveEvent(
  parts: NotaryParts,
  controller: ControllerId,
  event: EventPlace,
  size?: number,
): Promise<Proved<Inclusion>> {
  const record = await recordAt(parts, event)
  if (!record || !isLeaf(record) || streamParts(record.stream).controller !== controller) {
    return no('no_such_event', 'There is no such event of this controller.')
  }
  const signed = await parts.latest(controller)
  const wanted = size ?? signed?.size
  if (wanted === undefined) return no('nothing_signed', notSigned)
  const tree = await treeOf(parts, controller, wanted)
  if (!tree || tree.size < wanted) return no('no_such_size', noSize(wanted))
  const reading = await parts.reading()
  const index = reading.leafAt(tree.number, record.position)
  if (index === null || index >= wanted) return no('not_covered', notCovered)
  const bytes = entryOf(record)
  const { id, type, stream, revision, position } = record
  const nodes = reading.nodes(tree.number)
  const value = {
    entry: { id, type, stream, revision, bytes },
    ...{ position, index, size: wanted, leaf: hashLeaf(bytes) },
    path: inclusionPath(index, wanted, nodes),
    root: rootOfFrontier(frontierAt(wanted, nodes)),
    signed: signed?.size === wanted ? signed : null,
  }
  return { ok: true, value }
}

async function proveGrowth(
  parts: NotaryParts,
  controller: ControllerId,
  older: number,
  newer?: number,
): Promise<Proved<Consistency>> {
  const wanted = newer ?? (await parts.latest(controller))?.size
  if (wanted === undefined) return no('nothing_signed', notSigned)
  if (older > wanted) return no('no_such_size', `${older} events are more than ${wanted}.`)
  const tree = await treeOf(parts, controller, wanted)
  if (!tree || tree.size < wanted) return no('no_such_size', noSize(wanted))
  const nodes = (await parts.reading()).nodes(tree.number)
  const head = (size: number) => ({ size, root: rootOfFrontier(frontierAt(size, nodes)) })
  const path = consistencyPath(older, wanted, nodes)
  return { ok: true, value: { older: head(older), newer: head(wanted), path } }
}

async function proveStream(
  parts: NotaryParts,
  checkpoint: Checkpointing,
  controller: ControllerId,
  stream: StreamName,
): Promise<Proved<ProvedHead>> {
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
}

async function tileAt(
  parts: NotaryParts,
  controller: ControllerId,
  path: string,
): Promise<Uint8Array | null> {
  const asked = parseTilePath(path)
  const signed = asked && (await parts.latest(controller))
  if (!signed || !holdsTile(signed.size, asked)) return null
  const tree = await treeOf(parts, controller, signed.size)
  if (!tree) return null
  const { level, index, width } = asked
  const reading = await parts.reading()
  if (level !== 'entries') {
    return reading.tile(tree.number, level, index)?.subarray(0, width * hashLength) ?? null
  }
  const positions = reading.positions(tree.number, index).slice(0, width)
  const records = await parts.options.log.readAt(positions)
  return records.length === width ? encodeEntries(records.map(entryOf)) : null
}

/** The controller's tree, with a size of at least `size` if the ledger has it. */
async function treeOf(
  parts: NotaryParts,
  controller: ControllerId,
  size: number,
): Promise<Tree | null> {
  const reading = await parts.reading()
  const tree = reading.tree(controller)
  if (tree && tree.size >= size) return tree
  await (await parts.thread()).ask({ ask: 'reach' })
  return reading.tree(controller)
}

async function recordAt(
  { options: { log } }: NotaryParts,
  event: EventPlace,
): Promise<LogRecord | undefined> {
  const found =
    'position' in event
      ? await log.readAt([event.position])
      : await log.readStream(event.stream, event.revision, 1)
  return found[0]
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

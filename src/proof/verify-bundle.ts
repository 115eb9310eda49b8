import { parseBundle, type Bundle, type BundleEvent } from './bundle.ts'
import { wrong, type BundleProblem, type Checked } from './bundle-problem.ts'
import { verifyDisclosures } from './bundle-disclosures.ts'
import { verifyCheckpoint, type SignedCheckpoint, type StreamsHead } from './checkpoint.ts'
import { verifyCosignatures, type Cosignature } from './cosignature.ts'
import { leafEntry } from './leaf.ts'
import { hashLeaf } from './merkle.ts'
import { verifyMultiInclusion } from './multi-inclusion.ts'
import { parseNote, type VerifierKey } from './note.ts'
import { failed, type Outcome, type Problem } from './problem.ts'
import { verifyHead } from './stream-map.ts'

/**
 * A bundle of which everything is proved that hashes and signatures can prove: its events are in the log,
 * each as it was stored; every stream that it lists is here from its first event to the newest that the
 * checkpoint speaks of; of the range no leaf is missing; what is disclosed is what was sealed. What the
 * report and the page say is not proved by this: they are to be derived again from the events.
 */
export type VerifiedBundle = Readonly<{ bundle: Bundle; cosignatures: readonly Cosignature[] }> &
  SignedCheckpoint

/** The log whose bundle it should be, its pinned keys, and those of witnesses that must have cosigned. */
export type PinnedLog = Readonly<{
  origin: string
  keys: readonly VerifierKey[]
  witnesses?: readonly VerifierKey[]
}>

/**
 * Checks a bundle by the pinned keys of a log and nothing else. It never throws, whatever the bytes are.
 *
 * @returns the bundle, or the first problem and where it is
 */
export function verifyBundle(bytes: Uint8Array | string, log: PinnedLog): Checked<VerifiedBundle> {
  const parsed = parseBundle(bytes)
  if (!parsed.ok) return parsed
  const bundle = parsed.value
  const signed = verifyCheckpoint(bundle.checkpoint, log)
  if (!signed.ok) return notSigned(signed.problem)
  const cosigned = witnessed(bundle.checkpoint, log.witnesses ?? [])
  if (!cosigned.ok) return notSigned(cosigned.problem)
  const { checkpoint } = signed.value
  if (!checkpoint.streams) {
    const message = 'the checkpoint does not say how far each stream goes'
    return { ok: false, problem: wrong('no-stream-map', '$.checkpoint', message) }
  }
  const problem =
    controllerProblem(bundle, log.origin) ??
    eventsProblem(bundle.events) ??
    wholeProblem(bundle, checkpoint.size) ??
    headsProblem(bundle, checkpoint.streams) ??
    rootProblem(bundle, signed.value) ??
    verifyDisclosures(bundle)
  if (problem) return { ok: false, problem }
  return { ok: true, value: { bundle, cosignatures: cosigned.value, ...signed.value } }
}

function notSigned({ code, message }: Problem): Checked<never> {
  return { ok: false, problem: wrong(code, '$.checkpoint', message) }
}

/** Every pinned witness has cosigned the checkpoint. */
function witnessed(
  checkpoint: string,
  witnesses: readonly VerifierKey[],
): Outcome<readonly Cosignature[]> {
  const note = parseNote(checkpoint)
  if (!note) return failed('malformed-note', 'the checkpoint is no signed note')
  const cosigned = verifyCosignatures(note, witnesses)
  if (!cosigned.ok) return cosigned
  const names = cosigned.value.map(({ witness }) => witness)
  const missing = witnesses.find((key) => !names.includes(key))
  return missing ? failed('unknown-signer', `${missing.name} has not cosigned it`) : cosigned
}

/** The origin of a controller's log ends in its name, and so does what comes before a stream's own. */
function controllerProblem({ controller, events }: Bundle, origin: string): BundleProblem | null {
  if (!origin.endsWith(`/${controller}`)) {
    return wrong('other-controller', '$.controller', `the log is ${origin}, of somebody else`)
  }
  const other = events.findIndex(({ stream }) => controllerOf(stream) !== controller)
  if (other < 0) return null
  const message = `the event is in a stream of another controller than ${controller}`
  return wrong('other-controller', `$.events[${other}].stream`, message)
}

/** Each event is what its leaf is of, none is there twice, and they are in order. */
function eventsProblem(events: readonly BundleEvent[]): BundleProblem | null {
  const ids = new Set<string>()
  const revisions = new Map<string, number>()
  let last = -1
  for (const [at, event] of events.entries()) {
    const where = `$.events[${at}]`
    const { index, stream, revision, id } = event
    if (index <= last) return wrong('out-of-order', `${where}.index`, 'the events go by index')
    if (ids.has(id)) return wrong('duplicate', `${where}.id`, `the event ${id} is here twice`)
    const before = revisions.get(stream)
    if (before !== undefined && revision <= before) {
      const message = `revision ${revision} of ${stream} comes after ${before}`
      return wrong('out-of-order', `${where}.revision`, message)
    }
    if (leafOf(event).toString('base64') !== event.leaf) {
      const message = `the event ${id}, revision ${revision} of ${stream}, is not what its leaf is of`
      return wrong('altered-event', where, message)
    }
    last = index
    ids.add(id)
    revisions.set(stream, revision)
  }
  return null
}

/** Nothing is missing in the range or within a stream that is listed, and nothing else is here. */
function wholeProblem({ events, streams, range }: Bundle, size: number): BundleProblem | null {
  if (range && (range.first >= range.end || range.end > size)) {
    return wrong('index-out-of-range', '$.range', `there is no such range of ${size} leaves`)
  }
  const next = new Map<string, number>()
  for (const [at, { stream }] of streams.entries()) {
    const where = `$.streams[${at}].stream`
    if (next.has(stream)) return wrong('duplicate', where, `${stream} is listed twice`)
    if (at > 0 && streams[at - 1]!.stream > stream) {
      return wrong('out-of-order', where, 'the streams go by name')
    }
    next.set(stream, 0)
  }
  let leaf = range?.first ?? 0
  for (const [at, { index, stream, revision }] of events.entries()) {
    const expected = next.get(stream)
    const inRange = range !== null && index >= range.first && index < range.end
    if (expected === undefined && !inRange) {
      const message = `${stream} is not listed, and the event is not in the range`
      return wrong('stray-event', `$.events[${at}]`, message)
    }
    if (expected !== undefined && revision !== expected) {
      const message = `revision ${expected} of ${stream} is not here, and ${revision} is`
      return wrong('missing-event', `$.events[${at}].revision`, message)
    }
    if (inRange && index !== leaf) {
      const message = `leaf ${leaf} of the range is not here, and ${index} is`
      return wrong('missing-event', `$.events[${at}].index`, message)
    }
    if (expected !== undefined) next.set(stream, revision + 1)
    if (inRange) leaf = index + 1
  }
  if (!range || leaf === range.end) return null
  return wrong('missing-event', '$.range', `leaf ${leaf} of the range is not here`)
}

/** The last event of each listed stream is its newest by the map that the checkpoint commits to. */
function headsProblem({ events, streams }: Bundle, map: StreamsHead): BundleProblem | null {
  const newest = new Map(events.map((event) => [event.stream, event]))
  for (const [at, { stream, hashes }] of streams.entries()) {
    const where = `$.streams[${at}]`
    const last = newest.get(stream)
    if (!last) return wrong('missing-event', where, `no event of ${stream} is here`)
    const head = { events: last.revision + 1, newest: Buffer.from(last.leaf, 'base64') }
    const proof = { siblings: hashes.map(bytesOf), other: null }
    const problem = verifyHead(map.root, stream, head, proof)
    if (problem?.code === 'wrong-root') {
      const message = `revision ${last.revision} of ${stream} is not its newest: what came after it is withheld, or the proof is of another checkpoint`
      return wrong('missing-event', where, message)
    }
    if (problem) return wrong(problem.code, `${where}.hashes`, problem.message)
  }
  return null
}

/** The events are the leaves of the tree that was signed, at their places. */
function rootProblem(
  { events, hashes }: Bundle,
  { checkpoint: { size, root } }: SignedCheckpoint,
): BundleProblem | null {
  const leaves = events.map(({ index, leaf }) => ({ index, leaf: bytesOf(leaf) }))
  const claim = { leaves, size, root, hashes: hashes.map(bytesOf) }
  const problem = verifyMultiInclusion(claim)
  if (!problem) return null
  const beyond = events.findIndex(({ index }) => index >= size)
  if (beyond >= 0) return wrong(problem.code, `$.events[${beyond}].index`, problem.message)
  const message = `the events do not lead to the tree that was signed: ${problem.message}`
  return wrong(problem.code, events.length === 0 ? '$.events' : '$.hashes', message)
}

function leafOf({ stream, revision, id, type, body }: BundleEvent) {
  // The shape of a bundle allows no text that could not stand in an entry.
  return hashLeaf(leafEntry({ stream, revision, id, type, body: Buffer.from(body) }))
}

function controllerOf(stream: string): string {
  return stream.slice(stream.indexOf('-') + 1, stream.indexOf('/'))
}

function bytesOf(base64: string): Buffer {
  return Buffer.from(base64, 'base64')
}

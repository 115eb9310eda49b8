import { setTimeout as pause } from 'node:timers/promises'
import type { ControllerId } from '../domain/values.ts'
import { checkpointRecord, checkpointStream, headOfNote, noteOf } from './checkpoint-event.ts'
import { divergenceOf, readSigned } from './continuity.ts'
import type { Continuing, Signer } from './continuing.ts'
import type { SignedHead } from './notary.ts'
import type { NotaryParts } from './parts.ts'
import type { NotaryReading } from './reading.ts'
import { whileSigning } from './signing-lock.ts'
import type { TreeHead } from './settling.ts'
import type { Settled } from './thread-messages.ts'

/** How often another process may be in the way before it is given up, and how long it is given. */
const mostAttempts = 50
const pauseMs = 5

/**
 * Signs a controller's history up to the end of the ledger. One after the other for each controller: who asks
 * meanwhile gets what comes after.
 */
export function createSigning(parts: NotaryParts, continuing: Continuing) {
  const busy = new Map<ControllerId, Promise<SignedHead | null>>()

  async function signNow(controller: ControllerId): Promise<SignedHead | null> {
    let least: number | null = null
    for (let tries = 0; tries < mostAttempts; tries += 1) {
      const done: Attempted = await attempt(parts, continuing, controller, least)
      if (done.done) return done.signed
      least = done.least
      await pause(pauseMs * Math.min(tries, 10))
    }
    const origin = parts.originOf(controller)
    throw new Error(`couldn't sign as ${origin}: other processes were faster time after time`)
  }

  return function checkpoint(controller: ControllerId): Promise<SignedHead | null> {
    const before = busy.get(controller) ?? Promise.resolve(null)
    const next = before.catch(() => null).then(() => signNow(controller))
    busy.set(controller, next)
    return next
  }
}

/** Not done: another process was faster. What it signs will do if it has the `least` leaves. */
type Attempted = Readonly<
  { done: true; signed: SignedHead | null } | { done: false; least: number | null }
>

/** @param least how many leaves there were when the first attempt was made; null: this is the first */
async function attempt(
  parts: NotaryParts,
  continuing: Continuing,
  controller: ControllerId,
  least: number | null,
): Promise<Attempted> {
  // What was signed is read before the tree is brought to the ledger's end: so the tree must have it all.
  const { newest, last } = await parts.checkpoints(controller)
  const signer = await continuing.signerFor(controller)
  await continuing.assertContinues(controller, signer, newest)
  const reading = await parts.reading()
  const tree = reading.tree(controller)
  if (!tree || tree.size === 0) return { done: true, signed: newest }
  if (newest && newest.size >= (least ?? tree.size)) return { done: true, signed: newest }
  const again = { done: false, least: least ?? tree.size } as const
  const settled = await (await parts.thread()).ask({ ask: 'settle', controller, size: null })
  if (!settled) return again
  const note = sign(parts, reading, { controller, head: headOf(settled), newest, ...signer })
  if (note === null) return again
  const stream = checkpointStream(controller)
  const records = [checkpointRecord(controller, note)]
  const appended = await parts.options.log.append(stream, last, records)
  if (appended.status === 'conflict') return again
  const { origin, size, root, streams, event, at } = headOfNote(note)!
  const [position] = appended.positions
  return {
    done: true,
    signed: {
      ...{ controller, origin, size, root, streams, note, cosignatures: [], signedAt: at, event },
      ...{ revision: appended.revision, position: position! },
    },
  }
}

type ToSign = Signer &
  Readonly<{ controller: ControllerId; head: TreeHead; newest: SignedHead | null }>

/**
 * The signed note, once it is on the disk beside the key. Null where another process, perhaps with other
 * data, has signed something that this does not continue.
 */
function sign(
  { options }: NotaryParts,
  reading: NotaryReading,
  { controller, head, newest, signer, kept }: ToSign,
): string | null {
  return whileSigning(options.keyFile, () => {
    const there = kept.read()
    if (there !== null) {
      const before = readSigned(signer, { note: there, where: kept.file })
      const tree = reading.tree(controller)
      if (before.size > head.size || divergenceOf(reading, tree, before)) return null
    }
    const now = options.now()
    const at = newest && newest.signedAt > now ? newest.signedAt : now
    const note = noteOf(head, options.newId(), at, signer)
    kept.write(note)
    return note
  })
}

/** Hashes come over from the thread as plain bytes. */
function headOf({ size, root, streams }: Settled): TreeHead {
  return {
    size,
    root: Buffer.from(root),
    streams: { count: streams.count, root: Buffer.from(streams.root) },
  }
}

import { resolve } from 'node:path'
import type { ControllerId } from '../domain/values.ts'
import { checkpointRecord, checkpointStream, headOfNote, noteOf } from './checkpoint-event.ts'
import { divergenceOf, explain, readSigned, signerOf, type SignedBefore } from './continuity.ts'
import { highWater, type NotaryParts } from './parts.ts'
import type { HighWater } from './high-water.ts'
import type { SignedHead } from './notary.ts'
import { loadSigningKey } from './signing-key.ts'
import { whileSigning } from './signing-lock.ts'
import type { TreeHead } from './settling.ts'
import type { NoteSigner } from '../proof/note.ts'

/** How often another process may be faster before it is given up. */
const mostAttempts = 20

type Signer = Readonly<{ signer: NoteSigner; kept: HighWater }>

/** Signing, and what has to hold before it. */
export function createSigning(parts: NotaryParts) {
  const { options } = parts
  const busy = new Map<ControllerId, Promise<SignedHead | null>>()

  /** @throws Error when the key cannot be used, or is missing where something was signed with it */
  async function signerFor(controller: ControllerId): Promise<Signer> {
    const kept = highWater(parts, controller)
    const { newest } = await parts.checkpoints(controller)
    const origin = parts.originOf(controller)
    const loaded = loadSigningKey({
      file: options.keyFile,
      dataDirectory: options.dataDirectory,
      // Another key cannot go on with what this one has signed: then a missing one is a wrong path.
      createIfMissing: newest === null && kept.read() === null,
    })
    if (!loaded.ok) throw new Error(`couldn't sign as ${origin}: ${loaded.problem}`)
    return { signer: signerOf(origin, loaded.key), kept }
  }

  /** What was signed before, from the ledger and from beside the key. */
  function signedBefore(newest: SignedHead | null, kept: HighWater): SignedBefore[] {
    const note = kept.read()
    return [
      ...(newest ? [{ note: newest.note, where: `the ledger, position ${newest.position}` }] : []),
      ...(note === null ? [] : [{ note, where: kept.file }]),
    ]
  }

  /**
   * Brings the tree to the ledger's end and compares it with what was signed before that. What the notary's
   * own file says to the contrary is believed only after it was made anew.
   */
  async function assertContinues(
    controller: ControllerId,
    { signer, kept }: Signer,
    newest: SignedHead | null,
  ): Promise<void> {
    const thread = await parts.thread()
    const reading = await parts.reading()
    const before = signedBefore(newest, kept).map((one) => ({
      ...one,
      head: readSigned(signer, one),
    }))
    const differing = () => {
      const tree = reading.tree(controller)
      for (const { where, head } of before) {
        const divergence = divergenceOf(reading, tree, head)
        if (divergence) return { divergence, where, head }
      }
      return null
    }
    await thread.ask({ ask: 'reach' })
    if (!differing()) return
    await thread.ask({ ask: 'renew' })
    const found = differing()
    if (!found) return
    const places = { where: found.where, highWaterFile: kept.file }
    throw explain(signer.name, found.divergence, found.head, places)
  }

  /** The signed note, on the disk beside the key; null where another process has signed something newer. */
  async function sign(head: TreeHead, { signer, kept }: Signer, newest: SignedHead | null) {
    const reading = await parts.reading()
    return whileSigning(resolve(options.keyFile), () => {
      const there = kept.read()
      if (there !== null) {
        const before = readSigned(signer, { note: there, where: kept.file })
        const tree = reading.tree(controllerOf(signer.name))
        if (before.size > head.size || divergenceOf(reading, tree, before)) return null
      }
      const now = options.now()
      const at = newest && newest.signedAt > now ? newest.signedAt : now
      const note = noteOf(head, options.newId(), at, signer)
      kept.write(note)
      return note
    })
  }

  async function attempt(controller: ControllerId): Promise<{ signed: SignedHead | null } | null> {
    const { newest, last } = await parts.checkpoints(controller)
    const signer = await signerFor(controller)
    await assertContinues(controller, signer, newest)
    const tree = (await parts.reading()).tree(controller)
    if (!tree || tree.size === 0 || tree.size === newest?.size) return { signed: newest }
    const settled = await (await parts.thread()).ask({ ask: 'settle', controller, size: null })
    if (!settled) return null
    const note = await sign(headOf(settled), signer, newest)
    if (note === null) return null
    const stream = checkpointStream(controller)
    const appended = await options.log.append(stream, last, [checkpointRecord(controller, note)])
    if (appended.status === 'conflict') return null
    const { origin, size, root, streams, event, at } = headOfNote(note)!
    return {
      signed: {
        ...{ controller, origin, size, root, streams, note, signedAt: at, event },
        ...{ revision: appended.revision, position: appended.positions[0]! },
      },
    }
  }

  async function signNow(controller: ControllerId): Promise<SignedHead | null> {
    for (let tries = 0; tries < mostAttempts; tries += 1) {
      const done = await attempt(controller)
      if (done) return done.signed
    }
    const origin = parts.originOf(controller)
    throw new Error(`couldn't sign as ${origin}: other processes were faster time after time`)
  }

  function controllerOf(origin: string): ControllerId {
    return origin.slice(options.origin.length + 1) as ControllerId
  }

  async function controllers(): Promise<readonly ControllerId[]> {
    const trees = (await parts.reading()).trees().map(({ controller }) => controller)
    return [...new Set([...trees, options.controller])]
  }

  return {
    signerFor,
    controllers,
    /** One after the other for each controller; who asks meanwhile gets what comes after. */
    checkpoint(controller: ControllerId): Promise<SignedHead | null> {
      const before = busy.get(controller) ?? Promise.resolve(null)
      const next = before.catch(() => null).then(() => signNow(controller))
      busy.set(controller, next)
      return next
    },
    async check(): Promise<void> {
      await (await parts.thread()).ask({ ask: 'reach' })
      for (const controller of await controllers()) {
        const { newest } = await parts.checkpoints(controller)
        if (newest === null && highWater(parts, controller).read() === null) continue
        await assertContinues(controller, await signerFor(controller), newest)
      }
    },
  }
}

function headOf(settled: {
  size: number
  root: Uint8Array
  streams: { count: number; root: Uint8Array }
}): TreeHead {
  const { size, root, streams } = settled
  return {
    size,
    root: Buffer.from(root),
    streams: { count: streams.count, root: Buffer.from(streams.root) },
  }
}

import type { ControllerId } from '../domain/values.ts'
import type { NoteSigner } from '../proof/note.ts'
import { divergenceOf, explain, readSigned, signerOf, type SignedBefore } from './continuity.ts'
import type { HighWater } from './high-water.ts'
import type { SignedHead } from './notary.ts'
import { highWater, type NotaryParts } from './parts.ts'
import type { NotaryReading } from './reading.ts'
import { loadSigningKey } from './signing-key.ts'
import type { TreeHead } from './settling.ts'

/** Who signs for a controller, and where what was signed is kept. */
export type Signer = Readonly<{ signer: NoteSigner; kept: HighWater }>

/** What has to hold before anything is signed or served. */
export type Continuing = Readonly<{
  /** @throws Error when the key cannot be used, or is missing where something was signed with it */
  signerFor: (controller: ControllerId) => Promise<Signer>
  /** @throws LedgerDiverged when the ledger does not continue what was signed */
  assertContinues: (
    controller: ControllerId,
    signer: Signer,
    newest: SignedHead | null,
  ) => Promise<void>
  controllers: () => Promise<readonly ControllerId[]>
  check: () => Promise<void>
}>

/** Compares the ledger with what was signed of it, in the ledger itself and beside the key. */
export function createContinuing(parts: NotaryParts): Continuing {
  const signerFor = (controller: ControllerId) => loadSigner(parts, controller)

  /**
   * Brings the tree to the ledger's end first. What the notary's own file says to the contrary is believed
   * only after it was made anew.
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
    await thread.ask({ ask: 'reach' })
    if (!differing(reading, controller, before)) return
    await thread.ask({ ask: 'renew' })
    const found = differing(reading, controller, before)
    if (!found) return
    const places = { where: found.where, highWaterFile: kept.file }
    throw explain(signer.name, found.divergence, found.head, places)
  }

  async function controllers(): Promise<readonly ControllerId[]> {
    const trees = (await parts.reading()).trees().map(({ controller }) => controller)
    return [...new Set([...trees, parts.options.controller])]
  }

  return {
    signerFor,
    assertContinues,
    controllers,
    async check() {
      await (await parts.thread()).ask({ ask: 'reach' })
      for (const controller of await controllers()) {
        const { newest } = await parts.checkpoints(controller)
        if (newest === null && highWater(parts, controller).read() === null) continue
        await assertContinues(controller, await signerFor(controller), newest)
      }
    },
  }
}

async function loadSigner(parts: NotaryParts, controller: ControllerId): Promise<Signer> {
  const kept = highWater(parts, controller)
  const { newest } = await parts.checkpoints(controller)
  const origin = parts.originOf(controller)
  const loaded = loadSigningKey({
    file: parts.options.keyFile,
    dataDirectory: parts.options.dataDirectory,
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

function differing(
  reading: NotaryReading,
  controller: ControllerId,
  before: readonly (SignedBefore & Readonly<{ head: TreeHead }>)[],
) {
  const tree = reading.tree(controller)
  for (const { where, head } of before) {
    const divergence = divergenceOf(reading, tree, head)
    if (divergence) return { divergence, where, head }
  }
  return null
}

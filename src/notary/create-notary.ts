import type { DatabaseSync } from 'node:sqlite'
import type { ControllerId, Revision } from '../domain/values.ts'
import { formatVerifierKey, verifierKey } from '../proof/note.ts'
import { openDatabase } from '../sqlite/open.ts'
import { readCheckpoints } from './checkpoint-event.ts'
import { startNotaryThread, type NotaryThread } from './notary-thread.ts'
import type { Notary } from './notary.ts'
import type { NotaryOptions, NotaryParts } from './parts.ts'
import { createProving } from './proving.ts'
import { createReading, type NotaryReading } from './reading.ts'
import { recordCosignatures } from './cosigning.ts'
import { createContinuing } from './continuing.ts'
import { createSigning } from './signing.ts'

/**
 * The notary of this process. It starts following when it is first asked; its answers are as of the end of
 * the ledger when they were asked for.
 */
export function createNotary(options: NotaryOptions): Notary {
  const { log, ledger, path } = options
  let thread: Promise<NotaryThread> | null = null
  let opened: { database: DatabaseSync; reading: NotaryReading } | null = null
  const startThread = () => (thread ??= startNotaryThread({ ledger, notaryPath: path }))
  const reading = async () => {
    if (opened) return opened.reading
    await startThread()
    if (!opened) {
      const database = openDatabase(path, { readOnly: true, synchronous: 'NORMAL' })
      opened = { database, reading: createReading(database) }
    }
    return opened.reading
  }
  const originOf = (controller: ControllerId) => `${options.origin}/${controller}`
  const checkpoints = async (controller: ControllerId) => {
    const from = (await reading()).tree(controller)?.checkpoint ?? (0 as Revision)
    return readCheckpoints(log, controller, originOf(controller), from)
  }
  const latest = async (controller: ControllerId) => (await checkpoints(controller)).newest
  const parts: NotaryParts = {
    options,
    thread: startThread,
    reading,
    originOf,
    checkpoints,
    latest,
  }
  const continuing = createContinuing(parts)
  const checkpoint = createSigning(parts, continuing)

  return {
    async identity(controller) {
      const { signer } = await continuing.signerFor(controller)
      return { origin: signer.name, verifierKey: formatVerifierKey(verifierKey(signer)) }
    },
    checkpoint,
    latest,
    cosigned: (controller, note) => recordCosignatures(parts, controller, note),
    controllers: () => continuing.controllers(),
    check: () => continuing.check(),
    ...createProving(parts, checkpoint),
    async close() {
      opened?.database.close()
      opened = null
      await (await thread)?.stop()
    },
  }
}

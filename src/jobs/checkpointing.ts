import { setTimeout as sleep } from 'node:timers/promises'
import type { ControllerId } from '../domain/values.ts'
import type { Notary, SignedHead } from '../notary/notary.ts'

export type CheckpointingJob = Readonly<{
  notary: Pick<Notary, 'controllers' | 'checkpoint'>
  /** How long it rests between two rounds, in seconds; 0: it does nothing. */
  everySeconds: number
  signal: AbortSignal
  onSigned?: (signed: SignedHead) => void
  /** What could not be signed and why; it is tried again in the next round. */
  onTrouble?: (controller: ControllerId, error: Error) => void
}>

/**
 * Signs what is new of every controller, at once and then again and again, until it is stopped. It may be killed
 * at any moment and run in several processes: what is signed is decided by the ledger.
 */
export async function runCheckpointing(job: CheckpointingJob): Promise<void> {
  const { everySeconds, signal } = job
  if (everySeconds === 0) return
  const told = new Map<ControllerId, number>()
  while (!signal.aborted) {
    await signRound(job, told)
    await sleep(everySeconds * 1_000, undefined, { signal }).catch(() => {})
  }
}

async function signRound(job: CheckpointingJob, told: Map<ControllerId, number>): Promise<void> {
  const { notary, signal, onSigned, onTrouble } = job
  for (const controller of await notary.controllers()) {
    if (signal.aborted) return
    try {
      const signed = await notary.checkpoint(controller)
      if (!signed || told.get(controller) === signed.size) continue
      told.set(controller, signed.size)
      onSigned?.(signed)
    } catch (error) {
      onTrouble?.(controller, error as Error)
    }
  }
}

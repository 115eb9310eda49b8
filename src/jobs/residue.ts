import { setTimeout as pause } from 'node:timers/promises'
import type { BackupService, ResidueOutcome } from '../application/backups.ts'
import type { Caller } from '../application/services.ts'
import type { Day } from '../domain/values.ts'
import type { Views } from '../projections/views.ts'

export type ResidueJob = Readonly<{
  backups: Pick<BackupService, 'expire'>
  views: Views
  caller: Caller
  /** What is over on this day ends. */
  asOf: Day
  /** Destroys the file of a backup of the vault that is ours to delete; whether there was one. */
  destroyBackup: (backup: string) => boolean
}>

export type ResidueResult = ResidueOutcome & Readonly<{ files: number }>

/**
 * Ends what is over (S31): the backups of the vault whose life is, with their files, the epochs of keys that
 * only they needed, and so the residue of what was deleted. Safe to run twice and to kill at any moment:
 * files of backups that were over before are looked for again.
 */
export async function runResidue(job: ResidueJob): Promise<ResidueResult> {
  const { backups, views, caller, asOf, destroyBackup } = job
  const outcome = await backups.expire(caller, asOf)
  const over = new Set<string>(outcome.backups)
  for (const { backup, expiredAt } of views.vaultBackups(caller.controller, views.position())) {
    if (expiredAt !== null) over.add(backup)
  }
  const files = [...over].sort().filter(destroyBackup).length
  return { ...outcome, files }
}

type Keeping = Readonly<{
  /** One run for everybody. */
  run: () => Promise<void>
  /** From the end of a run to the beginning of the next, in milliseconds. */
  everyMs: number
  /** A run that failed is told; the next one takes up what it left. */
  onError: (error: unknown) => void
  signal: AbortSignal
}>

/** Ends what is over, again and again, until it is stopped. */
export async function keepEndingResidue({ run, everyMs, onError, signal }: Keeping): Promise<void> {
  while (!signal.aborted) {
    try {
      await run()
    } catch (error) {
      onError(error)
    }
    await pause(everyMs, undefined, { signal }).catch(() => {})
  }
}

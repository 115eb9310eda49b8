import { z } from 'zod'
import { Refusal } from '../refusal.ts'
import { Day, Reference } from '../values.ts'

const epoch = z.int().positive()

/**
 * The copies of the vault that exist somewhere, and the epochs of its keys: what decides when the residue
 * of a deletion is over (S31). One stream for each controller: `backup-<controller>/vault`.
 */
export const backupEventData = {
  /**
   * Written before the copy is made, so that no copy is unknown: whatever was not deleted by then may be
   * in it. It opens with the keys of the epoch, and is over on the day `expires`.
   */
  VaultBackupTaken: z.strictObject({ on: Day, backup: Reference, epoch, expires: Day }),
  VaultBackupExpired: z.strictObject({ on: Day, backup: Reference }),
  /** From here on the vault's keys are wrapped under the key of another epoch. */
  EpochBegun: z.strictObject({ on: Day, epoch }),
  /** Its key exists no more: a copy of the vault from that epoch opens nothing. */
  EpochDestroyed: z.strictObject({ on: Day, epoch }),
  /**
   * The vault's file was found to be older than the ledger: `checked` deletions were compared with it, and
   * `reapplied` of them were done again before anything was answered.
   */
  RestoredVaultReconciled: z.strictObject({
    on: Day,
    checked: z.int().nonnegative(),
    reapplied: z.int().nonnegative(),
  }),
  BackupStepRefused: z.strictObject({ command: z.string(), refusals: z.array(Refusal).min(1) }),
} as const

type DataOf = { [T in keyof typeof backupEventData]: z.infer<(typeof backupEventData)[T]> }
export type BackupEvent = {
  [T in keyof DataOf]: { type: T; version: 1; data: DataOf[T] }
}[keyof DataOf]

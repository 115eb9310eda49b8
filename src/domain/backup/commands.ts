import type { Day, Reference } from '../values.ts'

/** What can be asked of a controller's stream of vault backups. `on` is in the controller's time zone. */
export type BackupCommand =
  | { type: 'TakeVaultBackup'; on: Day; backup: Reference; epoch: number; expires: Day }
  | { type: 'ExpireVaultBackup'; on: Day; backup: Reference }
  | { type: 'BeginEpoch'; on: Day; epoch: number }
  /** The key has been destroyed, or is about to be: refused while a backup needs it. */
  | { type: 'DestroyEpoch'; on: Day; epoch: number }
  | { type: 'ReconcileRestoredVault'; on: Day; checked: number; reapplied: number }

import { assertNever } from '../domain/values.ts'
import type { VaultBackupRow } from './residue-views.ts'
import { versionsProjection, versionsReads, type Versions } from './versions.ts'

/** The backups of the vault by name, whose life goes on and whose is over (S31). */
const versions: Versions<VaultBackupRow, 'VaultBackupTaken' | 'VaultBackupExpired'> = {
  table: 'vault_backup',
  follows: ['VaultBackupTaken', 'VaultBackupExpired'],
  keyOf: ({ event }) => event.data.backup,
  evolve(row, { event }) {
    switch (event.type) {
      case 'VaultBackupTaken': {
        const { backup, epoch, expires } = event.data
        return { backup, epoch, takenAt: event.occurredAt, expires, expiredAt: null }
      }
      case 'VaultBackupExpired':
        return row && { ...row, expiredAt: event.occurredAt }
      default:
        return assertNever(event)
    }
  },
}

export const vaultBackups = versionsProjection(versions)

export const vaultBackupReads = versionsReads(versions.table)

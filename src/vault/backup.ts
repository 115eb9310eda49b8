import { openDatabase } from '../sqlite/open.ts'
import { takeSnapshot } from '../sqlite/snapshot.ts'
import { type BackupEpoch, VaultUnavailable } from './vault.ts'

/**
 * Copies a vault's file while it serves, and says under which epochs the copy's keys are.
 * @throws VaultUnavailable when there is a file of that name already, or it could not be written
 */
export async function backUp(source: string, path: string): Promise<readonly BackupEpoch[]> {
  try {
    await takeSnapshot(source, path)
    return epochsIn(path)
  } catch (cause) {
    const message = (cause as Error).message
    throw new VaultUnavailable(`couldn't back the vault up to ${path}: ${message}`, { cause })
  }
}

function epochsIn(path: string): BackupEpoch[] {
  const copy = openDatabase(path, { secureDelete: true })
  try {
    const epochs = copy.prepare(
      `SELECT name AS controller, epoch.number AS epoch
       FROM epoch JOIN controller ON controller.number = epoch.controller
       WHERE epoch.number > 0 ORDER BY name, epoch.number`,
    )
    return epochs.all().map((row) => ({ ...row }) as BackupEpoch)
  } finally {
    copy.close()
  }
}

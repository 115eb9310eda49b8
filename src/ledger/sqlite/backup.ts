import { takeSnapshot } from '../../sqlite/snapshot.ts'
import { LogUnavailable } from '../event-log.ts'

/**
 * Copies a ledger's file while it serves: one state of it, whole.
 * @throws LogUnavailable when there is a file of that name already, or it could not be written
 */
export async function backUpLedger(source: string, path: string): Promise<void> {
  try {
    await takeSnapshot(source, path)
  } catch (cause) {
    const message = (cause as Error).message
    throw new LogUnavailable(`couldn't back the ledger up to ${path}: ${message}`, { cause })
  }
}

import { once } from 'node:events'
import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { syncDirectory } from './durable-file.ts'
import { type BackupEpoch, VaultUnavailable } from './vault.ts'

/**
 * Copies a vault's file while it serves, on a thread of its own. `VACUUM INTO` reads one snapshot and
 * writes only what lives in it: no freed page, no unused part of a page and no log goes along, as they
 * would with a copy page by page. The copy has its name when it is whole and on the disk.
 *
 * @throws VaultUnavailable when there is a file of that name already, or it could not be written
 */
export async function backUp(source: string, path: string): Promise<readonly BackupEpoch[]> {
  const target = resolve(path)
  const partial = `${target}.partial`
  try {
    if (existsSync(target)) throw new Error('there is a file of that name already')
    removePartial(partial)
    // SQLite writes into an empty file, and leaves it its mode.
    closeSync(openSync(partial, 'wx', 0o600))
    const epochs = await copy(source, partial)
    syncFile(partial)
    // A name that another backup took meanwhile is not taken from it.
    linkSync(partial, target)
    rmSync(partial)
    syncDirectory(dirname(target))
    return epochs
  } catch (cause) {
    removePartial(partial)
    const message = (cause as Error).message
    throw new VaultUnavailable(`couldn't back the vault up to ${target}: ${message}`, { cause })
  }
}

async function copy(source: string, partial: string): Promise<readonly BackupEpoch[]> {
  const worker = new Worker(new URL('./backup-worker.ts', import.meta.url), {
    workerData: { source, partial },
    name: 'vault-backup',
  })
  const gone = once(worker, 'exit')
  const [epochs] = (await once(worker, 'message')) as [readonly BackupEpoch[]]
  await gone
  return epochs
}

/** What a copy that was stopped, or that failed, has left. */
function removePartial(partial: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(partial + suffix, { force: true })
}

function syncFile(file: string): void {
  const descriptor = openSync(file, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

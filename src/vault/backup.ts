import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, existsSync, fsyncSync, linkSync, openSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
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
  // Another backup to the same name may be under way: none is taken for the other's.
  const partial = `${target}.${randomBytes(6).toString('hex')}.partial`
  try {
    if (existsSync(target)) throw new Error('there is a file of that name already')
    removePartials(target)
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
    const message = (cause as Error).message
    if (existsSync(partial)) removePartials(target)
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

/** What copies that were stopped, or that failed, have left. */
function removePartials(target: string): void {
  const directory = dirname(target)
  for (const name of readdirSync(directory)) {
    const isPartial = name.startsWith(`${basename(target)}.`) && /\.partial(-\w+)?$/.test(name)
    if (isPartial) rmSync(join(directory, name), { force: true })
  }
}

function syncFile(file: string): void {
  const descriptor = openSync(file, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

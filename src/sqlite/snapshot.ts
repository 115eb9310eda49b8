import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, existsSync, linkSync, openSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { syncDirectory, syncFile } from '../files/durable-file.ts'

/**
 * Copies a SQLite file while it is used, on a thread of its own. `VACUUM INTO` reads one snapshot and
 * writes only what lives in it: no freed page, no unused part of a page and no log goes along, as they
 * would with a copy page by page. The copy has its name when it is whole and on the disk; only its owner
 * may read it.
 *
 * @throws Error when there is a file of that name already, or it could not be written
 */
export async function takeSnapshot(source: string, path: string): Promise<void> {
  const target = resolve(path)
  // Another copy to the same name may be under way: none is taken for the other's.
  const partial = `${target}.${randomBytes(6).toString('hex')}.partial`
  try {
    if (existsSync(target)) throw new Error('there is a file of that name already')
    removePartials(target)
    // SQLite writes into an empty file, and leaves it its mode.
    closeSync(openSync(partial, 'wx', 0o600))
    await copy(source, partial)
    syncFile(partial)
    // A name that another copy took meanwhile is not taken from it.
    linkSync(partial, target)
    rmSync(partial)
    syncDirectory(dirname(target))
  } catch (error) {
    if (existsSync(partial)) removePartials(target)
    throw error
  }
}

async function copy(source: string, partial: string): Promise<void> {
  const worker = new Worker(new URL('./snapshot-worker.ts', import.meta.url), {
    workerData: { source, partial },
    name: 'snapshot',
  })
  // Answers when it is done; what it throws comes as an error.
  await once(worker, 'exit')
}

/** What copies that were stopped, or that failed, have left. */
function removePartials(target: string): void {
  const directory = dirname(target)
  for (const name of readdirSync(directory)) {
    const isPartial = name.startsWith(`${basename(target)}.`) && /\.partial(-\w+)?$/.test(name)
    if (isPartial) rmSync(join(directory, name), { force: true })
  }
}

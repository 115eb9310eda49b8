import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { createWhole } from '../files/whole-file.ts'

/**
 * Copies a SQLite file while it is used, on a thread of its own. `VACUUM INTO` reads one snapshot and
 * writes only what lives in it: no freed page, no unused part of a page and no log goes along, as they
 * would with a copy page by page. The copy has its name when it is whole and on the disk; only its owner
 * may read it.
 *
 * @throws Error when there is a file of that name already, or it could not be written
 */
export function takeSnapshot(source: string, path: string): Promise<void> {
  // SQLite writes into an empty file, and leaves it its mode.
  return createWhole(path, async (partial) => {
    const worker = new Worker(new URL('./snapshot-worker.ts', import.meta.url), {
      workerData: { source, partial },
      name: 'snapshot',
    })
    // Answers when it is done; what it throws comes as an error.
    await once(worker, 'exit')
  })
}

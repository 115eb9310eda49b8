import { parentPort, workerData } from 'node:worker_threads'
import { openDatabase } from '../sqlite/open.ts'

/** The thread that copies a vault's file, so that whoever serves is not held up. It needs no key. */

const port = parentPort
if (!port) throw new Error('the backup is started as a thread')
// Written by `backUp`, the only one who starts this thread.
const { source, partial } = workerData as { source: string; partial: string }

const from = openDatabase(source, { readOnly: true })
try {
  from.prepare('VACUUM INTO ?').run(partial)
} finally {
  from.close()
}
// Opening it as a vault is opened shows that it can be, and closing it leaves no log behind.
const copy = openDatabase(partial, { secureDelete: true })
try {
  const epochs = copy.prepare(
    `SELECT name AS controller, epoch.number AS epoch
     FROM epoch JOIN controller ON controller.number = epoch.controller
     WHERE epoch.number > 0 ORDER BY name, epoch.number`,
  )
  port.postMessage(epochs.all().map((row) => ({ ...row })))
} finally {
  copy.close()
}

import { workerData } from 'node:worker_threads'
import { openDatabase } from './open.ts'

/** The thread that copies a file, so that whoever serves is not held up. */

// Written by `takeSnapshot`, the only one who starts this thread.
const { source, partial } = workerData as { source: string; partial: string }

const from = openDatabase(source, { readOnly: true })
try {
  from.prepare('VACUUM INTO ?').run(partial)
} finally {
  from.close()
}
// Opening it as a store is opened shows that it can be, and closing it leaves no log behind.
openDatabase(partial, { secureDelete: true }).close()

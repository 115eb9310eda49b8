import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { openDatabase } from '../sqlite/open.ts'

/**
 * Does the work while no other process that signs with this key does the same, wherever its data lies. The
 * lock is SQLite's, which goes with the process that holds it, however that ends.
 *
 * @param keyFile beside it lies the lock
 * @throws Error when another process held it for too long, or what the work throws
 */
export function whileSigning<T>(keyFile: string, work: () => T): T {
  mkdirSync(dirname(keyFile), { recursive: true, mode: 0o700 })
  const database = openDatabase(`${keyFile}.lock`)
  try {
    database.exec('BEGIN IMMEDIATE')
    return work()
  } finally {
    database.close()
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { DatabaseSync } from 'node:sqlite'
import { VaultUnavailable } from './vault.ts'

/** How long a pending truncation waits before it is tried again, in milliseconds. */
const pauseMs = 20

export type Scrub = Readonly<{
  /** Resolves when the log is empty; calls of the same turn share one truncation. */
  scrub(): Promise<void>
  /** Whether the log is empty now. */
  tryOnce(): boolean
}>

/**
 * What was overwritten lives on in the write-ahead log until all of it is in the file and the log is cut
 * to nothing. Any connection that still reads an older state delays that.
 *
 * @param waitMs how long `scrub` tries
 * @throws VaultUnavailable "… is pending" when others read for longer than that
 */
export function createScrub(database: DatabaseSync, waitMs: number): Scrub {
  const checkpoint = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)')
  const getTimeout = database.prepare('PRAGMA busy_timeout')
  const timeout = (getTimeout.get() as { timeout: number }).timeout
  let shared: Promise<void> | null = null

  const tryOnce = (): boolean => {
    // SQLite would wait for the readers itself, and this thread with it.
    database.exec('PRAGMA busy_timeout = 0')
    try {
      return (checkpoint.get() as { busy: number }).busy === 0
    } finally {
      database.exec(`PRAGMA busy_timeout = ${timeout}`)
    }
  }
  const repeat = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve))
    shared = null
    const deadline = performance.now() + waitMs
    while (!tryOnce()) {
      if (performance.now() > deadline) {
        throw new VaultUnavailable(
          'the destruction is pending: the keys are overwritten, but another connection reads the ' +
            'vault, so that its write-ahead log cannot be cut; ask again',
        )
      }
      await sleep(pauseMs)
    }
  }
  return { tryOnce, scrub: () => (shared ??= repeat()) }
}

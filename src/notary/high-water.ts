import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { replaceDurably } from './durable-file.ts'

/**
 * The newest note that was signed for an origin, in a file beside the key. It is on the disk before the
 * signature goes anywhere, and it is not in the data directory: restoring an older ledger does not bring an
 * older one back.
 */
export type HighWater = Readonly<{
  /** Where it is, for people. */
  file: string
  /** The note; null where nothing was signed. */
  read: () => string | null
  /** While holding the signing lock. */
  write: (note: string) => void
}>

/** @param origin of the log; each has a file of its own */
export function highWaterOf(keyFile: string, origin: string): HighWater {
  // An origin is a host's name and a path: no underscore is in it.
  const file = join(dirname(keyFile), `notary.${origin.replaceAll('/', '_')}.signed`)
  return {
    file,
    read: () => (statSync(file, { throwIfNoEntry: false }) ? readFileSync(file, 'utf8') : null),
    write: (note) => replaceDurably(file, note),
  }
}

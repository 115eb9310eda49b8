import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { replaceDurably } from '../files/durable-file.ts'

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
  const file = join(dirname(keyFile), `${nameOf(origin)}.signed`)
  return {
    file,
    read: () => (statSync(file, { throwIfNoEntry: false }) ? readFileSync(file, 'utf8') : null),
    write: (note) => replaceDurably(file, note),
  }
}

/** What is kept beside the key for all logs whose origins begin with this one. */
export function keptBeside(keyFile: string, origin: string): { note: string; file: string }[] {
  const directory = dirname(keyFile)
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync(directory)
    .filter((name) => name.startsWith(`${nameOf(origin)}_`) && name.endsWith('.signed'))
    .toSorted()
    .map((name) => join(directory, name))
    .map((file) => ({ note: readFileSync(file, 'utf8'), file }))
}

/** An origin is a host's name and a path: no underscore is in it. */
function nameOf(origin: string): string {
  return `notary.${origin.replaceAll('/', '_')}`
}

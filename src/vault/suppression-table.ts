import type { DatabaseSync } from 'node:sqlite'
import type { PurposeKey } from '../domain/values.ts'
import { type ControllerKeys, suppressionTag } from './controller-keys.ts'
import { createHashTable } from './hash-table.ts'
import type { IndexTable } from './index-table.ts'
import { bytes } from './slot-table.ts'

/**
 * The suppression list: which purposes were objected to under an identifier whose owner was erased (S3,
 * N4). A row is HMAC-SHA-256 of the identifier's digest under a key of the controller, and a purpose's
 * number; nothing in it or in its order says which pseudonym, or which other identifier, it came from.
 * To be used inside a transaction, which it is told of.
 */
export type SuppressionTable = Readonly<{
  /** @param isChanged whether another connection has committed since the last transaction */
  begin(isChanged: boolean): void
  add(keys: ControllerKeys, digests: readonly Buffer[], purposes: readonly PurposeKey[]): void
  remove(keys: ControllerKeys, digests: readonly Buffer[], purposes: readonly PurposeKey[]): void
  /** The purposes under any of the digests, in the order of the alphabet. */
  of(keys: ControllerKeys, digests: readonly Buffer[]): readonly PurposeKey[]
  /**
   * The purposes that stand for a subject to whom these digests were linked just now: all of them, until
   * the subject is `settled`. Costs next to nothing while the list is empty.
   */
  met(keys: ControllerKeys, subject: Buffer, linked: readonly Buffer[]): readonly PurposeKey[]
  /** Whether what stands for a subject was answered and is not `settled`. */
  isPending(subject: Buffer): boolean
  settle(subject: Buffer): void
}>

/** The suppression list of a vault file. */
export function createSuppressionTable(
  database: DatabaseSync,
  index: IndexTable,
): SuppressionTable {
  const rows = createHashTable(database, 'suppressed')
  const insertPurpose = database.prepare('INSERT OR IGNORE INTO purpose (name) VALUES (?)')
  const selectPurposes = database.prepare('SELECT number, name FROM purpose')
  const returned = database.prepare('SELECT 1 FROM returned WHERE subject = ?')
  const insertReturned = database.prepare('INSERT OR IGNORE INTO returned (subject) VALUES (?)')
  const deleteReturned = database.prepare('DELETE FROM returned WHERE subject = ?')
  let remembered: ReadonlyMap<PurposeKey, number> | null = null
  /** What was added may be rolled back: it is read anew in the next transaction. */
  let isTouched = false

  const purposes = (): ReadonlyMap<PurposeKey, number> =>
    (remembered ??= new Map(
      (selectPurposes.all() as { number: number; name: PurposeKey }[]).map((row) => [
        row.name,
        row.number,
      ]),
    ))
  const of = (keys: ControllerKeys, digests: readonly Buffer[]): readonly PurposeKey[] => {
    const found = new Set(
      digests.flatMap((digest) =>
        rows.get(suppressionTag(keys, digest)).map((value) => value.readUInt32BE()),
      ),
    )
    return [...purposes()].flatMap(([name, number]) => (found.has(number) ? [name] : [])).sort()
  }
  const isPending = (subject: Buffer): boolean =>
    purposes().size > 0 && returned.get(subject) !== undefined

  return {
    of,
    isPending,
    begin: (isChanged) => {
      rows.begin()
      if (isChanged || isTouched) remembered = null
      isTouched = false
    },
    add: (keys, digests, added) => {
      isTouched = true
      for (const purpose of added) insertPurpose.run(purpose)
      remembered = null
      for (const digest of digests) {
        const key = suppressionTag(keys, digest)
        for (const purpose of new Set(added)) {
          const value = numbered(purposes().get(purpose)!)
          if (!rows.get(key).some((known) => known.equals(value))) rows.add(key, value)
        }
      }
    },
    remove: (keys, digests, removed) => {
      for (const digest of digests) {
        for (const purpose of removed) {
          const number = purposes().get(purpose)
          if (number !== undefined) rows.remove(suppressionTag(keys, digest), numbered(number))
        }
      }
    },
    met: (keys, subject, linked) => {
      if (purposes().size === 0) return []
      const isNew = linked.length > 0 && of(keys, linked).length > 0
      if (isNew) insertReturned.run(subject)
      else if (!isPending(subject)) return []
      return of(keys, index.digestsOf(keys, bytes(subject)))
    },
    settle: (subject) => void deleteReturned.run(subject),
  }
}

function numbered(purpose: number): Buffer {
  const value = Buffer.alloc(16)
  value.writeUInt32BE(purpose)
  return value
}

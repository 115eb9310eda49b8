import type { DatabaseSync } from 'node:sqlite'
import type { ControllerId, SubjectId } from '../domain/values.ts'
import { createRecent } from './recent.ts'
import type { DataKey, Identifier, KeyScope } from './vault.ts'

/** Bounds, in entries; up to twice as many may be held. A key takes about 1 KB, a spelling half of it. */
export type CacheBounds = Readonly<{ dataKeys: number; spellings: number }>

/**
 * What the vault remembers: data keys of subjects who are not fenced, and whom the spelling of an
 * identifier belongs to. Other processes write to the same file: a counter in it, looked at once in each
 * turn of the event loop, tells when one of them has fenced or destroyed something, and then all is
 * forgotten.
 */
export type VaultCaches = Readonly<{
  subject(controller: ControllerId, identifier: Identifier): SubjectId | undefined
  rememberSubject(controller: ControllerId, identifier: Identifier, subject: SubjectId): void
  dataKey(controller: ControllerId, subject: SubjectId, scope: KeyScope): DataKey | undefined
  rememberDataKey(controller: ControllerId, subject: SubjectId, scope: KeyScope, key: DataKey): void
  /** Counts up the generation, in the transaction that fences or destroys, and returns it. */
  announce: () => number
  /** After that transaction: what others announced before it counts here too. */
  announced: (generation: number) => void
  forgetKeys(subject: SubjectId): void
  forgetSubject(subject: SubjectId): void
  /** Forgets everything and asks the file no more. */
  close(): void
  size(): { dataKeys: number; spellings: number }
}>

/**
 * Bounded caches that empty themselves when another process changed the file.
 * @param changed called then: what else is remembered is to be forgotten
 */
export function createVaultCaches(
  database: DatabaseSync,
  bounds: CacheBounds,
  changed: () => void,
): VaultCaches {
  const dataKeys = createRecent<DataKey>(bounds.dataKeys)
  const spellings = createRecent<SubjectId>(bounds.spellings)
  const clear = () => {
    dataKeys.clear()
    spellings.clear()
  }
  const guard = createGuard(database, () => {
    clear()
    changed()
  })

  return {
    announce: guard.announce,
    announced: guard.announced,
    close: () => {
      guard.close()
      clear()
    },
    subject: (controller, identifier) => {
      guard.check()
      return spellings.get(spellingKey(controller, identifier))
    },
    rememberSubject: (controller, identifier, subject) =>
      spellings.set(spellingKey(controller, identifier), subject, subject),
    dataKey: (controller, subject, scope) => {
      guard.check()
      return dataKeys.get(dataKeyKey(controller, subject, scope))
    },
    rememberDataKey: (controller, subject, scope, key) =>
      dataKeys.set(dataKeyKey(controller, subject, scope), subject, key),
    forgetKeys: (subject) => dataKeys.forget(subject),
    forgetSubject: (subject) => {
      dataKeys.forget(subject)
      spellings.forget(subject)
    },
    size: () => ({ dataKeys: dataKeys.size(), spellings: spellings.size() }),
  }
}

type Guard = Readonly<{
  check: () => void
  announce: () => number
  announced: (generation: number) => void
  close: () => void
}>

/** Calls `changed` when another connection has counted up the generation. */
function createGuard(database: DatabaseSync, changed: () => void): Guard {
  // `data_version` changes with every commit of another connection, and is the cheaper question.
  const selectVersion = database.prepare('PRAGMA data_version')
  const selectGeneration = database.prepare('SELECT number FROM generation')
  const countUp = database.prepare('UPDATE generation SET number = number + 1 RETURNING number')
  const dataVersion = () => (selectVersion.get() as { data_version: number }).data_version
  const generation = () => (selectGeneration.get() as { number: number }).number

  let seenVersion = dataVersion()
  let seenGeneration = generation()
  let checked = false
  let closed = false
  return {
    check: () => {
      if (checked || closed) return
      checked = true
      setImmediate(() => (checked = false))
      const version = dataVersion()
      if (version === seenVersion) return
      seenVersion = version
      const current = generation()
      if (current !== seenGeneration) changed()
      seenGeneration = current
    },
    announce: () => (countUp.get() as { number: number }).number,
    announced: (number) => {
      if (number !== seenGeneration + 1) changed()
      seenGeneration = number
    },
    close: () => (closed = true),
  }
}

function spellingKey(controller: ControllerId, { scheme, value }: Identifier): string {
  return `${controller}\n${scheme}\n${value}`
}

function dataKeyKey(controller: ControllerId, subject: SubjectId, scope: KeyScope): string {
  return `${subject}\n${controller}\n${scope.category}\n${scope.lot}`
}

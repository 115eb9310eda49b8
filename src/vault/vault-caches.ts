import type { DatabaseSync } from 'node:sqlite'
import { type CacheBounds, createVaultMemory, type VaultMemory } from './vault-memory.ts'

/**
 * What the vault remembers: data keys of subjects who are not fenced, and whom the spelling of an
 * identifier belongs to. Other processes write to the same file: a counter in it, looked at once in each
 * turn of the event loop, tells when one of them has fenced or destroyed something, and then all is
 * forgotten.
 */
export type VaultCaches = Omit<VaultMemory, 'clear'> &
  Readonly<{
    /** Counts up the generation, in the transaction that fences or destroys, and returns it. */
    announce: () => number
    /** After that transaction: what others announced before it counts here too. */
    announced: (generation: number) => void
    /** Forgets everything and asks the file no more. */
    close(): void
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
  const { clear, ...memory } = createVaultMemory(bounds)
  const guard = createGuard(database, () => {
    clear()
    changed()
  })

  return {
    ...memory,
    announce: guard.announce,
    announced: guard.announced,
    close: () => {
      guard.close()
      clear()
    },
    subject: (controller, identifier) => {
      guard.check()
      return memory.subject(controller, identifier)
    },
    dataKey: (controller, subject, scope) => {
      guard.check()
      return memory.dataKey(controller, subject, scope)
    },
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

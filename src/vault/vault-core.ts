import type { DatabaseSync } from 'node:sqlite'
import type { ControllerId, SubjectId } from '../domain/values.ts'
import { type ControllerKeys, identifierDigest } from './controller-keys.ts'
import { createGroupCommit, type GroupCommit } from './group-commit.ts'
import type { Keyring } from './keyring.ts'
import { createScrub, type Scrub } from './scrub.ts'
import type { Digested } from './subjects.ts'
import { createVaultCaches, type VaultCaches } from './vault-caches.ts'
import { createTables, isOwnAnswer, type Tables } from './vault-file.ts'
import type { CacheBounds } from './vault-memory.ts'
import type { Identifier } from './vault.ts'

/** What the parts of the vault on SQLite stand on. */
export type VaultCore = Readonly<{
  database: DatabaseSync
  tables: Tables
  caches: VaultCaches
  commits: GroupCommit
  scrub: Scrub
  /** ISO 3166-1 alpha-2: how a phone number without a country prefix is read. */
  defaultCountry: string | undefined
  /** The controller's keys, made where it has none. @throws VaultUnavailable */
  keysOf(controller: ControllerId): Promise<ControllerKeys>
  /** Those that `keysOf` has answered. */
  knownKeys(controller: ControllerId): ControllerKeys | undefined
  /** @throws IdentifierInvalid */
  digested(keys: ControllerKeys, identifiers: readonly Identifier[]): Digested[]
  /** Runs a job after which nothing that is remembered of the subject counts any more. */
  change(subject: SubjectId, job: () => void): Promise<void>
  close(): Promise<void>
}>

export type CoreOptions = Readonly<{
  keyring: Keyring
  /** The vault's own name. */
  name: string
  defaultCountry: string | undefined
  cacheBounds: CacheBounds
  destroyWaitMs: number
}>

/** The core on a file that is open. */
export function createVaultCore(database: DatabaseSync, options: CoreOptions): VaultCore {
  const { defaultCountry } = options
  const tables = createTables(database, options.keyring, options.name)
  const caches = createVaultCaches(database, options.cacheBounds, () => tables.epochs.forget())
  const commits = createGroupCommit(database, { begin: tables.begin, refuses: isOwnAnswer })
  const known = new Map<ControllerId, ControllerKeys>()

  return {
    database,
    tables,
    caches,
    commits,
    scrub: createScrub(database, options.destroyWaitMs),
    defaultCountry,
    knownKeys: (controller) => known.get(controller),
    keysOf: async (controller) => {
      const remembered = known.get(controller)
      if (remembered) return remembered
      const keys =
        commits.read(() => tables.controllers.load(controller)) ??
        (await commits.run(() => tables.controllers.loadOrMake(controller)))
      known.set(controller, keys)
      return keys
    },
    digested: (keys, identifiers) =>
      identifiers.map((identifier) => ({
        scheme: identifier.scheme,
        digest: identifierDigest(keys, identifier, { defaultCountry }),
      })),
    change: async (subject, job) => {
      await commits.run(
        () => {
          job()
          return caches.announce()
        },
        (generation) => {
          caches.announced(generation)
          caches.forgetSubject(subject)
        },
      )
    },
    close: async () => {
      caches.close()
      known.clear()
      tables.epochs.forget()
      await commits.close()
    },
  }
}

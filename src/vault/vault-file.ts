import { closeSync, existsSync, openSync } from 'node:fs'
import type { KeyObject } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { openDatabase } from '../sqlite/open.ts'
import { createControllerTable } from './controller-table.ts'
import { createDataKeyTable } from './data-key-table.ts'
import { createEpochTable } from './epoch-table.ts'
import { createIndexTable } from './index-table.ts'
import type { Keyring } from './keyring.ts'
import { createMetaTable } from './meta-table.ts'
import { prepareSchema } from './schema.ts'
import { createSlotTable } from './slot-table.ts'
import { createSubjectTable } from './subject-table.ts'
import { SubjectOfAnother } from './subjects.ts'
import { createSuppressionTable } from './suppression-table.ts'
import { EpochInUse, SubjectFenced, VaultUnavailable } from './vault.ts'
import { wrappedLength } from './wrapping.ts'

/**
 * Opens the vault's file, made and readable by its owner only where there is none. `name` is the vault's
 * own, under which the keyring has its keys.
 *
 * @throws VaultUnavailable when it cannot be opened, or was made with another root key
 */
export function openVaultFile(
  path: string,
  rootKey: KeyObject,
  keyring: Keyring,
): Readonly<{ database: DatabaseSync; name: string }> {
  let database: DatabaseSync | null = null
  try {
    // SQLite gives its log the mode of the file.
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
    database = openDatabase(path, { secureDelete: true })
    return { database, name: prepareSchema(database, rootKey, keyring) }
  } catch (cause) {
    database?.close()
    if (cause instanceof VaultUnavailable) throw cause
    throw new VaultUnavailable(`couldn't open the vault: ${(cause as Error).message}`, { cause })
  }
}

export type Tables = ReturnType<typeof createTables>

/**
 * To be used inside a transaction, which they are told of by `begin`.
 * @param name the vault's own name
 */
export function createTables(database: DatabaseSync, keyring: Keyring, name: string) {
  const secrets = createSlotTable(database, 'secret', wrappedLength)
  const epochs = createEpochTable(database, keyring, name)
  const index = createIndexTable(database, epochs)
  const suppressions = createSuppressionTable(database, index)
  // Changes with every commit of another connection; asked inside the transaction, it is of its snapshot.
  const selectVersion = database.prepare('PRAGMA data_version')
  let version = NaN
  return {
    begin: () => {
      const { data_version: current } = selectVersion.get() as { data_version: number }
      const isChanged = current !== version
      version = current
      secrets.begin()
      index.begin()
      epochs.begin(isChanged)
      suppressions.begin(isChanged)
    },
    meta: createMetaTable(database),
    epochs,
    index,
    suppressions,
    subjects: createSubjectTable(database, index, suppressions),
    controllers: createControllerTable(database, epochs, secrets),
    dataKeys: createDataKeyTable(database, epochs, secrets),
  }
}

/** What a job may throw before it has changed anything: its own answer, and no fault of the others. */
export function isOwnAnswer(error: unknown): boolean {
  return (
    error instanceof SubjectFenced ||
    error instanceof SubjectOfAnother ||
    error instanceof EpochInUse ||
    error instanceof VaultUnavailable
  )
}

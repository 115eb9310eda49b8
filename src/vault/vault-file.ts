import { closeSync, existsSync, openSync } from 'node:fs'
import type { KeyObject } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { openDatabase } from '../sqlite/open.ts'
import { createControllerTable } from './controller-keys.ts'
import { createDataKeyTable } from './data-key-table.ts'
import { prepareSchema } from './schema.ts'
import { createSlotTable } from './slot-table.ts'
import { createSubjectTable, SubjectOfAnother } from './subject-table.ts'
import { SubjectFenced, VaultUnavailable } from './vault.ts'
import { wrappedLength } from './wrapping.ts'

/**
 * Opens the vault's file, made and readable by its owner only where there is none.
 * @throws VaultUnavailable when it cannot be opened, or was made with another root key
 */
export function openVaultFile(path: string, rootKey: KeyObject): DatabaseSync {
  let database: DatabaseSync | null = null
  try {
    // SQLite gives its log the mode of the file.
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
    database = openDatabase(path, { secureDelete: true })
    prepareSchema(database, rootKey)
    return database
  } catch (cause) {
    database?.close()
    if (cause instanceof VaultUnavailable) throw cause
    throw new VaultUnavailable(`couldn't open the vault: ${(cause as Error).message}`, { cause })
  }
}

export type Tables = ReturnType<typeof createTables>

/** To be used inside a transaction, which they are told of by `begin`. */
export function createTables(database: DatabaseSync, rootKey: KeyObject) {
  const secrets = createSlotTable(database, 'secret', wrappedLength)
  const subjects = createSubjectTable(database)
  return {
    begin: () => {
      secrets.begin()
      subjects.begin()
    },
    subjects,
    controllers: createControllerTable(database, rootKey, secrets),
    dataKeys: createDataKeyTable(database, secrets),
  }
}

/** What a job may throw before it has changed anything: its own answer, and no fault of the others. */
export function isOwnAnswer(error: unknown): boolean {
  return (
    error instanceof SubjectFenced ||
    error instanceof SubjectOfAnother ||
    error instanceof VaultUnavailable
  )
}

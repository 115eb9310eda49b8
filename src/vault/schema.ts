import { type KeyObject, randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { upgradeFirstFormat } from './first-format.ts'
import { hashTableSchema } from './hash-table.ts'
import type { Keyring } from './keyring.ts'
import { createMetaTable, metaSchema } from './meta-table.ts'
import { requireRootKey, rootKeyCheck } from './root-key-check.ts'
import { slotTableSchema } from './slot-table.ts'
import { VaultUnavailable } from './vault.ts'
import { wrappedLength } from './wrapping.ts'

/**
 * The tables of the vault's file. What must leave no trace is in `secret` (wrapped keys) and in the hash
 * tables (`identified`: digest to subject, `identifying`: subject to digest, both masked; `suppressed`:
 * keyed digest to purpose); the others hold pseudonyms and names of lots, categories and purposes, as the
 * ledger does for ever. No epoch key is in the file: `epoch` has the numbers that rows are under.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS generation (one INTEGER PRIMARY KEY, number INTEGER NOT NULL) STRICT;
  INSERT OR IGNORE INTO generation VALUES (1, 0);
  CREATE TABLE IF NOT EXISTS controller (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    index_epoch INTEGER NOT NULL,
    index_secret INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS epoch (
    controller INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (controller, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS rotation (
    controller INTEGER PRIMARY KEY,
    target INTEGER NOT NULL,
    moved_up_to BLOB NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS subject (
    id BLOB PRIMARY KEY,
    controller INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'fenced', 'destroyed'))
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS data_key (
    subject BLOB NOT NULL,
    lot TEXT NOT NULL,
    category TEXT NOT NULL,
    id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    secret INTEGER NOT NULL,
    PRIMARY KEY (subject, lot, category)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS purpose (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE IF NOT EXISTS returned (subject BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
  ${slotTableSchema('secret', wrappedLength)}
  ${hashTableSchema('identified')}
  ${hashTableSchema('identifying')}
  ${hashTableSchema('suppressed')}
`

/** The format that this program writes and reads. */
export const currentFormat = 2

/**
 * Makes the tables where they are missing, brings a file of the first format to this one, and checks
 * that the root key is the one that the file was made with.
 *
 * @returns the vault's own name, under which the keyring has its keys: 32 hexadecimal digits
 * @throws VaultUnavailable when the root key is another one, or the file has a format of the future
 */
export function prepareSchema(
  database: DatabaseSync,
  rootKey: KeyObject,
  keyring: Keyring,
): string {
  // The name is there for good before any key is put under it.
  const vault = whole(database, () => {
    database.exec(metaSchema)
    const meta = createMetaTable(database)
    const found = meta.getOrSet('format', () => Buffer.from([currentFormat]))[0]!
    if (found < 1 || found > currentFormat) {
      throw new VaultUnavailable(`the vault has format ${found}, not ${currentFormat}`)
    }
    const check = rootKeyCheck(rootKey)
    requireRootKey(
      meta.getOrSet('root key check', () => check),
      check,
    )
    return meta.getOrSet('vault', () => randomBytes(16)).toString('hex')
  })
  whole(database, () => {
    const meta = createMetaTable(database)
    if (meta.get('format')![0] === 1) upgradeFirstFormat({ database, rootKey, keyring, vault })
    meta.set('format', Buffer.from([currentFormat]))
    database.exec(schema)
  })
  return vault
}

function whole<Result>(database: DatabaseSync, job: () => Result): Result {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = job()
    database.exec('COMMIT')
    return result
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

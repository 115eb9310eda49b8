import { hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { hashTableSchema } from './hash-table.ts'
import { slotTableSchema } from './slot-table.ts'
import { VaultUnavailable } from './vault.ts'
import { wrappedLength } from './wrapping.ts'

/**
 * The tables of the vault's file. What must leave no trace is in `secret` (wrapped keys) and in the two
 * hash tables (`identified`: digest to subject, `identifying`: subject to digest); the others hold
 * pseudonyms and names of lots and categories, as the ledger does for ever.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
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
    secret INTEGER NOT NULL,
    PRIMARY KEY (controller, number)
  ) STRICT, WITHOUT ROWID;
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
  ${slotTableSchema('secret', wrappedLength)}
  ${hashTableSchema('identified')}
  ${hashTableSchema('identifying')}
`

const format = 1

/**
 * Makes the tables where they are missing, and checks that the root key is the one that they were made
 * with.
 * @throws VaultUnavailable when the root key is another one, or the file has another format
 */
export function prepareSchema(database: DatabaseSync, rootKey: KeyObject): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    database.exec(schema)
    const select = database.prepare('SELECT value FROM meta WHERE name = ?')
    const insert = database.prepare('INSERT OR IGNORE INTO meta (name, value) VALUES (?, ?)')
    insert.run('format', Buffer.from([format]))
    insert.run('root key check', rootKeyCheck(rootKey))
    const found = (name: string) => (select.get(name) as { value: Uint8Array }).value
    if (found('format')[0] !== format) {
      throw new VaultUnavailable(`the vault has format ${found('format')[0]}, not ${format}`)
    }
    if (!timingSafeEqual(found('root key check'), rootKeyCheck(rootKey))) {
      throw new VaultUnavailable(
        'the root key is not the one that this vault was made with: set CUSTODY_ROOT_KEY or ' +
          'CUSTODY_ROOT_KEY_FILE to that one; no other key opens what is sealed',
      )
    }
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** Tells one root key from another and says nothing else of it (HKDF-SHA-256, RFC 5869). */
function rootKeyCheck(rootKey: KeyObject): Buffer {
  return Buffer.from(hkdfSync('sha256', rootKey, '', 'custody.vault.root-key-check', 32))
}

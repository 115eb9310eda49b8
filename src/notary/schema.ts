import type { DatabaseSync } from 'node:sqlite'
import { openDatabase } from '../sqlite/open.ts'

/** Raise it with any change: files of another version are emptied and filled again from the ledger. */
const schemaVersion = 2

/**
 * What the notary knows of the ledger, all of it derived. `tile`: the hashes of up to 256 nodes of one
 * level of a tree (C2SP tlog-tiles, height 8). `place`: the positions of the leaves of one tile of the
 * lowest level, eight bytes each. `pending`: the streams of leaves that the map of heads does not hold yet.
 * `map`: the nodes of the map of heads, as of the first `mapped` leaves; these have `streams` streams.
 * `apart`: the events that are no leaves, which are the checkpoints themselves.
 * `checkpoint`: the revision of the newest `CheckpointSigned`.
 */
const tables = `
  CREATE TABLE followed (
    one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, event TEXT
  ) STRICT;
  INSERT INTO followed VALUES (1, 0, NULL);
  CREATE TABLE controller (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    mapped INTEGER NOT NULL,
    streams INTEGER NOT NULL,
    checkpoint INTEGER
  ) STRICT;
  CREATE TABLE tile (
    controller INTEGER NOT NULL,
    level INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (controller, level, number)
  ) STRICT;
  CREATE TABLE place (
    controller INTEGER NOT NULL,
    number INTEGER NOT NULL,
    first INTEGER NOT NULL,
    positions BLOB NOT NULL,
    PRIMARY KEY (controller, number)
  ) STRICT;
  CREATE INDEX place_by_position ON place (controller, first);
  CREATE TABLE pending (
    controller INTEGER NOT NULL,
    first INTEGER NOT NULL,
    streams TEXT NOT NULL,
    PRIMARY KEY (controller, first)
  ) STRICT;
  CREATE TABLE apart (position INTEGER PRIMARY KEY, event TEXT NOT NULL) STRICT;
  CREATE TABLE map (
    controller INTEGER NOT NULL,
    path TEXT NOT NULL,
    node BLOB NOT NULL,
    PRIMARY KEY (controller, path)
  ) STRICT, WITHOUT ROWID;
`

/**
 * Opens the notary's file for writing and makes its tables where there are none. A commit that a power cut
 * takes back takes back rows and position together, so `synchronous=NORMAL` is enough.
 *
 * @throws Error "couldn't open <path>: …"
 */
export function openNotaryDatabase(path: string): DatabaseSync {
  const database = openDatabase(path, { synchronous: 'NORMAL' })
  try {
    if (versionOf(database) !== schemaVersion) inTransaction(database, () => makeTables(database))
    return database
  } catch (cause) {
    database.close()
    throw new Error(`couldn't open ${path}: ${(cause as Error).message}`, { cause })
  }
}

/** Forgets everything: it is followed again from the ledger's beginning. Inside a transaction. */
export function emptyTables(database: DatabaseSync): void {
  const found = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all()
  for (const { name } of found) database.exec(`DROP TABLE "${String(name)}"`)
  database.exec(tables)
  database.exec(`PRAGMA user_version = ${schemaVersion}`)
}

/** Does the work in one writing transaction, or nothing of it. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function makeTables(database: DatabaseSync): void {
  // Another process may have been faster.
  if (versionOf(database) !== schemaVersion) emptyTables(database)
}

function versionOf(database: DatabaseSync): number {
  return Number(Object.values(database.prepare('PRAGMA user_version').get() ?? {})[0])
}

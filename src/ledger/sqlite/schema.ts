import type { DatabaseSync } from 'node:sqlite'

/** 'CUSL': says in the file's header that this is a ledger (PRAGMA application_id). */
const applicationId = 0x4355534c
const schemaVersion = 1

/**
 * Names of streams and types are stored once. The last revision of a stream is not stored, since the
 * unique index finds it with one look: an append touches fewer pages, and the two can never disagree.
 */
const schema = `
  CREATE TABLE stream (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE type (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE event (
    position INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL REFERENCES stream,
    revision INTEGER NOT NULL,
    type INTEGER NOT NULL REFERENCES type,
    id BLOB NOT NULL CHECK (length(id) = 16),
    body TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX event_by_stream ON event (stream, revision);
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`

/** Makes the tables in an empty file, whichever process comes first. */
export function createSchema(database: DatabaseSync): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as {
      tables: number
    }
    if (tables === 0) database.exec(schema)
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
  assertSchema(database)
}

/** @throws Error when the file is no ledger, or one of another version */
export function assertSchema(database: DatabaseSync): void {
  const [application, version] = ['application_id', 'user_version'].map(
    (name) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0],
  )
  if (application !== applicationId) throw new Error('the file is no ledger')
  if (version !== schemaVersion) {
    throw new Error(`the ledger's layout is version ${String(version)}, not ${schemaVersion}`)
  }
}

import { DatabaseSync } from 'node:sqlite'

const inTransaction = 1_000

/**
 * The limit of ingest: the texts into one plain table of node:sqlite, durable (WAL, FULL), 1,000 in a
 * transaction, with nothing asked of them. Answers how long it took, in milliseconds.
 */
export function insertRaw(path: string, texts: readonly string[]): number {
  const database = new DatabaseSync(path)
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    database.exec('CREATE TABLE event (position INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT')
    const insert = database.prepare('INSERT INTO event (body) VALUES (?)')
    const began = performance.now()
    for (let from = 0; from < texts.length; from += inTransaction) {
      database.exec('BEGIN IMMEDIATE')
      for (const text of texts.slice(from, from + inTransaction)) insert.run(text)
      database.exec('COMMIT')
    }
    return performance.now() - began
  } finally {
    database.close()
  }
}

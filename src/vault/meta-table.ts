import type { DatabaseSync } from 'node:sqlite'
import { bytes } from './slot-table.ts'

/** What the file says of itself, by name. To be used inside a transaction. */
export type MetaTable = Readonly<{
  get(name: MetaName): Buffer | null
  set(name: MetaName, value: Uint8Array): void
  /** The value that is there, or this one from now on. */
  getOrSet(name: MetaName, value: () => Uint8Array): Buffer
}>

/**
 * `format`: one byte. `root key check`: tells whether a root key is the right one. `vault`: 16 random
 * bytes, the vault's own name, which its backups share. `applied up to`: a position, 8 bytes.
 */
export type MetaName = 'format' | 'root key check' | 'vault' | 'applied up to'

export const metaSchema =
  'CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;'

/** The table of that schema. */
export function createMetaTable(database: DatabaseSync): MetaTable {
  const select = database.prepare('SELECT value FROM meta WHERE name = ?')
  const upsert = database.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)')
  const get = (name: MetaName): Buffer | null => {
    const row = select.get(name) as { value: Uint8Array } | undefined
    return row ? bytes(row.value) : null
  }
  const set = (name: MetaName, value: Uint8Array): void => void upsert.run(name, value)
  return {
    get,
    set,
    getOrSet: (name, value) => {
      const known = get(name)
      if (known) return known
      const made = value()
      set(name, made)
      return Buffer.from(made)
    },
  }
}

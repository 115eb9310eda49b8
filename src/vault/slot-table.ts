import type { DatabaseSync } from 'node:sqlite'

/**
 * Secrets in rows that never move. SQLite copies a row when it balances the pages of a table, and even
 * with `secure_delete` may leave the old copy in a page's unused part (seen: one row in some thousands).
 * So here rows are only appended, and are then overwritten in place by content of the same length; freed
 * rows are zeros, and are used again. What is freed is in the file no more once the write-ahead log is
 * truncated.
 */
export type SlotTable = Readonly<{
  /** At the start of a transaction: what was read in an earlier one may have changed. */
  begin(): void
  read(number: number): Buffer
  /** Puts the content in a free row, or a new last one. Numbers begin at 1. */
  allocate(content: Buffer): number
  overwrite(number: number, content: Buffer): void
  /** Zeros the row and lets another use it. */
  free(number: number): void
}>

/** The tables of a slot table. @param size bytes of every content */
export function slotTableSchema(name: string, size: number): string {
  return `
    CREATE TABLE IF NOT EXISTS ${name} (
      number INTEGER PRIMARY KEY,
      content BLOB NOT NULL CHECK (length(content) = ${size})
    ) STRICT;
    CREATE TABLE IF NOT EXISTS ${name}_free (number INTEGER PRIMARY KEY) STRICT;`
}

/** To be used inside a transaction, which it is told of. @param size bytes of every content */
export function createSlotTable(database: DatabaseSync, name: string, size: number): SlotTable {
  const select = database.prepare(`SELECT content FROM ${name} WHERE number = ?`)
  const append = database.prepare(`INSERT INTO ${name} (content) VALUES (?)`)
  const update = database.prepare(`UPDATE ${name} SET content = ? WHERE number = ?`)
  const firstFree = database.prepare(`SELECT number FROM ${name}_free LIMIT 1`)
  const use = database.prepare(`DELETE FROM ${name}_free WHERE number = ?`)
  const release = database.prepare(`INSERT INTO ${name}_free (number) VALUES (?)`)
  const zeros = Buffer.alloc(size)
  let noneFree = false

  const overwrite = (number: number, content: Buffer): void => {
    if (update.run(content, number).changes !== 1) throw new Error(`${name} has no row ${number}`)
  }
  return {
    overwrite,
    begin: () => {
      noneFree = false
    },
    read: (number) => {
      const row = select.get(number) as { content: Uint8Array } | undefined
      if (!row) throw new Error(`${name} has no row ${number}`)
      return bytes(row.content)
    },
    allocate: (content) => {
      const free = noneFree ? undefined : (firstFree.get() as { number: number } | undefined)
      if (!free) {
        noneFree = true
        return Number(append.run(content).lastInsertRowid)
      }
      overwrite(free.number, content)
      use.run(free.number)
      return free.number
    },
    free: (number) => {
      overwrite(number, zeros)
      release.run(number)
      noneFree = false
    },
  }
}

/** The same bytes as a Buffer. */
export function bytes(content: Uint8Array): Buffer {
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength)
}

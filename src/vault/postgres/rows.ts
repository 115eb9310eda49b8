import type { CopiedTable } from './copied-tables.ts'
import type { Query } from './driver.ts'

const rowsAtOnce = 2_000

/** The values of a row, in the order of the table's columns; bytes as a Buffer. */
export type Row = readonly unknown[]

/** All rows of a table, sorted by its key, some at a time. In a transaction. @throws VaultUnavailable */
export async function eachRows(
  query: Query,
  { name, key, columns }: CopiedTable,
  take: (rows: readonly Row[]) => Promise<void> | void,
): Promise<void> {
  const names = columns.map(([column]) => column)
  await query(
    `DECLARE copied NO SCROLL CURSOR FOR SELECT ${names.join(', ')} FROM ${name} ORDER BY ${key}`,
  )
  for (;;) {
    const rows = await query<Record<string, unknown>>(`FETCH ${rowsAtOnce} FROM copied`)
    if (rows.length === 0) break
    await take(rows.map((row) => names.map((column) => row[column])))
  }
  await query('CLOSE copied')
}

/** Puts rows into tables, many at a time. */
export type Filling = Readonly<{
  /** Whose rows come next. @throws VaultUnavailable */
  table(table: CopiedTable): Promise<void>
  /** A row of that table. @throws VaultUnavailable */
  row(row: Row): Promise<void>
  /** What was held back is there when it resolves. @throws VaultUnavailable */
  flush(): Promise<void>
  /** How many rows there were. */
  count(): number
}>

/** Fills the tables of a schema that has no vault yet. In a transaction. */
export function createFilling(query: Query): Filling {
  let current: CopiedTable | null = null
  let rows: Row[] = []
  let count = 0
  const flush = async (): Promise<void> => {
    if (current === null || rows.length === 0) return
    const columns = current.columns.map(([column]) => column).join(', ')
    const arrays = current.columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ')
    await query(
      `INSERT INTO ${current.name} (${columns}) SELECT * FROM unnest(${arrays})`,
      current.columns.map((_, index) => rows.map((row) => row[index])),
    )
    rows = []
  }
  return {
    flush,
    count: () => count,
    table: async (table) => {
      await flush()
      current = table
    },
    row: async (row) => {
      if (current === null) throw new Error('a row stands before its table')
      rows.push(row)
      count += 1
      if (rows.length >= rowsAtOnce) await flush()
    },
  }
}

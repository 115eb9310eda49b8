/**
 * What a column holds. It settles the column's SQL type and how a dump spells it: numbers that stand
 * for a name are spelt as that name.
 */
export type ColumnKind =
  | 'position'
  | 'count'
  | 'flag'
  | 'instant'
  | 'milliseconds'
  | 'day'
  /** A word of the log; or a list or a tuple of words as JSON. */
  | 'term'
  | 'value'
  | 'controller'
  | 'subject'
  | 'lot'
  | 'facet'
  | 'event'
  | 'pseudonym'
  | 'digest'
  | 'text'

export type Column = Readonly<{ holds: ColumnKind; optional?: true }>

/** A table of the views and the order of its rows. */
export type Table = Readonly<{
  name: string
  columns: Readonly<Record<string, Column | ColumnKind>>
  /** One column: the table's row id. Several: the table is kept in their order. */
  key: readonly string[]
  /** Columns that together are unique beside the key. */
  unique?: readonly string[]
}>

const sqlTypes: Record<ColumnKind, string> = {
  position: 'INTEGER',
  count: 'INTEGER',
  flag: 'INTEGER',
  instant: 'INTEGER',
  milliseconds: 'INTEGER',
  day: 'INTEGER',
  term: 'INTEGER',
  value: 'INTEGER',
  controller: 'INTEGER',
  subject: 'INTEGER',
  lot: 'INTEGER',
  facet: 'INTEGER',
  event: 'BLOB',
  pseudonym: 'BLOB',
  digest: 'ANY',
  text: 'TEXT',
}

/** The columns of a table with what each holds. */
export function columnsOf({ columns }: Table): [name: string, column: Column][] {
  return Object.entries(columns).map(([name, column]) => [
    name,
    typeof column === 'string' ? { holds: column } : column,
  ])
}

/** The statement that creates the table. */
export function createTable(table: Table): string {
  const parts = columnsOf(table).map(
    ([name, { holds, optional }]) => `${name} ${sqlTypes[holds]}${optional ? '' : ' NOT NULL'}`,
  )
  parts.push(`PRIMARY KEY (${table.key.join(', ')})`)
  if (table.unique) parts.push(`UNIQUE (${table.unique.join(', ')})`)
  const order = table.key.length > 1 ? ', WITHOUT ROWID' : ''
  return `CREATE TABLE ${table.name} (${parts.join(', ')}) STRICT${order}`
}

/** The columns of a row in the order of the table, for an INSERT of all of them. */
export function insertInto(table: Table, conflict: '' | 'OR IGNORE' = ''): string {
  const names = Object.keys(table.columns)
  const marks = names.map(() => '?').join(', ')
  return `INSERT ${conflict} INTO ${table.name} (${names.join(', ')}) VALUES (${marks})`
}

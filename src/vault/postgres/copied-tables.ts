import { z } from 'zod'

export type ColumnType = 'text' | 'int' | 'bytea'

/** A table that a backup copies: its columns in order, and by which its rows are sorted. */
export type CopiedTable = Readonly<{
  name: string
  columns: readonly (readonly [name: string, type: ColumnType])[]
  key: string
}>

/**
 * What a backup copies. `generation` and `node` are of the running nodes, and `version` is in the first
 * line. Sorted by key, so that the order of the rows does not tell which were written together.
 */
export const copiedTables: readonly CopiedTable[] = [
  table('meta', 'name', { name: 'text', value: 'bytea' }),
  table('controller', 'number', {
    number: 'int',
    name: 'text',
    index_epoch: 'int',
    index_secret: 'bytea',
  }),
  table('epoch', 'controller, number', { controller: 'int', number: 'int' }),
  table('rotation', 'controller', { controller: 'int', target: 'int', moved_up_to: 'bytea' }),
  table('subject', 'id', { id: 'bytea', controller: 'int', state: 'text' }),
  table('data_key', 'subject, lot, category', {
    subject: 'bytea',
    lot: 'text',
    category: 'text',
    id: 'text',
    epoch: 'int',
    wrapped: 'bytea',
  }),
  table('identified', 'digest', { digest: 'bytea', owner: 'bytea' }),
  table('identifying', 'subject, digest', { subject: 'bytea', digest: 'bytea' }),
  table('suppressed', 'tag, purpose', { tag: 'bytea', purpose: 'text' }),
  table('returned', 'subject', { subject: 'bytea' }),
]

function table(name: string, key: string, columns: Record<string, ColumnType>): CopiedTable {
  return { name, key, columns: Object.entries(columns) }
}

/** The first line of a backup. `schema`: the version of the tables. */
export const BackupHead = z.object({
  format: z.literal('custody.postgres-vault'),
  version: z.literal(1),
  schema: z.int().positive(),
})

/** The line before the rows of a table. */
export const BackupTable = z.strictObject({ table: z.string() })

/** The last line. `sha256`: hexadecimal, of all bytes before this line. */
export const BackupEnd = z.strictObject({
  rows: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

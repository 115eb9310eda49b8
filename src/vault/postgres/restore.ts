import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { z } from 'zod'
import { VaultUnavailable } from '../vault.ts'
import {
  BackupEnd,
  BackupHead,
  BackupTable,
  type ColumnType,
  type CopiedTable,
  copiedTables,
} from './copied-tables.ts'
import { createDriver, type PostgresServer, type Query } from './driver.ts'
import { currentVersion, isSchemaName, migrate } from './migrations.ts'
import { createFilling } from './rows.ts'

export type PostgresRestore = Readonly<{
  server: PostgresServer
  /** Where the tables are to be; there must be no vault in it. */
  schema: string
  /** What `backup` wrote. */
  path: string
}>

/**
 * Makes a vault of a backup, in one transaction: whole or not at all. The keys of its epochs are in the
 * keyring still, or nothing in it opens. Deletions since then are to be applied again: see `appliedUpTo`.
 *
 * @throws VaultUnavailable when the schema is taken, or the file is not whole
 */
export async function restorePostgresVault(restore: PostgresRestore): Promise<void> {
  const { server, schema, path } = restore
  if (!isSchemaName(schema)) throw new VaultUnavailable(`${schema} is no name of a schema`)
  const driver = createDriver(server, schema)
  try {
    await driver.transaction((query) => readInto(query, schema, path))
  } catch (cause) {
    throw new VaultUnavailable(`couldn't restore ${path}: ${(cause as Error).message}`, { cause })
  } finally {
    await driver.close()
  }
}

async function readInto(query: Query, schema: string, path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    const hash = createHash('sha256')
    const target = createFilling(query)
    let parse: (row: unknown) => unknown[] = () => {
      throw new Error('a row stands before its table')
    }
    let head: z.infer<typeof BackupHead> | null = null
    let end: z.infer<typeof BackupEnd> | null = null
    for await (const text of file.readLines({ encoding: 'utf8' })) {
      if (end !== null) throw new Error('something follows its last line')
      const line: unknown = JSON.parse(text)
      if (head === null) {
        head = BackupHead.parse(line)
        await prepare(query, schema, head.schema)
      } else if (Array.isArray(line)) await target.row(parse(line))
      else if (BackupTable.safeParse(line).success) {
        const table = tableOf(BackupTable.parse(line).table)
        await target.table(table)
        parse = parserOf(table)
      } else end = BackupEnd.parse(line)
      if (end === null) hash.update(`${text}\n`)
    }
    if (end === null) throw new Error('its last line is missing')
    await target.flush()
    if (target.count() !== end.rows || hash.digest('hex') !== end.sha256) {
      throw new Error('it was altered: the digest in its last line is another one')
    }
  } finally {
    await file.close()
  }
}

async function prepare(query: Query, schema: string, version: number): Promise<void> {
  if (version > currentVersion) {
    throw new Error(`its tables have version ${version}: a later Custody made it`)
  }
  if ((await migrate(query, schema, version)) > 0) {
    throw new Error(`there is a vault in the schema ${schema} already`)
  }
}

/** The parser of a table's rows as they stand in a line. */
function parserOf({ columns }: CopiedTable): (row: unknown) => unknown[] {
  const parser = z.tuple(
    columns.map(([, type]) => columnParsers[type]) as [z.ZodType, ...z.ZodType[]],
  )
  return (row) => parser.parse(row)
}

function tableOf(name: string): CopiedTable {
  const table = copiedTables.find((one) => one.name === name)
  if (!table) throw new Error(`there is no table ${name}`)
  return table
}

const columnParsers: Readonly<Record<ColumnType, z.ZodType>> = {
  text: z.string(),
  int: z.int(),
  bytea: z.base64().transform((text) => Buffer.from(text, 'base64')),
}

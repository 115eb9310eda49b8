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

const rowsAtOnce = 2_000

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
    const target = createTarget(query)
    let head: z.infer<typeof BackupHead> | null = null
    let end: z.infer<typeof BackupEnd> | null = null
    for await (const text of file.readLines({ encoding: 'utf8' })) {
      if (end !== null) throw new Error('something follows its last line')
      const line: unknown = JSON.parse(text)
      if (head === null) {
        head = BackupHead.parse(line)
        await prepare(query, schema, head.schema)
      } else if (Array.isArray(line)) await target.row(line)
      else if (BackupTable.safeParse(line).success)
        await target.table(BackupTable.parse(line).table)
      else end = BackupEnd.parse(line)
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

/** Collects rows and inserts many at a time. */
function createTarget(query: Query) {
  let table: CopiedTable | null = null
  let parse: (row: unknown) => unknown[] = () => {
    throw new Error('a row stands before its table')
  }
  let rows: unknown[][] = []
  let count = 0
  const flush = async (): Promise<void> => {
    if (table === null || rows.length === 0) return
    const columns = table.columns.map(([column]) => column).join(', ')
    const arrays = table.columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ')
    await query(
      `INSERT INTO ${table.name} (${columns}) SELECT * FROM unnest(${arrays})`,
      table.columns.map((_, index) => rows.map((row) => row[index])),
    )
    rows = []
  }
  return {
    flush,
    count: () => count,
    table: async (name: string): Promise<void> => {
      await flush()
      table = copiedTables.find((one) => one.name === name) ?? null
      if (table === null) throw new Error(`there is no table ${name}`)
      const parser = z.tuple(
        table.columns.map(([, type]) => columnParsers[type]) as [z.ZodType, ...z.ZodType[]],
      )
      parse = (row) => parser.parse(row)
    },
    row: async (row: unknown): Promise<void> => {
      rows.push(parse(row))
      count += 1
      if (rows.length >= rowsAtOnce) await flush()
    },
  }
}

const columnParsers: Readonly<Record<ColumnType, z.ZodType>> = {
  text: z.string(),
  int: z.int(),
  bytea: z.base64().transform((text) => Buffer.from(text, 'base64')),
}

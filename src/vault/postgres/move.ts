import { hash, type KeyObject } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { clearEpoch } from '../epoch-table.ts'
import type { Keyring } from '../keyring.ts'
import { createMetaTable } from '../meta-table.ts'
import { requireRootKey, rootKeyCheck } from '../root-key-check.ts'
import { currentFormat } from '../schema.ts'
import { createTables } from '../vault-file.ts'
import { VaultUnavailable } from '../vault.ts'
import { copiedTables } from './copied-tables.ts'
import { createDriver, type PostgresServer, type Query } from './driver.ts'
import { isSchemaName, migrate } from './migrations.ts'
import { createFilling, eachRows, type Row } from './rows.ts'
import { sqliteRows } from './sqlite-rows.ts'

export type VaultMove = Readonly<{
  /** The vault's file, open on a connection that keeps all others away. Nothing is written to it. */
  source: DatabaseSync
  server: PostgresServer
  /** Where the tables are to be; made where it is missing. */
  schema: string
  rootKey: KeyObject
  keyring: Keyring
}>

/** `there`: an earlier run has moved all of it. `taken`: another vault is there, or this one as it was once. */
export type VaultMoved = Readonly<
  { status: 'moved' | 'there'; subjects: number; dataKeys: number } | { status: 'taken' }
>

/** So that nothing of what is there is changed. */
class Taken extends Error {}

/**
 * Makes the vault of a file anew in a schema of PostgreSQL, in one transaction: whole, and read back, or not
 * at all. With the same root key and keyring it opens what the file opened. Its `appliedUpTo` is the start.
 *
 * @throws VaultUnavailable when the keys are not those of the file, when it has an earlier format, or when
 *   what was read back is not what was written; and what the server says
 */
export async function moveVaultToPostgres(move: VaultMove): Promise<VaultMoved> {
  const { source, server, schema } = move
  if (!isSchemaName(schema)) throw new VaultUnavailable(`${schema} is no name of a schema`)
  const driver = createDriver(server, schema)
  source.exec('BEGIN')
  try {
    assertOpens(move)
    const digests = sourceDigests(source)
    const status = await driver.transaction(async (query) => {
      const isNew = (await migrate(query, schema)) === 0
      if (isNew) await fill(query, source)
      const isSame = sameDigests(digests, await targetDigests(query))
      if (isSame) return isNew ? ('moved' as const) : ('there' as const)
      if (!isNew) throw new Taken()
      throw new VaultUnavailable("couldn't move the vault: other rows were read back than written")
    })
    const rowsOf = (table: string) => digests.get(table)!.rows
    return { status, subjects: rowsOf('subject'), dataKeys: rowsOf('data_key') }
  } catch (error) {
    if (error instanceof Taken) return { status: 'taken' }
    throw error
  } finally {
    source.exec('ROLLBACK')
    await driver.close()
  }
}

/**
 * Whether the vault in the schema was once made of this file, however it has changed since: it has its name.
 * @throws VaultUnavailable when the server can't be asked
 */
export async function isVaultMoved({
  source,
  server,
  schema,
}: Pick<VaultMove, 'source' | 'server' | 'schema'>): Promise<boolean> {
  if (!isSchemaName(schema)) return false
  const driver = createDriver(server, schema)
  try {
    const [known] = await driver.query<{ known: boolean }>(
      'SELECT to_regclass($1) IS NOT NULL AS known',
      [`"${schema}".meta`],
    )
    if (!known!.known) return false
    const [row] = await driver.query<{ value: Buffer }>(
      `SELECT value FROM meta WHERE name = 'vault'`,
    )
    const own = createMetaTable(source).get('vault')
    return own !== null && row?.value.equals(own) === true
  } finally {
    await driver.close()
  }
}

/** Every controller's keys open by the root key and the keyring. @throws VaultUnavailable */
function assertOpens({ source, rootKey, keyring }: VaultMove): void {
  const meta = createMetaTable(source)
  if (meta.get('format')?.[0] !== currentFormat) {
    throw new VaultUnavailable(
      `the vault's file has another format than ${currentFormat}: open it once with this Custody`,
    )
  }
  requireRootKey(meta.get('root key check')!, rootKeyCheck(rootKey))
  const { controllers, epochs, begin } = createTables(
    source,
    keyring,
    meta.get('vault')!.toString('hex'),
  )
  begin()
  for (const controller of controllers.all()) {
    const numbers = epochs.numbers(controller)
    if (numbers.includes(clearEpoch)) {
      throw new VaultUnavailable(
        "the vault's file was not yet brought to its present format: open it once with this Custody",
      )
    }
    for (const number of numbers) epochs.of(controller, number)
    controllers.load(controller.name)
  }
}

async function fill(query: Query, source: DatabaseSync): Promise<void> {
  const filling = createFilling(query)
  for (const table of copiedTables) {
    await filling.table(table)
    for (const row of sqliteRows(source, table.name)) await filling.row(row)
  }
  await filling.flush()
}

/** How many rows there are, and the sum of their hashes modulo 2^256: the same in whatever order they come. */
type Digest = { rows: number; sum: bigint }

type Digests = ReadonlyMap<string, Digest>

function sourceDigests(source: DatabaseSync): Digests {
  const digests = new Map<string, Digest>()
  for (const { name } of copiedTables) {
    const digest: Digest = { rows: 0, sum: 0n }
    for (const row of sqliteRows(source, name)) add(digest, row)
    digests.set(name, digest)
  }
  return digests
}

async function targetDigests(query: Query): Promise<Digests> {
  const digests = new Map<string, Digest>()
  for (const table of copiedTables) {
    const digest: Digest = { rows: 0, sum: 0n }
    await eachRows(query, table, (rows) => {
      for (const row of rows) {
        // A node that was opened on it has noted that; it is the same vault still.
        if (table.name !== 'meta' || row[0] !== 'applied up to') add(digest, row)
      }
    })
    digests.set(table.name, digest)
  }
  return digests
}

function add(digest: Digest, row: Row): void {
  const text = JSON.stringify(row.map((value) => (Buffer.isBuffer(value) ? [hexOf(value)] : value)))
  digest.rows += 1
  digest.sum = BigInt.asUintN(256, digest.sum + BigInt(`0x${hash('sha256', text)}`))
}

function hexOf(value: Buffer): string {
  return value.toString('hex')
}

function sameDigests(one: Digests, other: Digests): boolean {
  return [...one].every(([table, { rows, sum }]) => {
    const found = other.get(table)
    return found !== undefined && found.rows === rows && found.sum === sum
  })
}

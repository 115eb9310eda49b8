import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { Keyring } from '../../src/vault/keyring.ts'
import {
  openPostgresVault,
  type PostgresVaultOptions,
} from '../../src/vault/postgres/postgres-vault.ts'
import { restorePostgresVault } from '../../src/vault/postgres/restore.ts'
import type { Vault } from '../../src/vault/vault.ts'
import type { VaultHarness } from '../contracts/vault-support.ts'
import type { TestPostgres } from '../support/postgres.ts'
import { keyringIn } from './sqlite-harness.ts'

export type PostgresHarness = VaultHarness &
  Readonly<{
    schema: string
    rootKey: KeyObject
    keyring: Keyring
    open(options?: Partial<PostgresVaultOptions>): Promise<Vault>
    /** A client of no vault, to look at the store from outside. Its names are looked up in the schema. */
    outside(): Promise<pg.Client>
  }>

/** A vault in a schema of its own. */
export function postgresHarness(postgres: TestPostgres): PostgresHarness {
  const directory = mkdtempSync(join(tmpdir(), 'custody-vault-'))
  const rootKey = createSecretKey(randomBytes(32))
  const keyring = keyringIn(join(directory, 'keys'), rootKey)
  const { connectionString } = postgres
  const schema = `vault_${randomBytes(6).toString('hex')}`
  const schemas = [schema]
  const handles: Vault[] = []
  const clients: pg.Client[] = []
  let backups = 0

  const open = async (options: Partial<PostgresVaultOptions> = {}) => {
    const vault = await openPostgresVault({
      server: { connectionString },
      schema,
      rootKey,
      keyring,
      defaultCountry: 'US',
      ...options,
    })
    handles.push(vault)
    return vault
  }
  const outside = async () => {
    const client = new pg.Client({ connectionString, options: `-c search_path=${schema}` })
    client.on('error', () => undefined)
    await client.connect()
    clients.push(client)
    return client
  }
  return {
    schema,
    rootKey,
    keyring,
    open,
    outside,
    backupPath: () => join(directory, `backup-${(backups += 1)}.jsonl`),
    openBackup: async (path) => {
      const restored = `${schema}_${schemas.length}`
      schemas.push(restored)
      await restorePostgresVault({ server: { connectionString }, schema: restored, path })
      return open({ schema: restored })
    },
    dispose: async () => {
      for (const vault of handles) await vault.close()
      // The schemas go with the server, at the end of the file.
      for (const one of clients) await one.end()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

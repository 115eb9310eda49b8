import { type KeyObject, randomBytes } from 'node:crypto'
import { textDigest } from '../controller-keys.ts'
import { createEpochKeys } from '../epoch-keys.ts'
import type { Keyring } from '../keyring.ts'
import { requireRootKey, rootKeyCheck } from '../root-key-check.ts'
import { type CacheBounds, createVaultMemory, defaultBounds } from '../vault-memory.ts'
import { type Vault, VaultUnavailable } from '../vault.ts'
import { createCleaning } from './cleaning.ts'
import { createCoherence } from './coherence.ts'
import { createKeysOf, digestedWith, type PostgresCore } from './core.ts'
import { createDataKeys } from './data-keys.ts'
import { createDestruction } from './destruction.ts'
import { createDriver, type Driver, type PostgresServer, type Query } from './driver.ts'
import { createEpochs } from './epochs.ts'
import { isSchemaName, migrate } from './migrations.ts'
import { createOrder } from './order.ts'
import { createPeople } from './people.ts'
import { createSuppressions } from './suppression.ts'
import { createUpkeep } from './upkeep.ts'

export type PostgresVaultOptions = Readonly<{
  server: PostgresServer
  /** The schema of the vault's tables, for it alone; made where it is missing. */
  schema?: string
  rootKey: KeyObject
  /** Has the keys of the epochs, and is the same one for all nodes. */
  keyring: Keyring
  /** ISO 3166-1 alpha-2: how a phone number without a country prefix is read. */
  defaultCountry?: string | undefined
  cacheBounds?: CacheBounds
  /** How long a destruction waits for other transactions of the database, in milliseconds. */
  destroyWaitMs?: number
  /** For how long a node that is not heard of is waited for, in milliseconds: see `coherence.ts`. */
  leaseMs?: number
}>

const defaultSchema = 'custody_vault'
const defaultDestroyWaitMs = 10_000
const defaultLeaseMs = 2_000

/**
 * The vault in a schema of a PostgreSQL database, which many nodes may open at once. The schema is made
 * or brought up to date, and a rotation that was stopped goes on.
 *
 * @throws VaultUnavailable when the server cannot be reached, or the vault was made with another root key
 */
export async function openPostgresVault(options: PostgresVaultOptions): Promise<Vault> {
  const schema = options.schema ?? defaultSchema
  if (!isSchemaName(schema)) throw new VaultUnavailable(`${schema} is no name of a schema`)
  const driver = createDriver(options.server, schema)
  try {
    const name = await driver.transaction(async (query) => {
      await migrate(query, schema)
      return introduce(query, options.rootKey)
    })
    return await assemble(driver, options, { name, schema })
  } catch (error) {
    await driver.close()
    throw error
  }
}

async function assemble(
  driver: Driver,
  options: PostgresVaultOptions,
  { name, schema }: Readonly<{ name: string; schema: string }>,
): Promise<Vault> {
  const { keyring, defaultCountry } = options
  const memory = createVaultMemory(options.cacheBounds ?? defaultBounds)
  const epochs = createEpochs(createEpochKeys(keyring, name), name)
  const coherence = await createCoherence({
    driver,
    memory,
    channel: schema,
    leaseMs: options.leaseMs ?? defaultLeaseMs,
    forgotten: epochs.keys.forget,
  })
  const core: PostgresCore = {
    driver,
    epochs,
    memory,
    coherence,
    cleaning: createCleaning(driver, options.destroyWaitMs ?? defaultDestroyWaitMs),
    order: createOrder(),
    defaultCountry,
    digested: (keys, identifiers) => digestedWith(keys, identifiers, defaultCountry),
    ...createKeysOf(driver, epochs),
  }
  const { resume, stop, ...upkeep } = createUpkeep(core, { keyring, name })
  resume()
  return {
    ...createPeople(core),
    ...createDataKeys(core),
    ...createDestruction(core),
    ...createSuppressions(core),
    ...upkeep,
    digest: (controller, domain, text) => {
      const keys = core.knownKeys(controller)
      if (!keys) throw new Error(`the keys of ${controller} are not ready: await ready() first`)
      return textDigest(keys, domain, text)
    },
    ready: async (controller) => {
      await core.keysOf(controller)
    },
    close: async () => {
      await stop()
      await coherence.close()
      await driver.close()
    },
  }
}

/**
 * Checks that the root key is the one that the vault was made with. In the transaction that migrates, so
 * that of several nodes that start at once one gives the vault its name.
 * @returns the vault's own name, under which the keyring has its keys: 32 hexadecimal digits
 */
async function introduce(query: Query, rootKey: KeyObject): Promise<string> {
  const check = rootKeyCheck(rootKey)
  await query(
    `INSERT INTO meta (name, value) VALUES ('root key check', $1), ('vault', $2)
     ON CONFLICT (name) DO NOTHING`,
    [check, randomBytes(16)],
  )
  const rows = await query<{ name: string; value: Buffer }>(
    `SELECT name, value FROM meta WHERE name IN ('root key check', 'vault')`,
  )
  const meta = new Map(rows.map(({ name, value }) => [name, value]))
  requireRootKey(meta.get('root key check')!, check)
  return meta.get('vault')!.toString('hex')
}

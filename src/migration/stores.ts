import type { Configuration } from '../config.ts'
import { destroyFile } from '../files/durable-file.ts'
import { loadKeys } from '../keys.ts'
import { keptBeside } from '../notary/high-water.ts'
import { loadSigningKey } from '../notary/signing-key.ts'
import { verifyLedger } from '../notary/verify.ts'
import { verifierKey } from '../proof/note.ts'
import { isVaultMoved, moveVaultToPostgres, type VaultMoved } from '../vault/postgres/move.ts'
import { compareLogs, describeParting } from './compare.ts'
import { MigrationRefused, migrateLedger, type LedgerMoved, type MoveStep } from './ledger.ts'
import { withStores, type Files, type Opened } from './opened.ts'
import { survey } from './trees.ts'

/** `checking`: the source against everything that was signed of it; the other steps are of the ledger. */
export type MigrationStep = MoveStep | 'checking'

export type Migration = Readonly<{
  /** The data directory of the embedded stores. */
  from: string
  /** In records; `total` is 0 while it is not known. */
  onProgress?: (step: MigrationStep, done: number, total: number) => void
}>

export type Migrated = Readonly<{
  ledger: LedgerMoved
  /** `there`: an earlier run had moved it. */
  vault: Exclude<VaultMoved, { status: 'taken' }>
}>

/**
 * Moves the embedded stores of a directory, which nothing serves, to the event store and the PostgreSQL that
 * the configuration names. Nothing that the source holds is changed, and while this runs nobody can open its vault.
 * Everything that may refuse comes first; then the vault, in one transaction; then the ledger. A part of a
 * ledger alone is served by nobody, since more was signed; a whole ledger without its vault would be.
 *
 * @throws MigrationRefused; LogUnavailable, VaultUnavailable or Error when a store or a key failed
 */
export async function migrateStores(
  configuration: Configuration,
  migration: Migration,
): Promise<Migrated> {
  return withStores(configuration, migration.from, async (opened) => {
    await assertSigned(configuration, opened.files, migration)
    const moved: { vault?: Migrated['vault'] } = {}
    const ledger = await migrateLedger({
      source: opened.source,
      target: opened.target,
      ...(migration.onProgress ? { onProgress: migration.onProgress } : {}),
      prepare: async () => {
        moved.vault = await moveVault(configuration, opened)
      },
    })
    return { ledger, vault: moved.vault! }
  })
}

/**
 * Destroys the vault's file of stores that were moved: every byte is overwritten, and it is taken away. First
 * the cluster is looked at: it has that very vault, and its ledger begins with all that the old one has.
 *
 * @returns how many records the old ledger has
 * @throws MigrationRefused where that is not so; nothing is destroyed then
 */
export async function destroyMovedVault(
  configuration: Configuration,
  { from, onProgress }: Migration,
): Promise<{ records: number }> {
  const { file, records } = await withStores(configuration, from, async (opened) => {
    const { source, files, vault, server, schema } = opened
    const surveyed = await survey(source)
    const total = surveyed.records
    const { parting } = await compareLogs(opened, surveyed.signed, (done) =>
      onProgress?.('comparing', done, total),
    )
    if (parting?.source) throw new MigrationRefused(`not moved: ${describeParting(parting)}`)
    if (!(await isVaultMoved({ source: vault, server, schema }))) {
      throw new MigrationRefused(`not moved: the vault in the schema ${schema} is not this one`)
    }
    return { file: files.vault, records: total }
  })
  for (const suffix of ['-wal', '-shm', '']) destroyFile(file + suffix)
  return { records }
}

async function moveVault(
  configuration: Configuration,
  { vault, server, schema }: Opened,
): Promise<Migrated['vault']> {
  const keys = loadKeys(configuration)
  const moved = await moveVaultToPostgres({ source: vault, server, schema, ...keys })
  if (moved.status !== 'taken') return moved
  throw new MigrationRefused(
    `there is a vault in the schema ${schema} already, and it is not this one as it is now: name another ` +
      'schema, or drop that one if nothing was ever served from it',
  )
}

/** @throws MigrationRefused where the source is not what was signed of it, or is damaged */
async function assertSigned(
  { notaryKeyFile, dataDirectory, origin }: Configuration,
  { ledger, notary }: Files,
  { onProgress }: Migration,
): Promise<void> {
  const loaded = loadSigningKey({ file: notaryKeyFile, dataDirectory, createIfMissing: false })
  const { first } = await verifyLedger({
    ledger: { store: 'sqlite', file: ledger },
    notaryPath: notary,
    keys: loaded.ok ? [verifierKey({ name: origin, privateKey: loaded.key })] : [],
    pinned: false,
    kept: keptBeside(notaryKeyFile, origin).map((kept) => ({ ...kept, own: true })),
    onProgress: (position, head) => onProgress?.('checking', position, head),
  })
  if (!first) return
  const where = first.position === null ? '' : `position ${first.position}: `
  throw new MigrationRefused(
    `the ledger is not whole, or not what was signed: ${where}${first.message} (${first.code})`,
  )
}

import { copyFileSync, existsSync, linkSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Configuration } from './config.ts'
import { ControllerId } from './domain/values.ts'
import { destroyFile, syncDirectory, syncFile } from './files/durable-file.ts'
import { loadKeys } from './keys.ts'
import { openSqliteEventReader } from './ledger/sqlite/event-reader.ts'
import { isOpenElsewhere, openDatabase } from './sqlite/open.ts'
import { openSqliteVault } from './vault/sqlite-vault.ts'

/** What a restore puts in place; a store that is not named stays as it is. */
export type RestoreStep = Readonly<{ ledger?: string; vault?: string; replace: boolean }>

/** A restore that was not begun, and why. Nothing was changed. */
export class RestoreRefused extends Error {
  override readonly name = 'RestoreRefused'
}

/**
 * Puts copies of stores in place. Everything that may refuse comes before the first change. The ledger's
 * old file is kept beside the new one, for it holds nothing in clear; the vault's is destroyed, for its keys are
 * to be where they are looked after. What is derived from a ledger (views, the notary's tree) goes with it and
 * is made anew at the next start, which also deletes again what a restored vault has brought back.
 *
 * @returns where the old ledger is kept, if there was one
 * @throws RestoreRefused; Error when a file could not be written
 */
export async function restoreStores(
  configuration: Configuration,
  { ledger, vault, replace }: RestoreStep,
): Promise<{ keptLedger: string | null }> {
  const { viewsFile, notaryFile } = configuration
  const newLedger = ledger === undefined ? null : ledgerFileOf(configuration, ledger)
  const newVault = vault === undefined ? null : vaultFileOf(configuration, vault)
  const wanted = [newLedger, newVault].filter((one) => one !== null)
  for (const { source, target } of wanted) check(source, target, replace)
  for (const { source, target } of wanted) copyBeside(source, target)
  if (newLedger) await usable(newLedger.target, assertLedger)
  if (newVault) await usable(newVault.target, (fresh) => assertOpens(fresh, configuration))
  if (vault !== undefined && !newVault) await restoreOnServer(configuration.vault, vault)
  let keptLedger: string | null = null
  if (newVault) putInPlace(newVault.target, destroyFile)
  if (newLedger) {
    putInPlace(newLedger.target, (old) => {
      keptLedger = keep(old, newLedger.target)
    })
    for (const derived of [viewsFile, notaryFile]) discard(derived)
  }
  return { keptLedger }
}

type Wanted = Readonly<{ source: string; target: string }>

function ledgerFileOf({ ledger }: Configuration, source: string): Wanted {
  if (ledger.store === 'sqlite') return { source, target: ledger.file }
  throw new RestoreRefused(
    'the ledger is in an event store, which is copied and restored by its own means: see docs/operations.md',
  )
}

/** Null: the vault is on a server. */
function vaultFileOf({ vault }: Configuration, source: string): Wanted | null {
  return vault.store === 'sqlite' ? { source, target: vault.file } : null
}

/** A vault that is there is not given up here: other nodes may be serving from it. */
async function restoreOnServer(vault: Configuration['vault'], path: string): Promise<void> {
  if (vault.store !== 'postgresql') throw new Error(`unreachable: ${vault.store} is a file`)
  const { connectionString, schema } = vault
  if (!existsSync(path)) throw new RestoreRefused(`there is no file ${path}`)
  const { restorePostgresVault } = await import('./vault/postgres/restore.ts')
  try {
    await restorePostgresVault({ server: { connectionString }, schema, path })
  } catch (cause) {
    const { message } = cause as Error
    const what = 'name an empty schema (CUSTODY_POSTGRESQL_SCHEMA), and drop the old one afterwards'
    throw new RestoreRefused(`${message}. If a vault is there: ${what}`, { cause })
  }
}

function check(source: string, target: string, replace: boolean): void {
  if (!existsSync(source)) throw new RestoreRefused(`there is no file ${source}`)
  if (!existsSync(target)) return
  if (!replace) {
    throw new RestoreRefused(`there is a store at ${target} already: say --replace to give it up`)
  }
  if (isOpenElsewhere(target)) {
    throw new RestoreRefused(`${target} is in use: stop what serves it first`)
  }
}

const freshOf = (target: string) => `${target}.restoring`

function copyBeside(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 })
  discard(freshOf(target))
  copyFileSync(source, freshOf(target))
  syncFile(freshOf(target))
}

/** A copy that cannot be used is taken away again. */
async function usable(
  target: string,
  assert: (fresh: string) => Promise<void> | void,
): Promise<void> {
  try {
    await assert(freshOf(target))
  } catch (cause) {
    discard(freshOf(target))
    throw new RestoreRefused((cause as Error).message, { cause })
  }
}

function assertLedger(fresh: string): void {
  // Opening it for writing first puts the copy in the mode that reading asks for.
  openDatabase(fresh).close()
  void openSqliteEventReader(fresh).close()
}

/** With these keys, every controller's: a copy whose epoch was destroyed opens nothing, for ever. */
async function assertOpens(fresh: string, configuration: Configuration): Promise<void> {
  const vault = await openSqliteVault({ path: fresh, ...loadKeys(configuration) })
  try {
    for (const controller of controllersIn(fresh)) await vault.ready(controller)
  } finally {
    await vault.close()
  }
}

function controllersIn(fresh: string): ControllerId[] {
  const database = openDatabase(fresh, { secureDelete: true })
  try {
    const rows = database.prepare('SELECT name FROM controller ORDER BY name').all()
    return rows.map(({ name }) => ControllerId.parse(name))
  } finally {
    database.close()
  }
}

/** After a power cut there is the old file or the new one, whole. */
function putInPlace(target: string, giveUp: (old: string) => void): void {
  const old = `${target}.replaced`
  if (existsSync(target)) {
    emptyWriteAheadLog(target)
    destroyFile(old)
    linkSync(target, old)
  }
  renameSync(freshOf(target), target)
  for (const suffix of ['-wal', '-shm']) destroyFile(target + suffix)
  syncDirectory(dirname(target))
  if (existsSync(old)) giveUp(old)
}

/** So that the kept file holds all that was in it. */
function emptyWriteAheadLog(path: string): void {
  try {
    const database = openDatabase(path)
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    database.close()
  } catch {
    // What is given up may be broken: that is why something is restored.
  }
}

function keep(old: string, ledgerFile: string): string {
  for (let number = 1; ; number += 1) {
    const kept = `${ledgerFile}.replaced-${number}`
    if (existsSync(kept)) continue
    renameSync(old, kept)
    return kept
  }
}

function discard(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
}

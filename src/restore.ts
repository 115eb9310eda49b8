import { copyFileSync, existsSync, linkSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Configuration } from './config.ts'
import { destroyFile, syncDirectory, syncFile } from './files/durable-file.ts'
import { openSqliteEventReader } from './ledger/sqlite/event-reader.ts'
import { isOpenElsewhere, openDatabase } from './sqlite/open.ts'

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
export function restoreStores(
  { ledgerFile, vaultFile, viewsFile, notaryFile }: Configuration,
  { ledger, vault, replace }: RestoreStep,
): { keptLedger: string | null } {
  const wanted = [
    ...(ledger === undefined ? [] : [{ source: ledger, target: ledgerFile }]),
    ...(vault === undefined ? [] : [{ source: vault, target: vaultFile }]),
  ]
  for (const { source, target } of wanted) check(source, target, replace)
  if (ledger !== undefined) assertLedger(ledger)
  let keptLedger: string | null = null
  if (vault !== undefined) putInPlace(vault, vaultFile, destroyFile)
  if (ledger !== undefined) {
    putInPlace(ledger, ledgerFile, (old) => {
      keptLedger = keep(old, ledgerFile)
    })
    for (const derived of [viewsFile, notaryFile]) discard(derived)
  }
  return { keptLedger }
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

/** The vault checks its own file when it is opened: that needs its keys. */
function assertLedger(source: string): void {
  try {
    // Opening for reading needs the write-ahead log's mode, which a copy has only once it was opened.
    openDatabase(source).close()
    void openSqliteEventReader(source).close()
  } catch (cause) {
    throw new RestoreRefused((cause as Error).message, { cause })
  }
}

/** After a power cut there is the old file or the new one, whole. */
function putInPlace(source: string, target: string, giveUp: (old: string) => void): void {
  const fresh = `${target}.restoring`
  const old = `${target}.replaced`
  rmSync(fresh, { force: true })
  copyFileSync(source, fresh)
  syncFile(fresh)
  if (existsSync(target)) {
    emptyWriteAheadLog(target)
    destroyFile(old)
    linkSync(target, old)
  }
  renameSync(fresh, target)
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

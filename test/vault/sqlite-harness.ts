import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFileKeyring } from '../../src/vault/file-keyring.ts'
import type { Keyring } from '../../src/vault/keyring.ts'
import { openSqliteVault, type SqliteVaultOptions } from '../../src/vault/sqlite-vault.ts'
import type { Vault } from '../../src/vault/vault.ts'
import type { VaultHarness } from '../contracts/vault-support.ts'

export type SqliteHarness = VaultHarness &
  Readonly<{
    path: string
    rootKey: KeyObject
    keyring: Keyring
    open(options?: Partial<SqliteVaultOptions>): Promise<Vault>
  }>

/** The keyring in a directory, which is far from any data. */
export function keyringIn(directory: string, rootKey: KeyObject): Keyring {
  const dataDirectory = join(directory, '..', 'data')
  const opened = openFileKeyring({ directory, rootKey, dataDirectory })
  if (!opened.ok) throw new Error(opened.problem)
  return opened.keyring
}

/** A vault file in a directory of its own. */
export function sqliteHarness(): SqliteHarness {
  const directory = mkdtempSync(join(tmpdir(), 'custody-vault-'))
  const path = join(directory, 'vault.sqlite')
  const rootKey = createSecretKey(randomBytes(32))
  const keyring = keyringIn(join(directory, 'keys'), rootKey)
  let backups = 0
  const handles: Vault[] = []
  const open = async (options: Partial<SqliteVaultOptions> = {}) => {
    const defaults = { path, rootKey, keyring, defaultCountry: 'US' }
    const vault = await openSqliteVault({ ...defaults, ...options })
    handles.push(vault)
    return vault
  }
  return {
    path,
    rootKey,
    keyring,
    open,
    backupPath: () => join(directory, `backup-${(backups += 1)}.sqlite`),
    openBackup: (backup) => open({ path: backup }),
    dispose: async () => {
      for (const vault of handles) await vault.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteVault, type SqliteVaultOptions } from '../../src/vault/sqlite-vault.ts'
import type { Vault } from '../../src/vault/vault.ts'
import type { VaultHarness } from '../contracts/vault-support.ts'

export type SqliteHarness = VaultHarness &
  Readonly<{
    path: string
    rootKey: KeyObject
    open(options?: Partial<SqliteVaultOptions>): Promise<Vault>
  }>

/** A vault file in a directory of its own. */
export function sqliteHarness(): SqliteHarness {
  const directory = mkdtempSync(join(tmpdir(), 'custody-vault-'))
  const path = join(directory, 'vault.sqlite')
  const rootKey = createSecretKey(randomBytes(32))
  const handles: Vault[] = []
  return {
    path,
    rootKey,
    open: async (options = {}) => {
      const vault = await openSqliteVault({ path, rootKey, defaultCountry: 'US', ...options })
      handles.push(vault)
      return vault
    },
    dispose: async () => {
      for (const vault of handles) await vault.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

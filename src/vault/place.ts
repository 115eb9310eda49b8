import type { KeyObject } from 'node:crypto'
import type { Keyring } from './keyring.ts'
import { openSqliteVault } from './sqlite-vault.ts'
import type { Vault } from './vault.ts'

/** Where the vault is. */
export type VaultPlace = Readonly<
  | { store: 'sqlite'; file: string }
  | { store: 'postgresql'; connectionString: string; schema: string }
>

/** What no store has, and every store needs. */
export type VaultKeys = Readonly<{
  rootKey: KeyObject
  keyring: Keyring
  /** ISO 3166-1 alpha-2: how a phone number without a country prefix is read. */
  defaultCountry?: string
}>

/** @throws VaultUnavailable when it could not be opened, or was made with another root key */
export async function openVault(place: VaultPlace, keys: VaultKeys): Promise<Vault> {
  if (place.store === 'sqlite') return openSqliteVault({ path: place.file, ...keys })
  // Its driver is loaded by those alone who use it.
  const { openPostgresVault } = await import('./postgres/postgres-vault.ts')
  const { connectionString, schema } = place
  return openPostgresVault({ server: { connectionString }, schema, ...keys })
}

import type { KeyObject } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Configuration } from './config.ts'
import { openFileKeyring } from './vault/file-keyring.ts'
import type { Keyring } from './vault/keyring.ts'
import { loadRootKey } from './vault/root-key.ts'

/**
 * The root key, made where there is no vault yet, and the keys of the vault's epochs.
 * @throws Error saying which of them could not be had, and what to do
 */
export function loadKeys(configuration: Configuration): { rootKey: KeyObject; keyring: Keyring } {
  const { dataDirectory, vault, rootKeyFile, keyringDirectory } = configuration
  const rootKey = loadRootKey({
    env: configuration.rootKey,
    file: rootKeyFile,
    dataDirectory,
    // A new key opens no vault that is there already: then a missing one is a wrong path. A vault on a
    // server can't be looked for without its key; but where it is, its keyring is.
    createIfMissing: !existsSync(vault.store === 'sqlite' ? vault.file : keyringDirectory),
  })
  if (!rootKey.ok) throw new Error(`couldn't load the root key: ${rootKey.problem}`)
  const directory = keyringDirectory
  const keyring = openFileKeyring({ directory, rootKey: rootKey.key, dataDirectory })
  if (!keyring.ok) throw new Error(`couldn't open the keyring: ${keyring.problem}`)
  return { rootKey: rootKey.key, keyring: keyring.keyring }
}

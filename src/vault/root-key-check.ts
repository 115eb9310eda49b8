import { hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto'
import { VaultUnavailable } from './vault.ts'

/** Tells one root key from another and says nothing else of it (HKDF-SHA-256, RFC 5869). */
export function rootKeyCheck(rootKey: KeyObject): Buffer {
  return Buffer.from(hkdfSync('sha256', rootKey, '', 'custody.vault.root-key-check', 32))
}

/** @param made the check of the key that the vault was made with @throws VaultUnavailable */
export function requireRootKey(made: Buffer, check: Buffer): void {
  if (made.length === check.length && timingSafeEqual(made, check)) return
  throw new VaultUnavailable(
    'the root key is not the one that this vault was made with: set CUSTODY_ROOT_KEY or ' +
      'CUSTODY_ROOT_KEY_FILE to that one; no other key opens what is sealed',
  )
}

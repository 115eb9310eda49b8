import { hkdfSync, type KeyObject } from 'node:crypto'

/**
 * The key that seals the API's cursors, derived from the root key by HKDF-SHA-256 (RFC 5869): 32 bytes, the same
 * on every node and after a restart, so that a page may be asked of another node than the one before.
 *
 * @param ledger a name of the log that the positions in cursors are of: in another one they mean nothing
 */
export function cursorKey(rootKey: KeyObject, ledger: string): Buffer {
  const info = JSON.stringify(['custody.cursor', 1, ledger])
  return Buffer.from(hkdfSync('sha256', rootKey, '', info, 32))
}

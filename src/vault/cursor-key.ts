import { hkdfSync, type KeyObject } from 'node:crypto'

/**
 * The key that seals the API's cursors, derived from the root key by HKDF-SHA-256 (RFC 5869): 32 bytes, the same
 * on every node and after a restart, so that a page may be asked of another node than the one before.
 */
export function cursorKey(rootKey: KeyObject): Buffer {
  return Buffer.from(hkdfSync('sha256', rootKey, '', JSON.stringify(['custody.cursor', 1]), 32))
}

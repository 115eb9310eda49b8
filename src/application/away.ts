import { Contended } from '../ledger/execute-types.ts'
import { LogUnavailable } from '../ledger/event-log.ts'
import { VaultUnavailable } from '../vault/vault.ts'

/**
 * Which store could not do what was asked, where it may be able to soon: it is away, full, or too much asked of.
 * Null for any other error. Whether what was asked is done is not known: ask again, under the same key.
 */
export function storeAway(error: unknown): 'ledger' | 'vault' | null {
  if (error instanceof LogUnavailable || error instanceof Contended) return 'ledger'
  return error instanceof VaultUnavailable ? 'vault' : null
}

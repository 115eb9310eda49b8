import { randomBytes } from 'node:crypto'
import type { CategoryKey, ControllerId, Lot, SubjectId } from '../../src/domain/values.ts'
import type { DataKey, Identifier, KeyScope, Vault } from '../../src/vault/vault.ts'

/** One store that lives as long as the harness, however often it is opened and closed. */
export type VaultHarness = Readonly<{
  /** A new handle on the store, as another process would have it. Reads phone numbers as of the US. */
  open(options?: { cacheBounds?: { dataKeys: number; spellings: number } }): Promise<Vault>
  /** Where a backup may be written: no such file exists. */
  backupPath(): string
  /** A handle on what a backup wrote, with the same keyring, as after a restore. */
  openBackup(path: string): Promise<Vault>
  /** Closes what is open, and removes the store. */
  dispose(): Promise<void>
}>

/** The store of the test that runs, and a first handle on it. */
export type AtTest = { harness: VaultHarness; vault: Vault }

export const symphony = 'symphony-commerce' as ControllerId
export const acquirer = 'acquirer' as ControllerId

export const email = (value: string): Identifier => ({ scheme: 'email', value })
export const phone = (value: string): Identifier => ({ scheme: 'phone', value })
export const customer = (value: string): Identifier => ({ scheme: 'customer-id', value })

export function scope(category: string, lot: string): KeyScope {
  return { category: category as CategoryKey, lot: lot as Lot }
}

export const contact = scope('user.contact.email', 'account-data')
export const orders = scope('user.payment', 'orders/2015-02-11')

export function someone(): SubjectId {
  return randomBytes(16).toString('hex') as SubjectId
}

export const ids = (keys: readonly (DataKey | null)[]) => keys.map((key) => key?.id ?? null)

/** Past the moment until which the memory of one handle may not know what another destroyed. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2))
}

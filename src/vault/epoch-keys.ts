import type { KeyObject } from 'node:crypto'
import type { ControllerId } from '../domain/values.ts'
import { createIndexMask, type IndexMask } from './index-mask.ts'
import type { Keyring } from './keyring.ts'
import { VaultUnavailable } from './vault.ts'

/** A controller of a vault: its row's number, and its name. */
export type ControllerRow = Readonly<{ number: number; name: ControllerId }>

export type Epoch = Readonly<{ number: number; key: KeyObject; mask: IndexMask }>

/** The keyring does not have the key of an epoch. */
export class EpochKeyMissing extends VaultUnavailable {}

/** The keys of a vault's epochs, asked of the keyring once. */
export type EpochKeys = Readonly<{
  /** @throws EpochKeyMissing "epoch … destroyed" */
  of(controller: ControllerRow, number: number): Epoch
  /** The first number that neither these nor any epoch of the keyring have, with its key on the disk. */
  make(controller: ControllerRow, used: readonly number[]): Epoch
  /** The keys that are remembered. */
  forget(): void
}>

/** @param vault the vault's own name, under which the keyring has its keys */
export function createEpochKeys(keyring: Keyring, vault: string): EpochKeys {
  const loaded = new Map<string, Epoch>()
  const remember = (name: ControllerId, number: number, key: KeyObject): Epoch => {
    const epoch = { number, key, mask: createIndexMask(key) }
    loaded.set(`${name} ${number}`, epoch)
    return epoch
  }
  return {
    of: ({ name }, number) => {
      const known = loaded.get(`${name} ${number}`)
      if (known) return known
      const key = keyring.load({ vault, controller: name, epoch: number })
      if (!key) throw destroyed(name, number, keyring)
      return remember(name, number, key)
    },
    make: ({ name }, used) => {
      // A restored vault does not know the epochs that came after it; no number is used twice.
      const number = Math.max(0, ...used, ...keyring.list(vault, name)) + 1
      return remember(name, number, keyring.make({ vault, controller: name, epoch: number }))
    },
    forget: () => loaded.clear(),
  }
}

function destroyed(name: ControllerId, number: number, keyring: Keyring): EpochKeyMissing {
  return new EpochKeyMissing(
    `the key of epoch ${number} of controller ${name} was destroyed, or is in another keyring than ` +
      `${keyring.name}: nothing that this vault keeps under it can be opened; when it is a restored ` +
      'backup from before the destruction, restore a later one, else set CUSTODY_KEYRING',
  )
}

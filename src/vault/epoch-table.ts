import type { DatabaseSync } from 'node:sqlite'
import { type ControllerRow, createEpochKeys, type Epoch } from './epoch-keys.ts'
import { type IndexMask, noMask } from './index-mask.ts'
import type { Keyring } from './keyring.ts'

/** The index rows that the first format of the file left in clear are of this epoch, which has no key. */
export const clearEpoch = 0

/**
 * The epochs that rows of the file are under; the last one is current. Keys come from the keyring, once.
 * To be used inside a transaction, which it is told of.
 */
export type EpochTable = Readonly<{
  /** @param isChanged whether another connection, which may rotate too, has committed since the last one */
  begin(isChanged: boolean): void
  /** The numbers of the epochs in use, the current one first. Epoch `clearEpoch` may be the last. */
  numbers(controller: ControllerRow): readonly number[]
  /** What rows are made under. @throws VaultUnavailable */
  current(controller: ControllerRow): Epoch
  /** @throws VaultUnavailable "epoch … destroyed" when the keyring does not have it */
  of(controller: ControllerRow, number: number): Epoch
  /** How index rows of an epoch stand in the file. @throws VaultUnavailable */
  mask(controller: ControllerRow, number: number): IndexMask
  /** Begins a new epoch, whose key is on the disk before it is named here. */
  add(controller: ControllerRow): Epoch
  /** No row is under an epoch before this one any more. */
  removeBefore(controller: ControllerRow, number: number): void
  /** The keys that are remembered. */
  forget(): void
}>

/** The epochs of a vault file. @param vault the vault's own name, under which the keyring has its keys */
export function createEpochTable(
  database: DatabaseSync,
  keyring: Keyring,
  vault: string,
): EpochTable {
  const select = database.prepare(
    'SELECT number FROM epoch WHERE controller = ? ORDER BY number DESC',
  )
  const insert = database.prepare('INSERT INTO epoch (controller, number) VALUES (?, ?)')
  const deleteBefore = database.prepare('DELETE FROM epoch WHERE controller = ? AND number < ?')
  const numbers = new Map<number, readonly number[]>()
  const keys = createEpochKeys(keyring, vault)
  /** What was changed may be rolled back: it is read anew in the next transaction. */
  let isTouched = false

  const numbersOf = ({ number }: ControllerRow): readonly number[] => {
    const known = numbers.get(number)
    if (known) return known
    const found = (select.all(number) as { number: number }[]).map((row) => row.number)
    numbers.set(number, found)
    return found
  }
  return {
    of: keys.of,
    numbers: numbersOf,
    begin: (isChanged) => {
      if (isChanged || isTouched) numbers.clear()
      isTouched = false
    },
    current: (controller) => keys.of(controller, numbersOf(controller)[0]!),
    mask: (controller, number) =>
      number === clearEpoch ? noMask : keys.of(controller, number).mask,
    add: (controller) => {
      const epoch = keys.make(controller, numbersOf(controller))
      isTouched = true
      insert.run(controller.number, epoch.number)
      numbers.delete(controller.number)
      return epoch
    },
    removeBefore: (controller, number) => {
      isTouched = true
      deleteBefore.run(controller.number, number)
      numbers.delete(controller.number)
    },
    forget: keys.forget,
  }
}

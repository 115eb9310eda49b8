import type { KeyObject } from 'node:crypto'
import type { ControllerId } from '../domain/values.ts'

/**
 * The port of the keyring: epoch keys, outside the vault. A backup of a vault names the epochs that its
 * rows are wrapped under and holds none of their keys, so that destroying an epoch here makes every older
 * backup unreadable, wherever it lies (N4, S31). Stores: files beside the root key.
 *
 * Synchronous, because keys are made and loaded inside transactions of the vault; a key is loaded once.
 */
export interface Keyring {
  /** Where it is, for messages. */
  readonly name: string

  /**
   * The epoch's key: the one that is there, or a new one. On the disk when it returns, and the same
   * for all who make it at once.
   * @param adopted 32 bytes: the key to keep where there is none, instead of a new one
   * @throws VaultUnavailable when it cannot be made, or the one that is there cannot be opened
   */
  make(place: EpochPlace, adopted?: KeyObject): KeyObject

  /**
   * Null when it was destroyed or was never made.
   * @throws VaultUnavailable when it was altered, or was made with another root key
   */
  load(place: EpochPlace): KeyObject | null

  /**
   * The epochs of a controller whose keys are there, ascending. Ends a destruction that was stopped.
   * @throws VaultUnavailable
   */
  list(vault: string, controller: ControllerId): readonly number[]

  /**
   * Overwrites the key and removes it; gone from the disk when it returns. Idempotent.
   * @throws VaultUnavailable
   */
  destroy(place: EpochPlace): void
}

/** Which epoch of whom: the vault's own random name (32 hexadecimal digits), controller, number from 1. */
export type EpochPlace = Readonly<{ vault: string; controller: ControllerId; epoch: number }>

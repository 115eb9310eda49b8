import type { KeyObject } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { ControllerRow } from './epoch-keys.ts'
import { clearEpoch } from './epoch-table.ts'
import type { Keyring } from './keyring.ts'
import { createSlotTable } from './slot-table.ts'
import { VaultUnavailable } from './vault.ts'
import { unwrap, wrappedLength } from './wrapping.ts'

type Upgrade = Readonly<{
  database: DatabaseSync
  rootKey: KeyObject
  keyring: Keyring
  /** The vault's own name, which is on the disk. */
  vault: string
}>

/**
 * Brings a file of the first format, which had its epoch keys inside and its index rows in clear, to the
 * second: the keys go to the keyring and their slots are zeroed; the index rows are said to be of the
 * epoch that has no mask, and a rotation is begun that moves them. Inside a transaction.
 *
 * @throws VaultUnavailable when an epoch key was altered, or the keyring cannot take it
 */
export function upgradeFirstFormat({ database, rootKey, keyring, vault }: Upgrade): void {
  const secrets = createSlotTable(database, 'secret', wrappedLength)
  const epochs = database
    .prepare(
      `SELECT controller.number, name, epoch.number AS epoch, secret
       FROM epoch JOIN controller ON controller.number = epoch.controller ORDER BY epoch.number`,
    )
    .all() as (ControllerRow & { epoch: number; secret: number })[]
  const latest = new Map<number, number>()
  for (const { number, name, epoch, secret } of epochs) {
    const key = unwrap(rootKey, ['epoch', name, String(epoch)], secrets.read(secret))
    if (!key) throw new VaultUnavailable(`the keys of controller ${name} were altered`)
    keyring.make({ vault, controller: name, epoch }, key)
    secrets.free(secret)
    latest.set(number, epoch)
  }
  database.exec(`
    CREATE TABLE epoch_of_rows (
      controller INTEGER NOT NULL,
      number INTEGER NOT NULL,
      PRIMARY KEY (controller, number)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO epoch_of_rows SELECT controller, number FROM epoch;
    DROP TABLE epoch;
    ALTER TABLE epoch_of_rows RENAME TO epoch;
    CREATE TABLE rotation (
      controller INTEGER PRIMARY KEY,
      target INTEGER NOT NULL,
      moved_up_to BLOB NOT NULL
    ) STRICT;`)
  const addClear = database.prepare('INSERT INTO epoch (controller, number) VALUES (?, ?)')
  const begin = database.prepare('INSERT INTO rotation VALUES (?, ?, zeroblob(0))')
  for (const [controller, epoch] of latest) {
    addClear.run(controller, clearEpoch)
    begin.run(controller, epoch)
  }
}

import type { KeyObject } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { ControllerId } from '../domain/values.ts'
import { type ControllerKeys, deriveControllerKeys, indexPurpose } from './controller-keys.ts'
import type { ControllerRow } from './epoch-keys.ts'
import type { EpochTable } from './epoch-table.ts'
import type { SlotTable } from './slot-table.ts'
import { VaultUnavailable } from './vault.ts'
import { newKey, unwrap, wrap } from './wrapping.ts'

/** A wrapped key's move from one epoch to another; nothing is changed before it is applied. */
export type Rewrap = () => void

export type ControllerTable = Readonly<{
  /** Asks no key. Null where the vault does not know the controller. */
  row(controller: ControllerId): ControllerRow | null
  all(): readonly ControllerRow[]
  /** Null where the controller has none yet. */
  load(controller: ControllerId): ControllerKeys | null
  /** Those that another process made meanwhile, or new ones. */
  loadOrMake(controller: ControllerId): ControllerKeys
  /** What brings the index key under the current epoch. @throws VaultUnavailable */
  rewraps(controller: ControllerRow): Rewrap[]
}>

/** To be used inside a transaction. @param secrets holds the wrapped bytes */
export function createControllerTable(
  database: DatabaseSync,
  epochs: EpochTable,
  secrets: SlotTable,
): ControllerTable {
  const select = database.prepare(
    `SELECT number, index_epoch AS indexEpoch, index_secret AS indexSecret
     FROM controller WHERE name = ?`,
  )
  const selectAll = database.prepare('SELECT number, name FROM controller ORDER BY number')
  const selectNext = database.prepare(
    'SELECT coalesce(max(number), 0) + 1 AS number FROM controller',
  )
  const insert = database.prepare(
    'INSERT INTO controller (number, name, index_epoch, index_secret) VALUES (?, ?, ?, ?)',
  )
  const update = database.prepare(
    'UPDATE controller SET index_epoch = ?, index_secret = ? WHERE number = ?',
  )
  const find = (controller: ControllerId) => select.get(controller) as Row | undefined

  const open = (row: ControllerRow, { indexEpoch, indexSecret }: Row): KeyObject => {
    const { key } = epochs.of(row, indexEpoch)
    const wrapped = secrets.read(indexSecret)
    const indexKey = unwrap(key, indexPurpose(row.name, indexEpoch), wrapped)
    if (!indexKey) throw new VaultUnavailable(`the keys of controller ${row.name} were altered`)
    return indexKey
  }
  const load = (name: ControllerId): ControllerKeys | null => {
    const row = find(name)
    if (!row) return null
    const controller = { number: row.number, name }
    return deriveControllerKeys(controller, open(controller, row))
  }
  return {
    row: (name) => {
      const row = find(name)
      return row ? { number: row.number, name } : null
    },
    all: () => (selectAll.all() as ControllerRow[]).map(({ number, name }) => ({ number, name })),
    load,
    loadOrMake: (name) => {
      const known = load(name)
      if (known) return known
      const controller = { number: (selectNext.get() as ControllerRow).number, name }
      const epoch = epochs.add(controller)
      const index = newKey(epoch.key, indexPurpose(name, epoch.number))
      insert.run(controller.number, name, epoch.number, secrets.allocate(index.wrapped))
      return deriveControllerKeys(controller, index.key)
    },
    rewraps: (controller) => {
      const row = find(controller.name)
      const epoch = epochs.current(controller)
      if (!row || row.indexEpoch === epoch.number) return []
      const raw = open(controller, row).export()
      const wrapped = wrap(epoch.key, indexPurpose(controller.name, epoch.number), raw)
      raw.fill(0)
      return [
        () => {
          secrets.overwrite(row.indexSecret, wrapped)
          update.run(epoch.number, row.indexSecret, controller.number)
        },
      ]
    },
  }
}

type Row = Readonly<{ number: number; indexEpoch: number; indexSecret: number }>

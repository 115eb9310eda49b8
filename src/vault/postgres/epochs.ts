import type { KeyObject } from 'node:crypto'
import type { ControllerId } from '../../domain/values.ts'
import { type ControllerKeys, deriveControllerKeys, indexPurpose } from '../controller-keys.ts'
import { type ControllerRow, type EpochKeys, EpochKeyMissing } from '../epoch-keys.ts'
import { VaultUnavailable } from '../vault.ts'
import { newKey, unwrap, wrap } from '../wrapping.ts'
import type { Query } from './driver.ts'
import { lockNumber } from './migrations.ts'

/**
 * Controllers and the epochs that their rows are under. Who writes rows holds the controller's lock
 * shared, and who begins, ends or destroys an epoch holds it alone: so within a transaction that has it
 * the epochs stay as they are. It is held in the server's memory and costs no write.
 */
export type Epochs = Readonly<{
  keys: EpochKeys
  /** Asks no key. Null where the vault does not know the controller. */
  row(query: Query, controller: ControllerId): Promise<ControllerRow | null>
  load(query: Query, controller: ControllerId): Promise<ControllerKeys | null>
  /** In a transaction. Those that another node made meanwhile, or new ones. */
  loadOrMake(query: Query, controller: ControllerId): Promise<ControllerKeys>
  /** In a transaction: takes the lock to write rows. The epochs in use, the current one first. */
  share(query: Query, controller: ControllerRow): Promise<readonly number[]>
  /** In a transaction: takes the lock to change epochs. The epochs in use, the current one first. */
  hold(query: Query, controller: ControllerRow): Promise<readonly number[]>
  /** In a transaction that holds the lock: a new epoch, with the index key under it. Its number. */
  begin(query: Query, controller: ControllerRow, used: readonly number[]): Promise<number>
}>

/** @param vault the vault's own name */
export function createEpochs(keys: EpochKeys, vault: string): Epochs {
  const take = async (query: Query, lock: string, { number, name }: ControllerRow) => {
    await query(`SELECT ${lock}($1)`, [lockNumber('controller', vault, name)])
    return numbersOf(query, number)
  }
  const indexKeyOf = (row: Row): KeyObject => {
    const { key } = keys.of(row, row.indexEpoch)
    const indexKey = unwrap(key, indexPurpose(row.name, row.indexEpoch), row.indexSecret)
    if (!indexKey) throw new VaultUnavailable(`the keys of controller ${row.name} were altered`)
    return indexKey
  }
  const load = async (query: Query, name: ControllerId): Promise<ControllerKeys | null> => {
    const row = await find(query, name)
    return row && deriveControllerKeys(row, indexKeyOf(row))
  }
  return {
    keys,
    load,
    row: async (query, name) => {
      const row = await find(query, name)
      return row && { number: row.number, name }
    },
    loadOrMake: async (query, name) => {
      await query('SELECT pg_advisory_xact_lock($1)', [lockNumber('controllers', vault)])
      const known = await load(query, name)
      if (known) return known
      const [next] = await query<{ number: number }>(
        'SELECT coalesce(max(number), 0)::int + 1 AS number FROM controller',
      )
      const controller = { number: next!.number, name }
      const epoch = keys.make(controller, [])
      const index = newKey(epoch.key, indexPurpose(name, epoch.number))
      await query(
        `INSERT INTO controller (number, name, index_epoch, index_secret) VALUES ($1, $2, $3, $4)`,
        [controller.number, name, epoch.number, index.wrapped],
      )
      await insertEpoch(query, controller, epoch.number)
      return deriveControllerKeys(controller, index.key)
    },
    share: (query, controller) => take(query, 'pg_advisory_xact_lock_shared', controller),
    hold: (query, controller) => take(query, 'pg_advisory_xact_lock', controller),
    begin: async (query, controller, used) => {
      // What cannot be opened cannot be moved: that is said before anything is changed.
      const row = (await find(query, controller.name))!
      const indexKey = indexKeyOf(row)
      const epoch = keys.make(controller, used)
      await insertEpoch(query, controller, epoch.number)
      const raw = indexKey.export()
      const wrapped = wrap(epoch.key, indexPurpose(controller.name, epoch.number), raw)
      raw.fill(0)
      await query('UPDATE controller SET index_epoch = $1, index_secret = $2 WHERE number = $3', [
        epoch.number,
        wrapped,
        controller.number,
      ])
      return epoch.number
    },
  }
}

type Row = Readonly<{
  number: number
  name: ControllerId
  indexEpoch: number
  indexSecret: Buffer
}>

async function find(query: Query, name: ControllerId): Promise<Row | null> {
  const [row] = await query<Row>(
    `SELECT number, name, index_epoch AS "indexEpoch", index_secret AS "indexSecret"
     FROM controller WHERE name = $1`,
    [name],
  )
  return row ?? null
}

/** The epochs in use, the current one first. */
export async function numbersOf(query: Query, controller: number): Promise<readonly number[]> {
  const rows = await query<{ number: number }>(
    'SELECT number FROM epoch WHERE controller = $1 ORDER BY number DESC',
    [controller],
  )
  return rows.map(({ number }) => number)
}

async function insertEpoch(query: Query, { number }: ControllerRow, epoch: number): Promise<void> {
  await query('INSERT INTO epoch (controller, number) VALUES ($1, $2)', [number, epoch])
}

const mostReadings = 3

/**
 * Reads outside of any lock: an epoch may end, and be destroyed, between a row and its key. Then the row
 * is under another one by now, and is read again.
 */
export async function rereading<Result>(read: () => Promise<Result>): Promise<Result> {
  for (let time = 1; ; time += 1) {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof EpochKeyMissing) || time === mostReadings) throw error
    }
  }
}

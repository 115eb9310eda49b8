import type { KeyObject } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { Lot, SubjectId } from '../domain/values.ts'
import type { Rewrap } from './controller-table.ts'
import { dataKeyPurpose, type KeyOwner } from './data-key-purpose.ts'
import type { EpochTable } from './epoch-table.ts'
import { createRandomSource } from './random.ts'
import type { SlotTable } from './slot-table.ts'
import { subjectBytes } from './subjects.ts'
import { type DataKey, type KeyScope, VaultUnavailable } from './vault.ts'
import { newKey, unwrap, wrap } from './wrapping.ts'

const randomBytes = createRandomSource()

/** The data keys, wrapped. To be used inside a transaction. */
export type DataKeyTable = Readonly<{
  /** Null where the key is destroyed or was never made. */
  find(owner: KeyOwner, scope: KeyScope): DataKey | null
  /** A new key. There must be none. */
  make(owner: KeyOwner, scope: KeyScope): DataKey
  destroyLot(subject: SubjectId, lot: Lot): void
  destroyScope(subject: SubjectId, scope: KeyScope): void
  destroyAll(subject: SubjectId): void
  hasAny(subject: SubjectId): boolean
  /** What brings a subject's keys under the current epoch. @throws VaultUnavailable */
  rewraps(owner: KeyOwner): Rewrap[]
}>

/** The data keys of a vault file, by person, category and lot. @param secrets holds the wrapped bytes */
export function createDataKeyTable(
  database: DatabaseSync,
  epochs: EpochTable,
  secrets: SlotTable,
): DataKeyTable {
  const select = database.prepare(
    `SELECT id, epoch, secret FROM data_key WHERE subject = ? AND lot = ? AND category = ?`,
  )
  const insert = database.prepare(
    `INSERT INTO data_key (subject, lot, category, id, epoch, secret) VALUES (?, ?, ?, ?, ?, ?)`,
  )
  const notUnder = database.prepare(
    'SELECT lot, category, id, epoch, secret FROM data_key WHERE subject = ? AND epoch <> ?',
  )
  const move = database.prepare(
    'UPDATE data_key SET epoch = ? WHERE subject = ? AND lot = ? AND category = ?',
  )
  const destroy = destroyer(database, secrets)
  const any = database.prepare('SELECT 1 FROM data_key WHERE subject = ? LIMIT 1')

  const open = (owner: KeyOwner, scope: KeyScope, { id, epoch, secret }: Row): KeyObject => {
    const wrapping = epochs.of(owner.controller, epoch).key
    const key = unwrap(wrapping, dataKeyPurpose(owner, scope, epoch, id), secrets.read(secret))
    if (!key) throw new VaultUnavailable(`the wrapped key ${id} was altered`)
    return key
  }

  return {
    find: (owner, scope) => {
      const { category, lot } = scope
      const row = select.get(subjectBytes(owner.subject), lot, category) as Row | undefined
      return row ? { id: row.id, key: open(owner, scope, row) } : null
    },
    make: (owner, scope) => {
      const epoch = epochs.current(owner.controller)
      const id = randomBytes(9).toString('base64url')
      const { key, wrapped } = newKey(epoch.key, dataKeyPurpose(owner, scope, epoch.number, id))
      const secret = secrets.allocate(wrapped)
      const { category, lot } = scope
      insert.run(subjectBytes(owner.subject), lot, category, id, epoch.number, secret)
      return { id, key }
    },
    rewraps: (owner) => {
      const epoch = epochs.current(owner.controller)
      const rows = notUnder.all(subjectBytes(owner.subject), epoch.number) as (Row & KeyScope)[]
      return rows.map((row) => {
        const raw = open(owner, row, row).export()
        const wrapped = wrap(epoch.key, dataKeyPurpose(owner, row, epoch.number, row.id), raw)
        raw.fill(0)
        return () => {
          secrets.overwrite(row.secret, wrapped)
          move.run(epoch.number, subjectBytes(owner.subject), row.lot, row.category)
        }
      })
    },
    destroyLot: (subject, lot) => destroy.ofLot(subjectBytes(subject), lot),
    destroyScope: (subject, { lot, category }) =>
      destroy.ofScope(subjectBytes(subject), lot, category),
    destroyAll: (subject) => destroy.all(subjectBytes(subject)),
    hasAny: (subject) => any.get(subjectBytes(subject)) !== undefined,
  }
}

/** Frees the wrapped bytes of the rows that match, and takes the rows away. */
function destroyer(database: DatabaseSync, secrets: SlotTable) {
  const those = (where: string) => {
    const select = database.prepare(`SELECT secret FROM data_key WHERE ${where}`)
    const remove = database.prepare(`DELETE FROM data_key WHERE ${where}`)
    return (...named: (Buffer | string)[]) => {
      const rows = select.all(...named) as { secret: number }[]
      for (const { secret } of rows) secrets.free(secret)
      remove.run(...named)
    }
  }
  return {
    all: those('subject = ?'),
    ofLot: those('subject = ? AND lot = ?'),
    ofScope: those('subject = ? AND lot = ? AND category = ?'),
  }
}

type Row = Readonly<{ id: string; epoch: number; secret: number }>

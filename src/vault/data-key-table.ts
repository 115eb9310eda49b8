import type { DatabaseSync } from 'node:sqlite'
import type { ControllerId, Lot, SubjectId } from '../domain/values.ts'
import type { ControllerKeys } from './controller-keys.ts'
import { createRandomSource } from './random.ts'
import type { SlotTable } from './slot-table.ts'
import { subjectBytes } from './subject-table.ts'
import { type DataKey, type KeyScope, VaultUnavailable } from './vault.ts'
import { newKey, unwrap } from './wrapping.ts'

const randomBytes = createRandomSource()

export type KeyOwner = Readonly<{
  controller: ControllerId
  keys: ControllerKeys
  subject: SubjectId
}>

/** The data keys, wrapped. To be used inside a transaction. */
export type DataKeyTable = Readonly<{
  /** Null where the key is destroyed or was never made. */
  find(owner: KeyOwner, scope: KeyScope): DataKey | null
  /** A new key. There must be none. */
  make(owner: KeyOwner, scope: KeyScope): DataKey
  destroyLot(subject: SubjectId, lot: Lot): void
  destroyAll(subject: SubjectId): void
  hasAny(subject: SubjectId): boolean
}>

/** The data keys of a vault file, by person, category and lot. @param secrets holds the wrapped bytes */
export function createDataKeyTable(database: DatabaseSync, secrets: SlotTable): DataKeyTable {
  const select = database.prepare(
    `SELECT id, epoch, secret FROM data_key WHERE subject = ? AND lot = ? AND category = ?`,
  )
  const insert = database.prepare(
    `INSERT INTO data_key (subject, lot, category, id, epoch, secret) VALUES (?, ?, ?, ?, ?, ?)`,
  )
  const ofLot = database.prepare('SELECT secret FROM data_key WHERE subject = ? AND lot = ?')
  const deleteLot = database.prepare('DELETE FROM data_key WHERE subject = ? AND lot = ?')
  const ofSubject = database.prepare('SELECT secret FROM data_key WHERE subject = ?')
  const deleteSubject = database.prepare('DELETE FROM data_key WHERE subject = ?')
  const any = database.prepare('SELECT 1 FROM data_key WHERE subject = ? LIMIT 1')
  const freeAll = (rows: unknown) => {
    for (const { secret } of rows as { secret: number }[]) secrets.free(secret)
  }

  return {
    find: (owner, { category, lot }) => {
      const row = select.get(subjectBytes(owner.subject), lot, category) as
        { id: string; epoch: number; secret: number } | undefined
      if (!row) return null
      if (row.epoch !== owner.keys.epoch) throw new VaultUnavailable(`no epoch key ${row.epoch}`)
      const purpose = purposeOf(owner, { category, lot }, row.id)
      const key = unwrap(owner.keys.epochKey, purpose, secrets.read(row.secret))
      if (!key) throw new VaultUnavailable(`the wrapped key ${row.id} was altered`)
      return { id: row.id, key }
    },
    make: (owner, { category, lot }) => {
      const id = randomBytes(9).toString('base64url')
      const { key, wrapped } = newKey(owner.keys.epochKey, purposeOf(owner, { category, lot }, id))
      const secret = secrets.allocate(wrapped)
      insert.run(subjectBytes(owner.subject), lot, category, id, owner.keys.epoch, secret)
      return { id, key }
    },
    destroyLot: (subject, lot) => {
      freeAll(ofLot.all(subjectBytes(subject), lot))
      deleteLot.run(subjectBytes(subject), lot)
    },
    destroyAll: (subject) => {
      freeAll(ofSubject.all(subjectBytes(subject)))
      deleteSubject.run(subjectBytes(subject))
    },
    hasAny: (subject) => any.get(subjectBytes(subject)) !== undefined,
  }
}

function purposeOf(owner: KeyOwner, { category, lot }: KeyScope, id: string): string[] {
  return ['data', owner.controller, owner.subject, category, lot, String(owner.keys.epoch), id]
}

import type { ControllerId, SubjectId } from '../../domain/values.ts'
import { SubjectOfAnother, subjectBytes } from '../subjects.ts'
import { SubjectFenced, type Vault, VaultUnavailable } from '../vault.ts'
import { type CleanedTable, transactionNumber } from './cleaning.ts'
import { lockSubject, type PostgresCore, setState } from './core.ts'
import type { Query } from './driver.ts'
import { digestsOf, unlink } from './index-rows.ts'

type Destruction = Pick<
  Vault,
  'fence' | 'unfence' | 'destroyLots' | 'destroyKeys' | 'destroySubject' | 'holds'
>

/**
 * The vault's part that closes people, and destroys what is theirs: deleted, forgotten by every node, taken
 * out of its pages by `VACUUM`, and looked for once more.
 */
export function createDestruction(core: PostgresCore): Destruction {
  const { driver, coherence, epochs, keysOf, order } = core

  const destroyKeysWhere = async (
    controller: ControllerId,
    subject: SubjectId,
    [where, ...values]: readonly [string, ...unknown[]],
  ) => {
    await order.earlier()
    const { number } = await keysOf(controller)
    await destroy(core, subject, ['data_key'], async (query) => {
      // Throws where the subject is another controller's.
      await lockSubject(query, number, subject)
      const rows = await query<{ id: string }>(
        `DELETE FROM data_key WHERE subject = $1 AND ${where} RETURNING id`,
        [subjectBytes(subject), ...values],
      )
      const ids = rows.map(({ id }) => id)
      // In their place there may be new keys by then, of somebody who is not fenced.
      return () => hasKeys(driver.query, subject, ids)
    })
  }

  return {
    fence: async (controller, subject) => {
      await order.earlier()
      const { number } = await keysOf(controller)
      const generation = await driver.transaction(async (query) => {
        const state = await lockSubject(query, number, subject)
        if (state !== 'destroyed') await setState(query, number, { subject, state: 'fenced' })
        return coherence.announce(query, subject)
      })
      await coherence.confirmed(generation)
    },
    unfence: async (controller, subject) => {
      const { number } = await keysOf(controller)
      await driver.transaction(async (query) => {
        const state = await lockSubject(query, number, subject)
        if (state === 'destroyed') throw new SubjectFenced('the subject was erased')
        if (state === 'fenced') await setState(query, number, { subject, state: 'open' })
      })
    },
    destroyLots: (controller, subject, lots) =>
      destroyKeysWhere(controller, subject, ['lot = ANY ($2)', lots]),
    destroyKeys: (controller, subject, scopes) =>
      destroyKeysWhere(controller, subject, [
        '(lot, category) IN (SELECT * FROM unnest($2::text[], $3::text[]))',
        scopes.map(({ lot }) => lot),
        scopes.map(({ category }) => category),
      ]),
    destroySubject: async (controller, subject) => {
      await order.earlier()
      const keys = await keysOf(controller)
      const id = subjectBytes(subject)
      await destroy(core, subject, ['data_key', 'identified', 'identifying'], async (query) => {
        const numbers = await epochs.share(query, keys)
        await lockSubject(query, keys.number, subject)
        const within = { controller: keys, epochs: epochs.keys, numbers }
        const rows = await digestsOf(query, within, id)
        await query('DELETE FROM data_key WHERE subject = $1', [id])
        await unlink(query, within, { subject: id, rows })
        await query('DELETE FROM returned WHERE subject = $1', [id])
        await setState(query, keys.number, { subject, state: 'destroyed' })
        return () => holds(core, controller, subject)
      })
    },
    holds: (controller, subject) => holds(core, controller, subject),
  }
}

/**
 * Runs a job that deletes, and sees to it that what it deleted is gone.
 * @param job answers how to look whether anything is left
 * @throws VaultUnavailable "… is pending"
 */
async function destroy(
  { driver, coherence, cleaning }: PostgresCore,
  subject: SubjectId,
  tables: readonly CleanedTable[],
  job: (query: Query) => Promise<() => Promise<boolean>>,
): Promise<void> {
  const { isLeft, transaction, generation } = await driver.transaction(async (query) => ({
    isLeft: await job(query),
    transaction: await transactionNumber(query),
    generation: await coherence.announce(query, subject),
  }))
  await coherence.confirmed(generation)
  await cleaning.cleaned(tables, transaction)
  if (await isLeft()) throw new VaultUnavailable('the destruction is pending: rows are left')
}

async function hasKeys(query: Query, subject: SubjectId, ids: readonly string[]): Promise<boolean> {
  const rows = await query('SELECT FROM data_key WHERE subject = $1 AND id = ANY ($2) LIMIT 1', [
    subjectBytes(subject),
    ids,
  ])
  return rows.length > 0
}

async function holds(
  { driver, epochs, keysOf }: PostgresCore,
  controller: ControllerId,
  subject: SubjectId,
): Promise<boolean> {
  const keys = await keysOf(controller)
  const id = subjectBytes(subject)
  return driver.transaction(async (query) => {
    const numbers = await epochs.share(query, keys)
    const [row] = await query<{ controller: number; hasKeys: boolean; hasIndexRows: boolean }>(
      `SELECT controller,
         EXISTS (SELECT FROM data_key WHERE subject = $1) AS "hasKeys",
         EXISTS (SELECT FROM identifying WHERE subject = ANY ($2)) AS "hasIndexRows"
       FROM subject WHERE id = $1`,
      [id, numbers.map((number) => epochs.keys.of(keys, number).mask.subjectKey(id))],
    )
    if (!row) return false
    if (row.controller !== keys.number) throw new SubjectOfAnother()
    return row.hasKeys || row.hasIndexRows
  })
}

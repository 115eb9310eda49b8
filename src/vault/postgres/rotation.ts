import type { CategoryKey, ControllerId, Lot, SubjectId } from '../../domain/values.ts'
import { dataKeyPurpose } from '../data-key-purpose.ts'
import type { ControllerRow } from '../epoch-keys.ts'
import { VaultUnavailable } from '../vault.ts'
import { unwrap, wrap } from '../wrapping.ts'
import { transactionNumber } from './cleaning.ts'
import type { PostgresCore } from './core.ts'
import { type Query, Restart } from './driver.ts'
import { link, type Within } from './index-rows.ts'

/** How many people are moved in one transaction: who wants one of them waits for some milliseconds. */
const batch = 64

export type Rotation = Readonly<{
  /** Begins a new epoch and resolves with its number when no row is under an older one. */
  rotate(controller: ControllerRow): Promise<number>
  /** Ends what was begun, by this node or another. */
  resume(): Promise<void>
  /** Lets no further batch begin. */
  stop(): void
}>

/**
 * Moves a controller's rows from epoch to epoch, some people at a time. How far it came is in the store,
 * with the rows, so that it can be stopped anywhere, and several nodes may go on with it at once.
 */
export function createRotation(core: PostgresCore): Rotation {
  const { driver, epochs, cleaning } = core
  let stopped = false

  const finish = async (controller: ControllerRow): Promise<void> => {
    for (;;) {
      if (stopped) throw new VaultUnavailable('the vault is closed')
      const step = await driver.transaction((query) => move(core, query, controller))
      if (step.target === null) return
      if (!step.isLast) continue
      // An epoch is in use for as long as a row that is wrapped under it is in a page.
      await cleaning.cleaned(
        ['controller', 'data_key', 'identified', 'identifying'],
        step.transaction,
      )
      await driver.transaction((query) => end(core, query, { controller, target: step.target! }))
    }
  }
  return {
    rotate: async (controller) => {
      await finish(controller)
      const epoch = await driver.transaction(async (query) => {
        const used = await epochs.hold(query, controller)
        const begun = await epochs.begin(query, controller, used)
        await query(
          `INSERT INTO rotation (controller, target, moved_up_to) VALUES ($1, $2, '')
           ON CONFLICT (controller) DO UPDATE
           SET target = excluded.target, moved_up_to = excluded.moved_up_to`,
          [controller.number, begun],
        )
        return begun
      })
      await finish(controller)
      return epoch
    },
    resume: async () => {
      const rows = await driver.query<{ number: number; name: ControllerId }>(
        'SELECT number, name FROM controller WHERE number IN (SELECT controller FROM rotation)',
      )
      for (const controller of rows) await finish(controller)
    },
    stop: () => {
      stopped = true
    },
  }
}

type Step = Readonly<{ target: number | null; isLast: boolean; transaction: string }>

type Progress = Readonly<{ target: number; movedUpTo: Buffer }>

async function move(core: PostgresCore, query: Query, controller: ControllerRow): Promise<Step> {
  const numbers = await core.epochs.share(query, controller)
  const [rotation] = await query<Progress>(
    `SELECT target, moved_up_to AS "movedUpTo" FROM rotation WHERE controller = $1 FOR UPDATE`,
    [controller.number],
  )
  const transaction = await transactionNumber(query)
  if (!rotation) return { target: null, isLast: true, transaction }
  const rows = await query<{ id: Buffer }>(
    `SELECT id FROM subject WHERE controller = $1 AND id > $2 ORDER BY id LIMIT $3
     FOR NO KEY UPDATE`,
    [controller.number, rotation.movedUpTo, batch],
  )
  const people = rows.map(({ id }) => id)
  const within = { controller, epochs: core.epochs.keys, numbers }
  await moveKeys(query, within, people)
  await moveIndexRows(query, within, people)
  const last = people.at(-1)
  if (last) {
    await query('UPDATE rotation SET moved_up_to = $2 WHERE controller = $1', [
      controller.number,
      last,
    ])
  }
  return { target: rotation.target, isLast: people.length < batch, transaction }
}

async function moveKeys(
  query: Query,
  { controller, epochs, numbers }: Within,
  people: readonly Buffer[],
): Promise<void> {
  const current = epochs.of(controller, numbers[0]!)
  const rows = await query<KeyRow>(
    `SELECT subject, lot, category, id, epoch, wrapped FROM data_key
     WHERE subject = ANY ($1) AND epoch <> $2`,
    [people, current.number],
  )
  if (rows.length === 0) return
  const rewrapped = rows.map((row) => {
    const owner = { controller, subject: row.subject.toString('hex') as SubjectId }
    const before = epochs.of(controller, row.epoch).key
    const key = unwrap(before, dataKeyPurpose(owner, row, row.epoch, row.id), row.wrapped)
    if (!key) throw new VaultUnavailable(`the wrapped key ${row.id} was altered`)
    const raw = key.export()
    const wrapped = wrap(current.key, dataKeyPurpose(owner, row, current.number, row.id), raw)
    raw.fill(0)
    return wrapped
  })
  await query(
    `UPDATE data_key SET epoch = $5, wrapped = moved.wrapped
     FROM unnest($1::bytea[], $2::text[], $3::text[], $4::bytea[])
       AS moved (subject, lot, category, wrapped)
     WHERE data_key.subject = moved.subject AND data_key.lot = moved.lot
       AND data_key.category = moved.category`,
    [
      rows.map(({ subject }) => subject),
      rows.map(({ lot }) => lot),
      rows.map(({ category }) => category),
      rewrapped,
      current.number,
    ],
  )
}

type KeyRow = Readonly<{
  subject: Buffer
  lot: Lot
  category: CategoryKey
  id: string
  epoch: number
  wrapped: Buffer
}>

/** The rows are found, deleted and made anew for a whole batch at a time. */
async function moveIndexRows(
  query: Query,
  within: Within,
  people: readonly Buffer[],
): Promise<void> {
  const { controller, epochs, numbers } = within
  for (const epoch of numbers.slice(1)) {
    const { mask } = epochs.of(controller, epoch)
    const subjects = new Map(people.map((id) => [mask.subjectKey(id).toString('hex'), id]))
    const rows = await query<{ subject: Buffer; digest: Buffer }>(
      'DELETE FROM identifying WHERE subject = ANY ($1) RETURNING subject, digest',
      [people.map(mask.subjectKey)],
    )
    if (rows.length === 0) continue
    const moved = rows.map((row) => ({
      digest: mask.openDigest(row.digest),
      subject: subjects.get(row.subject.toString('hex'))!,
    }))
    await query('DELETE FROM identified WHERE digest = ANY ($1)', [
      moved.map(({ digest }) => mask.digestKey(digest)),
    ])
    if ((await link(query, within, numbers[0]!, moved)) < moved.length) {
      throw new Restart('a digest stands under two epochs')
    }
  }
}

async function end(
  { epochs }: PostgresCore,
  query: Query,
  { controller, target }: Readonly<{ controller: ControllerRow; target: number }>,
): Promise<void> {
  await epochs.hold(query, controller)
  const ended = await query(
    'DELETE FROM rotation WHERE controller = $1 AND target = $2 RETURNING controller',
    [controller.number, target],
  )
  // Another node may have begun the next one, or ended this one.
  if (ended.length === 0) return
  await query('DELETE FROM epoch WHERE controller = $1 AND number < $2', [
    controller.number,
    target,
  ])
}

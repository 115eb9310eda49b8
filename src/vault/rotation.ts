import type { DatabaseSync } from 'node:sqlite'
import type { SubjectId } from '../domain/values.ts'
import type { ControllerRow } from './epoch-keys.ts'
import type { GroupCommit } from './group-commit.ts'
import type { Scrub } from './scrub.ts'
import { bytes } from './slot-table.ts'
import type { Tables } from './vault-file.ts'
import { VaultUnavailable } from './vault.ts'

/** How many people are moved in one transaction: it holds others up for some milliseconds. */
const batch = 32

export type Rotation = Readonly<{
  /** Begins a new epoch and resolves with its number when no row is under an older one. */
  rotate(controller: ControllerRow): Promise<number>
  /** Ends what was begun, by this process or another. */
  resume(): Promise<void>
  /** Lets no further batch begin. */
  stop(): void
}>

type Parts = Readonly<{
  database: DatabaseSync
  tables: Tables
  commits: GroupCommit
  scrub: Scrub
}>

/**
 * Moves a controller's rows from epoch to epoch, some people at a time: their wrapped keys are
 * overwritten in place and their index rows masked anew. How far it came is in the file, with the rows, so
 * that it can be stopped anywhere, and several processes may go on with it at once.
 */
export function createRotation({ database, tables, commits, scrub }: Parts): Rotation {
  const steps = createSteps(database, tables)
  let stopped = false

  const finish = async (controller: ControllerRow): Promise<void> => {
    for (;;) {
      if (stopped) throw new VaultUnavailable('the vault is closed')
      const { target, isLast } = await commits.run(() => steps.move(controller))
      if (target === null) return
      if (!isLast) continue
      // An epoch is in use for as long as what is wrapped under it is in the log.
      await scrub.scrub()
      await commits.run(() => steps.end(controller, target))
    }
  }
  return {
    rotate: async (controller) => {
      await finish(controller)
      const epoch = await commits.run(() => steps.begin(controller))
      await finish(controller)
      return epoch
    },
    resume: async () => {
      for (const controller of commits.read(() => steps.unfinished())) await finish(controller)
    },
    stop: () => {
      stopped = true
    },
  }
}

type Row = Readonly<{ target: number; movedUpTo: Uint8Array }>

/** What is done in one transaction each. */
function createSteps(database: DatabaseSync, tables: Tables) {
  const { controllers, dataKeys, epochs, index } = tables
  const selectAll = database.prepare('SELECT controller FROM rotation')
  const select = database.prepare(
    'SELECT target, moved_up_to AS movedUpTo FROM rotation WHERE controller = ?',
  )
  const upsert = database.prepare(
    'INSERT OR REPLACE INTO rotation (controller, target, moved_up_to) VALUES (?, ?, ?)',
  )
  const remove = database.prepare('DELETE FROM rotation WHERE controller = ?')
  // By id only: each step looks at no more than one batch, whosever people they are.
  const selectPeople = database.prepare(
    'SELECT id, controller FROM subject WHERE id > ? ORDER BY id LIMIT ?',
  )
  const row = ({ number }: ControllerRow) => select.get(number) as Row | undefined

  return {
    unfinished: (): readonly ControllerRow[] => {
      const found = (selectAll.all() as { controller: number }[]).map((one) => one.controller)
      return controllers.all().filter(({ number }) => found.includes(number))
    },
    begin: (controller: ControllerRow): number => {
      // What cannot be opened cannot be moved: that is said before anything is changed.
      controllers.load(controller.name)
      const epoch = epochs.add(controller).number
      upsert.run(controller.number, epoch, Buffer.alloc(0))
      for (const apply of controllers.rewraps(controller)) apply()
      return epoch
    },
    move: (controller: ControllerRow): { target: number | null; isLast: boolean } => {
      const rotation = row(controller)
      if (!rotation) return { target: null, isLast: true }
      const people = selectPeople.all(rotation.movedUpTo, batch) as {
        id: Uint8Array
        controller: number
      }[]
      const own = people.filter((person) => person.controller === controller.number)
      const changes = own.flatMap(({ id }) => {
        const subject = bytes(id)
        const owner = { controller, subject: subject.toString('hex') as SubjectId }
        return [...dataKeys.rewraps(owner), ...index.moves(controller, subject)]
      })
      for (const apply of changes) apply()
      const last = people.at(-1)
      if (last) upsert.run(controller.number, rotation.target, last.id)
      return { target: rotation.target, isLast: people.length < batch }
    },
    end: (controller: ControllerRow, target: number): void => {
      // Another process may have begun the next one.
      if (row(controller)?.target !== target) return
      epochs.removeBefore(controller, target)
      remove.run(controller.number)
    },
  }
}

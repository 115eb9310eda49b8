import type { DatabaseSync } from 'node:sqlite'
import type { PurposeKey, SubjectId } from '../domain/values.ts'
import type { ControllerKeys } from './controller-keys.ts'
import type { IndexTable } from './index-table.ts'
import { createRandomSource } from './random.ts'
import {
  type Digested,
  subjectBytes,
  subjectId,
  SubjectOfAnother,
  type SubjectState,
} from './subjects.ts'
import type { SuppressionTable } from './suppression-table.ts'
import { type Identified, type IdentifierScheme, SubjectFenced } from './vault.ts'

const randomBytes = createRandomSource()

/** Subjects, their fences and their index rows. To be used inside a transaction. */
export type SubjectTable = Readonly<{
  /** The owner of the first digest that is known. */
  find(keys: ControllerKeys, identifiers: readonly Digested[]): SubjectId | null
  identify(keys: ControllerKeys, identifiers: readonly Digested[]): Identified
  /** Null where the vault does not know the subject of this controller. */
  state(controller: number, subject: SubjectId): SubjectState | null
  setState(controller: number, subject: SubjectId, state: SubjectState): void
  /** Whether the vault knows the subject already. @throws SubjectFenced */
  requireOpen(controller: number, subject: SubjectId): boolean
  destroyIndexRows(keys: ControllerKeys, subject: SubjectId): void
  hasIndexRows(keys: ControllerKeys, subject: SubjectId): boolean
}>

/** The people of a vault file and whether they are fenced; statements are prepared once. */
export function createSubjectTable(
  database: DatabaseSync,
  index: IndexTable,
  suppressions: SuppressionTable,
): SubjectTable {
  const select = database.prepare('SELECT controller, state FROM subject WHERE id = ?')
  const upsert = database.prepare(
    `INSERT INTO subject (id, controller, state) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET state = excluded.state`,
  )

  const state = (controller: number, subject: SubjectId): SubjectState | null => {
    const row = select.get(subjectBytes(subject)) as
      { controller: number; state: SubjectState } | undefined
    if (!row) return null
    // Pseudonyms are 128 random bits: one of another controller was taken from there.
    if (row.controller !== controller) throw new SubjectOfAnother()
    return row.state
  }
  const setState = (controller: number, subject: SubjectId, next: SubjectState): void => {
    upsert.run(subjectBytes(subject), controller, next)
  }

  return {
    state,
    setState,
    find: (keys, identifiers) => {
      for (const { digest } of identifiers) {
        const found = index.owner(keys, digest)
        if (found) return subjectId(found)
      }
      return null
    },
    identify: (keys, identifiers) => {
      const owners = identifiers.map(({ digest }) => index.owner(keys, digest))
      const known = owners.find((found) => found !== null)
      const subject = known ?? randomBytes(16)
      if (!known) setState(keys.number, subjectId(subject), 'open')
      const conflicts: IdentifierScheme[] = []
      const linked: Buffer[] = []
      for (const [at, { scheme, digest }] of identifiers.entries()) {
        const found = owners[at]
        // One list may name one identifier twice.
        if (linked.some((other) => other.equals(digest))) continue
        if (!found) {
          index.link(keys, digest, subject)
          linked.push(digest)
        } else if (!found.equals(subject)) conflicts.push(scheme)
      }
      const suppressed = suppressions.met(keys, subject, linked)
      return { subject: subjectId(subject), made: !known, conflicts, ...told(suppressed) }
    },
    requireOpen: (controller, subject) => {
      const found = state(controller, subject)
      if (found === 'fenced') throw new SubjectFenced('the subject is being erased')
      if (found === 'destroyed') throw new SubjectFenced('the subject was erased')
      return found !== null
    },
    destroyIndexRows: (keys, subject) => index.remove(keys, subjectBytes(subject)),
    hasIndexRows: (keys, subject) => index.digestsOf(keys, subjectBytes(subject)).length > 0,
  }
}

function told(suppressed: readonly PurposeKey[]): Pick<Identified, 'suppressed'> {
  return suppressed.length > 0 ? { suppressed } : {}
}

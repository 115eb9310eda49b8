import type { DatabaseSync } from 'node:sqlite'
import type { SubjectId } from '../domain/values.ts'
import { createHashTable } from './hash-table.ts'
import { createRandomSource } from './random.ts'
import { bytes } from './slot-table.ts'
import { type Identified, type IdentifierScheme, SubjectFenced } from './vault.ts'

const randomBytes = createRandomSource()

export type SubjectState = 'open' | 'fenced' | 'destroyed'
export type Digested = Readonly<{ scheme: IdentifierScheme; digest: Buffer }>

/** Subjects, their fences and their index rows. To be used inside a transaction, which it is told of. */
export type SubjectTable = Readonly<{
  begin(): void
  /** The owner of the first digest that is known. */
  find(identifiers: readonly Digested[]): SubjectId | null
  identify(controller: number, identifiers: readonly Digested[]): Identified
  /** Null where the vault does not know the subject of this controller. */
  state(controller: number, subject: SubjectId): SubjectState | null
  setState(controller: number, subject: SubjectId, state: SubjectState): void
  /** Whether the vault knows the subject already. @throws SubjectFenced */
  requireOpen(controller: number, subject: SubjectId): boolean
  destroyIndexRows(subject: SubjectId): void
  hasIndexRows(subject: SubjectId): boolean
}>

/** The people of a vault file and whether they are fenced; statements are prepared once. */
export function createSubjectTable(database: DatabaseSync): SubjectTable {
  const identified = createHashTable(database, 'identified')
  const identifying = createHashTable(database, 'identifying')
  const select = database.prepare('SELECT controller, state FROM subject WHERE id = ?')
  const upsert = database.prepare(
    `INSERT INTO subject (id, controller, state) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET state = excluded.state`,
  )
  const owner = (digest: Buffer): Buffer | null => identified.get(digest)[0] ?? null

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
    begin: () => {
      identified.begin()
      identifying.begin()
    },
    state,
    setState,
    find: (identifiers) => {
      for (const { digest } of identifiers) {
        const found = owner(digest)
        if (found) return subjectId(found)
      }
      return null
    },
    identify: (controller, identifiers) => {
      const owners = identifiers.map(({ digest }) => owner(digest))
      const known = owners.find((found) => found !== null)
      const subject = known ?? randomBytes(16)
      if (!known) setState(controller, subjectId(subject), 'open')
      const conflicts: IdentifierScheme[] = []
      for (const [index, { scheme, digest }] of identifiers.entries()) {
        // One list may name one identifier twice.
        const found = owners[index] ?? owner(digest)
        if (!found) {
          identified.add(digest, subject)
          identifying.add(subject, digest)
        } else if (!found.equals(subject)) conflicts.push(scheme)
      }
      return { subject: subjectId(subject), made: !known, conflicts }
    },
    requireOpen: (controller, subject) => {
      const found = state(controller, subject)
      if (found === 'fenced') throw new SubjectFenced('the subject is being erased')
      if (found === 'destroyed') throw new SubjectFenced('the subject was erased')
      return found !== null
    },
    destroyIndexRows: (subject) => {
      const id = subjectBytes(subject)
      for (const digest of identifying.get(id)) {
        identified.remove(digest, id)
        identifying.remove(id, digest)
      }
    },
    hasIndexRows: (subject) => identifying.get(subjectBytes(subject)).length > 0,
  }
}

/** A subject of one controller named to another: nothing of it may be answered or changed. */
export class SubjectOfAnother extends Error {
  override readonly name = 'SubjectOfAnother'
  constructor() {
    super('the subject belongs to another controller')
  }
}

/** 32 hexadecimal digits as 16 bytes. */
export function subjectBytes(subject: SubjectId): Buffer {
  return Buffer.from(subject, 'hex')
}

function subjectId(id: Uint8Array): SubjectId {
  return bytes(id).toString('hex') as SubjectId
}

import type { PurposeKey, SubjectId } from '../../domain/values.ts'
import { type ControllerKeys, suppressionTag } from '../controller-keys.ts'
import { subjectBytes } from '../subjects.ts'
import type { Vault } from '../vault.ts'
import { inByteOrder, lockSubject, type PostgresCore } from './core.ts'
import type { Query } from './driver.ts'
import { digestsOf, type Within } from './index-rows.ts'

type Suppressions = Pick<Vault, 'suppress' | 'suppressed' | 'unsuppress' | 'settleSuppressed'>

/** The vault's part that keeps objections alive (S3, N4). */
export function createSuppressions(core: PostgresCore): Suppressions {
  const { driver, epochs, keysOf, digested } = core
  return {
    suppress: async (controller, subject, purposes) => {
      const keys = await keysOf(controller)
      await driver.transaction(async (query) => {
        const numbers = await epochs.share(query, keys)
        const state = await lockSubject(query, keys.number, subject)
        if (state === null) return
        const within = { controller: keys, epochs: epochs.keys, numbers }
        const rows = await digestsOf(query, within, subjectBytes(subject))
        const tags = inByteOrder(
          rows.map(({ digest }) => suppressionTag(keys, digest)),
          (tag) => tag,
        )
        await query(
          `INSERT INTO suppressed (tag, purpose)
           SELECT tag, purpose FROM unnest($1::bytea[]) AS tag, unnest($2::text[]) AS purpose
           ORDER BY tag, purpose ON CONFLICT DO NOTHING`,
          [tags, [...new Set(purposes)]],
        )
      })
    },
    suppressed: async (controller, identifiers) => {
      const keys = await keysOf(controller)
      const digests = digested(keys, identifiers).map(({ digest }) => digest)
      return purposesOf(driver.query, keys, digests)
    },
    unsuppress: async (controller, identifiers, purposes) => {
      const keys = await keysOf(controller)
      const tags = digested(keys, identifiers).map(({ digest }) => suppressionTag(keys, digest))
      await driver.query('DELETE FROM suppressed WHERE tag = ANY ($1) AND purpose = ANY ($2)', [
        tags,
        purposes,
      ])
    },
    settleSuppressed: async (controller, subject) => {
      const keys = await keysOf(controller)
      await driver.transaction(async (query) => {
        const state = await lockSubject(query, keys.number, subject)
        if (state === null) return
        await query('DELETE FROM returned WHERE subject = $1', [subjectBytes(subject)])
      })
    },
  }
}

/** The purposes under any of the digests, in the order of the alphabet. */
async function purposesOf(
  query: Query,
  keys: ControllerKeys,
  digests: readonly Buffer[],
): Promise<readonly PurposeKey[]> {
  const rows = await query<{ purpose: PurposeKey }>(
    'SELECT DISTINCT purpose FROM suppressed WHERE tag = ANY ($1)',
    [digests.map((digest) => suppressionTag(keys, digest))],
  )
  return rows.map(({ purpose }) => purpose).sort()
}

/** Of these subjects, those for whom something stands on the list that is yet to be recorded. */
export async function returnedOf(
  query: Query,
  subjects: readonly Buffer[],
): Promise<ReadonlySet<string>> {
  const rows = await query<{ subject: Buffer }>(
    'SELECT subject FROM returned WHERE subject = ANY ($1)',
    [subjects],
  )
  return new Set(rows.map(({ subject }) => subject.toString('hex')))
}

/** Somebody who was identified just now, and the digests that were linked to them in doing so. */
export type Met = Readonly<{ subject: Buffer; linked: readonly Buffer[] }>

/**
 * The purposes that stand for each of these people, by subject: all of them, until it is settled. Two
 * questions while the list is empty. In a transaction that has the locks of the controller and of whoever
 * something was linked to.
 */
export async function metAgain(
  query: Query,
  within: Within & Readonly<{ controller: ControllerKeys }>,
  people: readonly Met[],
): Promise<ReadonlyMap<SubjectId, readonly PurposeKey[]>> {
  const keys = within.controller
  const tagged = people.flatMap(({ subject, linked }) =>
    linked.map((digest) => ({ subject, tag: suppressionTag(keys, digest) })),
  )
  const hits = await query<{ tag: Buffer }>(
    'SELECT DISTINCT tag FROM suppressed WHERE tag = ANY ($1)',
    [tagged.map(({ tag }) => tag)],
  )
  const onList = new Set(hits.map(({ tag }) => tag.toString('hex')))
  const back = tagged.filter(({ tag }) => onList.has(tag.toString('hex')))
  if (back.length > 0) {
    await query(
      `INSERT INTO returned (subject) SELECT DISTINCT subject FROM unnest($1::bytea[]) AS subject
       ORDER BY subject ON CONFLICT DO NOTHING`,
      [back.map(({ subject }) => subject)],
    )
  }
  const pending = await returnedOf(
    query,
    people.map(({ subject }) => subject),
  )
  const told = new Map<SubjectId, readonly PurposeKey[]>()
  for (const subject of pending as ReadonlySet<SubjectId>) {
    const rows = await digestsOf(query, within, subjectBytes(subject))
    const digests = rows.map(({ digest }) => digest)
    const purposes = await purposesOf(query, keys, digests)
    if (purposes.length > 0) told.set(subject, purposes)
  }
  return told
}

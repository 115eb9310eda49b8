import type { ControllerRow, EpochKeys } from '../epoch-keys.ts'
import type { Query } from './driver.ts'
import { inByteOrder } from './core.ts'

/** A digest of a subject, and the epoch that its rows are under. */
export type IndexRow = Readonly<{ digest: Buffer; epoch: number }>

/** In which epochs to look: those that are in use, and their keys. */
export type Within = Readonly<{
  controller: ControllerRow
  epochs: EpochKeys
  numbers: readonly number[]
}>

export type Owned = Readonly<{
  /** The owner of each digest, in order; null where nobody owns it. */
  owners: readonly (Buffer | null)[]
  /** The epochs that were in use when the rows were read. */
  numbers: readonly number[]
  /** Whether what stands on the suppression list for anybody is yet to be recorded. */
  isAnyoneReturned: boolean
}>

/**
 * Looks the owners up in the blind index, in one statement and so in one state of the store. When the
 * epochs in use are no longer those that it was told, the answer says so and is not to be used.
 */
export async function ownersOf(
  query: Query,
  within: Within,
  digests: readonly Buffer[],
): Promise<Owned> {
  const { controller, epochs, numbers } = within
  const masks = numbers.map((number) => epochs.of(controller, number).mask)
  const [row] = await query<{
    numbers: number[] | null
    digests: Buffer[] | null
    owners: Buffer[] | null
    isAnyoneReturned: boolean
  }>(
    `SELECT
       (SELECT array_agg(number ORDER BY number DESC) FROM epoch WHERE controller = $1) AS numbers,
       EXISTS (SELECT FROM returned) AS "isAnyoneReturned",
       found.digests, found.owners
     FROM (
       SELECT array_agg(digest) AS digests, array_agg(owner) AS owners
       FROM identified WHERE digest = ANY ($2)
     ) AS found`,
    [controller.number, masks.flatMap((mask) => digests.map(mask.digestKey))],
  )
  const masked = new Map(
    (row!.digests ?? []).map((digest, index) => [digest.toString('hex'), row!.owners![index]!]),
  )
  const owners = digests.map((digest) => {
    for (const mask of masks) {
      const owner = masked.get(mask.digestKey(digest).toString('hex'))
      if (owner) return mask.openOwner(digest, owner)
    }
    return null
  })
  return { owners, numbers: row!.numbers ?? [], isAnyoneReturned: row!.isAnyoneReturned }
}

/** The digests of a subject. In a transaction that has the controller's lock and the subject's. */
export async function digestsOf(
  query: Query,
  { controller, epochs, numbers }: Within,
  subject: Buffer,
): Promise<readonly IndexRow[]> {
  const masks = numbers.map((number) => ({ number, mask: epochs.of(controller, number).mask }))
  const rows = await query<{ subject: Buffer; digest: Buffer }>(
    'SELECT subject, digest FROM identifying WHERE subject = ANY ($1)',
    [masks.map(({ mask }) => mask.subjectKey(subject))],
  )
  return masks.flatMap(({ number, mask }) => {
    const key = mask.subjectKey(subject)
    return rows
      .filter((row) => row.subject.equals(key))
      .map((row) => ({ digest: mask.openDigest(row.digest), epoch: number }))
  })
}

export type Link = Readonly<{ digest: Buffer; subject: Buffer }>

/**
 * Links digests to subjects under an epoch. Answers how many: fewer than were given when another node
 * linked one at the same moment.
 */
export async function link(
  query: Query,
  { controller, epochs }: Within,
  epoch: number,
  links: readonly Link[],
): Promise<number> {
  const { mask } = epochs.of(controller, epoch)
  const rows = inByteOrder(
    links.map(({ digest, subject }) => ({
      key: mask.digestKey(digest),
      owner: mask.owner(digest, subject),
      subject: mask.subjectKey(subject),
      digest: mask.digest(digest),
    })),
    ({ key }) => key,
  )
  const [row] = await query<{ count: number }>(
    `WITH given AS (
       SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bytea[])
         WITH ORDINALITY AS given (key, owner, subject, digest, place)
     ), linked AS (
       INSERT INTO identified (digest, owner) SELECT key, owner FROM given ORDER BY place
       ON CONFLICT (digest) DO NOTHING RETURNING 1
     ), back AS (
       INSERT INTO identifying (subject, digest) SELECT subject, digest FROM given ORDER BY place
       ON CONFLICT DO NOTHING
     )
     SELECT count(*)::int AS count FROM linked`,
    [
      rows.map(({ key }) => key),
      rows.map(({ owner }) => owner),
      rows.map(({ subject }) => subject),
      rows.map(({ digest }) => digest),
    ],
  )
  return row!.count
}

/** Takes a subject's rows away. In a transaction that has the controller's lock and the subject's. */
export async function unlink(
  query: Query,
  { controller, epochs, numbers }: Within,
  { subject, rows }: Readonly<{ subject: Buffer; rows: readonly IndexRow[] }>,
): Promise<void> {
  await query('DELETE FROM identified WHERE digest = ANY ($1)', [
    rows.map(({ digest, epoch }) => epochs.of(controller, epoch).mask.digestKey(digest)),
  ])
  const under = new Set([...numbers, ...rows.map(({ epoch }) => epoch)])
  await query('DELETE FROM identifying WHERE subject = ANY ($1) AND digest = ANY ($2)', [
    [...under].map((epoch) => epochs.of(controller, epoch).mask.subjectKey(subject)),
    rows.map(({ digest, epoch }) => epochs.of(controller, epoch).mask.digest(digest)),
  ])
}

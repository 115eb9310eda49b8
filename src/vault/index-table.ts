import type { DatabaseSync } from 'node:sqlite'
import type { ControllerRow } from './epoch-keys.ts'
import type { EpochTable } from './epoch-table.ts'
import { createHashTable } from './hash-table.ts'

/** A digest's move from one epoch to another; nothing is changed before it is applied. */
export type Move = () => void

/**
 * The blind index: which subject a digest belongs to, and which digests a subject has. Rows stand masked
 * by the epoch that they were made in (see `index-mask.ts`), so a look-up asks each epoch in use: one,
 * but while a rotation goes on. To be used inside a transaction, which it is told of.
 */
export type IndexTable = Readonly<{
  begin(): void
  owner(controller: ControllerRow, digest: Buffer): Buffer | null
  /** The digest must be nobody's. */
  link(controller: ControllerRow, digest: Buffer, subject: Buffer): void
  digestsOf(controller: ControllerRow, subject: Buffer): Buffer[]
  remove(controller: ControllerRow, subject: Buffer): void
  /** What brings a subject's rows under the current epoch. @throws VaultUnavailable */
  moves(controller: ControllerRow, subject: Buffer): Move[]
}>

/** The index rows of a vault file. */
export function createIndexTable(database: DatabaseSync, epochs: EpochTable): IndexTable {
  const identified = createHashTable(database, 'identified')
  const identifying = createHashTable(database, 'identifying')

  const digestsUnder = (controller: ControllerRow, epoch: number, subject: Buffer): Buffer[] => {
    const mask = epochs.mask(controller, epoch)
    return identifying.get(mask.subjectKey(subject)).map((masked) => mask.openDigest(masked))
  }
  const add = (controller: ControllerRow, epoch: number, digest: Buffer, subject: Buffer): void => {
    const mask = epochs.mask(controller, epoch)
    identified.add(mask.digestKey(digest), mask.owner(digest, subject))
    identifying.add(mask.subjectKey(subject), mask.digest(digest))
  }
  const take = (controller: ControllerRow, epoch: number, digest: Buffer, subject: Buffer) => {
    const mask = epochs.mask(controller, epoch)
    identified.remove(mask.digestKey(digest), mask.owner(digest, subject))
    identifying.remove(mask.subjectKey(subject), mask.digest(digest))
  }
  const currentOf = (controller: ControllerRow): number => epochs.current(controller).number

  return {
    begin: () => {
      identified.begin()
      identifying.begin()
    },
    owner: (controller, digest) => {
      for (const epoch of epochs.numbers(controller)) {
        const mask = epochs.mask(controller, epoch)
        const [masked] = identified.get(mask.digestKey(digest))
        if (masked) return mask.openOwner(digest, masked)
      }
      return null
    },
    link: (controller, digest, subject) => add(controller, currentOf(controller), digest, subject),
    digestsOf: (controller, subject) =>
      epochs.numbers(controller).flatMap((epoch) => digestsUnder(controller, epoch, subject)),
    remove: (controller, subject) => {
      for (const epoch of epochs.numbers(controller)) {
        for (const digest of digestsUnder(controller, epoch, subject)) {
          take(controller, epoch, digest, subject)
        }
      }
    },
    moves: (controller, subject) => {
      const current = currentOf(controller)
      return epochs
        .numbers(controller)
        .filter((epoch) => epoch !== current)
        .flatMap((epoch) =>
          digestsUnder(controller, epoch, subject).map((digest) => () => {
            take(controller, epoch, digest, subject)
            add(controller, current, digest, subject)
          }),
        )
    },
  }
}

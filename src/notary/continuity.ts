import type { KeyObject } from 'node:crypto'
import { verifyCheckpoint } from '../proof/checkpoint.ts'
import { frontierAt, rootOfFrontier, type Hash } from '../proof/merkle.ts'
import { verifierKey, type NoteSigner } from '../proof/note.ts'
import { headOfNote } from './checkpoint-event.ts'
import { LedgerDiverged } from './notary.ts'
import type { NotaryReading, Tree } from './reading.ts'
import type { TreeHead } from './settling.ts'

/** A note that was signed for a log, and where it was found, for people. */
export type SignedBefore = Readonly<{ note: string; where: string }>

/** The log that signs: its key under the name of its origin. */
export function signerOf(origin: string, privateKey: KeyObject): NoteSigner {
  return { name: origin, privateKey }
}

/**
 * What a note that was signed before says.
 * @throws LedgerDiverged when this notary's key has not signed it
 */
export function readSigned(signer: NoteSigner, { note, where }: SignedBefore): TreeHead {
  const log = { origin: signer.name, keys: [verifierKey(signer)] }
  const verified = verifyCheckpoint(note, log)
  const head = headOfNote(note)
  if (verified.ok && head) return head
  const why = verified.ok ? 'it is no checkpoint of a notary' : verified.problem.message
  throw new LedgerDiverged(
    `The notary does not know its own signature for ${signer.name}.\n` +
      `Found: the newest checkpoint in ${where} is not signed by the notary's key: ${why}.\n` +
      'It means that the key was replaced, or the checkpoint was altered.\n' +
      'To go on: put the former key back; or go on as a new log, under another CUSTODY_ORIGIN.',
  )
}

/** How the ledger fails to continue what was signed of it. */
export type Divergence = Readonly<
  { kind: 'shorter'; found: number } | { kind: 'altered'; found: Hash }
>

/** Null when the tree begins with what was signed. */
export function divergenceOf(
  reading: NotaryReading,
  tree: Tree | null,
  { size, root }: Pick<TreeHead, 'size' | 'root'>,
): Divergence | null {
  if (!tree || tree.size < size) return { kind: 'shorter', found: tree?.size ?? 0 }
  const found = rootOfFrontier(frontierAt(size, reading.nodes(tree.number)))
  return found.equals(root) ? null : { kind: 'altered', found }
}

/** What was found, what it means and what to do. */
export function explain(
  origin: string,
  divergence: Divergence,
  signed: Pick<TreeHead, 'size' | 'root'>,
  { where, highWaterFile }: Readonly<{ where: string; highWaterFile: string }>,
): LedgerDiverged {
  const { size, root } = signed
  const found =
    divergence.kind === 'shorter'
      ? `this ledger has ${divergence.found} of the ${size} events that were signed (${where}).`
      : `the first ${size} events of this ledger have the root ${divergence.found.toString('base64')}, ` +
        `and ${root.toString('base64')} was signed for them (${where}).`
  const means =
    divergence.kind === 'shorter'
      ? 'It means that an older file was put in the place of the ledger, or its end was cut off.'
      : 'It means that history was altered, or the ledger went on from an older file.'
  return new LedgerDiverged(
    `The ledger is not the one that was signed as ${origin}; nothing is signed or served.\n` +
      `Found: ${found}\n${means} 'custody verify' says where.\n` +
      'To go on: put the newer ledger file back. If it is lost, go on as a new log under another ' +
      'CUSTODY_ORIGIN: whoever kept a checkpoint of the old one can tell the two apart. Only where nobody ' +
      `can have one (a trial that was thrown away), remove ${highWaterFile} with the old data.`,
  )
}

import { createCipheriv, createDecipheriv, hkdfSync, type KeyObject } from 'node:crypto'

/** Bytes of a digest, of a pseudonym, and of each as it stands in the index. */
const blockLength = 16

/**
 * How the rows of the blind index stand in the file under one epoch: each of the four columns is
 * encrypted as one block of AES-256 under a key of its own, from the epoch's. So a row of an old backup
 * says nothing once its epoch is destroyed, also to whoever still has the controller's index key and
 * could recompute a digest. One block each is a permutation, not a mode: every block that goes in is
 * unique under its key (digests are, and the pairs that are blended), so equal rows do not show.
 */
export type IndexMask = Readonly<{
  /** The row of `identified` in which a digest's owner is found. */
  digestKey(digest: Buffer): Buffer
  /** The owner in that row, and back. */
  owner(digest: Buffer, subject: Buffer): Buffer
  openOwner(digest: Buffer, masked: Buffer): Buffer
  /** The row of `identifying` in which a subject's digests are found. */
  subjectKey(subject: Buffer): Buffer
  /** A digest in that row, and back. */
  digest(digest: Buffer): Buffer
  openDigest(masked: Buffer): Buffer
}>

/** The mask of an epoch. @param epochKey 32 bytes */
export function createIndexMask(epochKey: KeyObject): IndexMask {
  const digestKey = createBlock(epochKey, 'identified.key')
  const owner = createBlock(epochKey, 'identified.value')
  const subjectKey = createBlock(epochKey, 'identifying.key')
  const digest = createBlock(epochKey, 'identifying.value')
  return {
    digestKey: digestKey.encrypt,
    owner: (of, subject) => owner.encrypt(blend(of, subject)),
    openOwner: (of, masked) => blend(of, owner.decrypt(masked)),
    subjectKey: subjectKey.encrypt,
    digest: digest.encrypt,
    openDigest: digest.decrypt,
  }
}

/** The rows as the first format of the file had them: in clear. */
export const noMask: IndexMask = {
  digestKey: (digest) => digest,
  owner: (_, subject) => subject,
  openOwner: (_, masked) => masked,
  subjectKey: (subject) => subject,
  digest: (digest) => digest,
  openDigest: (masked) => masked,
}

type Block = Readonly<{ encrypt(block: Buffer): Buffer; decrypt(block: Buffer): Buffer }>

/** One block of AES-256 at a time. The ciphers are kept: without padding no block waits for another. */
function createBlock(epochKey: KeyObject, column: string): Block {
  const raw = Buffer.from(hkdfSync('sha256', epochKey, '', `custody.vault.mask.${column}`, 32))
  const cipher = createCipheriv('aes-256-ecb', raw, null).setAutoPadding(false)
  const decipher = createDecipheriv('aes-256-ecb', raw, null).setAutoPadding(false)
  raw.fill(0)
  return {
    encrypt: (block) => cipher.update(block),
    decrypt: (block) => decipher.update(block),
  }
}

function blend(one: Buffer, other: Buffer): Buffer {
  const blended = Buffer.allocUnsafe(blockLength)
  for (let place = 0; place < blockLength; place += 1) blended[place] = one[place]! ^ other[place]!
  return blended
}

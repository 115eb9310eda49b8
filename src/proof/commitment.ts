import { hash, timingSafeEqual } from 'node:crypto'

/**
 * The commitment in a sealed box: what it holds can be shown to somebody without a key of the person, and
 * nobody can show anything else. The commitment is SHA-256 over the place, a random opening of 32
 * bytes and the values: hiding, since the opening is random and stands in the box only as ciphertext, so that
 * it dies with the key; binding, since SHA-256 has no known collisions. AES-GCM alone would not bind:
 * one ciphertext can be made that opens under two keys (Grubbs, Lu, Ristenpart, CRYPTO 2017).
 */

/** Where sealed values stand. */
export type SealedPlace = Readonly<{
  controller: string
  subject: string
  eventId: string
  category: string
  lot: string
  /** The id of the data key. */
  key: string
}>

/** One value made public, as it stands in an evidence bundle: the opening in base64, and the JSON sealed. */
export type Disclosure = Readonly<{ opening: string; text: string }>

/** A box of version 2: version (1 byte), nonce (12), commitment (32), ciphertext, tag (16). */
export const boxLayout = { version: 2, nonce: 12, commitment: 32, opening: 32, tag: 16 } as const

const commitmentStart = 1 + boxLayout.nonce
const ciphertextStart = commitmentStart + boxLayout.commitment
const shortest = ciphertextStart + boxLayout.opening + boxLayout.tag

/**
 * What names the place, in UTF-8: a JSON array, so that however the parts are spelled no two lists of
 * parts give the same bytes.
 */
export function placeBytes({ controller, subject, eventId, category, lot, key }: SealedPlace) {
  const { version } = boxLayout
  return Buffer.from(
    JSON.stringify(['custody.sealed', version, controller, subject, eventId, category, lot, key]),
  )
}

/**
 * What a commitment is the SHA-256 of: the place, the opening and the values' JSON. The first ends where
 * its array does and the second has a fixed length, so that the three cannot be cut in another way. What
 * is sealed is the part behind the place.
 */
export function committedBytes(place: Uint8Array, opening: Uint8Array, text: string): Buffer {
  const bytes = Buffer.allocUnsafe(place.length + opening.length + Buffer.byteLength(text))
  bytes.set(place)
  bytes.set(opening, place.length)
  bytes.write(text, place.length + opening.length)
  return bytes
}

/** The commitment to `committedBytes`. */
export function commitmentOf(committed: Uint8Array): Buffer {
  return hash('sha256', committed, 'buffer')
}

/** The commitment in a box (base64), or null where it is no box of version 2. */
export function commitmentIn(box: string): Buffer | null {
  const bytes = Buffer.from(box, 'base64')
  if (bytes[0] !== boxLayout.version || bytes.length < shortest) return null
  return bytes.subarray(commitmentStart, ciphertextStart)
}

/**
 * Whether these are the values that the box at this place was made of. Never throws: what is malformed
 * is not what was sealed.
 */
export function isDisclosureOf(place: SealedPlace, box: string, disclosed: Disclosure): boolean {
  const commitment = commitmentIn(box)
  const opening = Buffer.from(disclosed.opening, 'base64')
  if (commitment === null || opening.length !== boxLayout.opening) return false
  if (opening.toString('base64') !== disclosed.opening) return false
  const committed = committedBytes(placeBytes(place), opening, disclosed.text)
  return timingSafeEqual(commitment, commitmentOf(committed))
}

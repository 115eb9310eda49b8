import { createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto'
import type { Sealed } from '../domain/envelope.ts'
import type { CategoryKey, ControllerId, EventId, Lot, SubjectId } from '../domain/values.ts'
import {
  boxLayout,
  commitmentOf,
  committedBytes,
  placeBytes,
  type Disclosure,
} from '../proof/commitment.ts'
import { createRandomSource } from './random.ts'
import type { DataKey } from './vault.ts'

/**
 * Where sealed values stand. All of it is bound by the additional data, so that a box that was moved to
 * another person, event, category or lot does not open there.
 */
export type Place = Readonly<{
  controller: ControllerId
  subject: SubjectId
  eventId: EventId
  category: CategoryKey
  lot: Lot
}>

export type Opened = Readonly<{ ok: true; values: Readonly<Record<string, unknown>> }> | Shut

/** What shows the values of one box to somebody who has no key, and proves that they are those. */
export type Disclosed = Readonly<{ ok: true; disclosure: Disclosure }> | Shut

export type Shut =
  /**
   * `another-key`: sealed under a key that is not this one; `unknown-format`: no box that this version
   * reads; `not-authentic`: altered, or moved from another place.
   */
  Readonly<{ ok: false; reason: 'another-key' | 'unknown-format' | 'not-authentic' }>

const { nonce: nonceLength, tag: tagLength, opening: openingLength } = boxLayout

const headLength = 1 + nonceLength + boxLayout.commitment

const randomBytes = createRandomSource()

/**
 * Seals the values of one category of one event: AES-256-GCM (NIST SP 800-38D) over an opening of 32
 * random bytes and the values' JSON in UTF-8, with a random nonce. A data key belongs to one subject,
 * category and lot, far below the 2^32 boxes that a random nonce allows. Beside the ciphertext stands a
 * commitment to the values: see `proof/commitment.ts`.
 *
 * @param values what JSON can say; anything else is lost as in `JSON.stringify`
 * @returns `box` is base64 of version (1 byte), nonce (12), commitment (32), ciphertext and tag (16)
 */
export function seal(
  place: Place,
  key: DataKey,
  values: Readonly<Record<string, unknown>>,
): Sealed {
  const nonce = randomBytes(nonceLength)
  const where = placeBytes({ ...place, key: key.id })
  const committed = committedBytes(where, randomBytes(openingLength), JSON.stringify(values))
  const cipher = createCipheriv('aes-256-gcm', key.key, nonce)
  cipher.setAAD(where)
  const ciphertext = cipher.update(committed.subarray(where.length))
  cipher.final()
  const box = Buffer.allocUnsafe(headLength + ciphertext.length + tagLength)
  box[0] = boxLayout.version
  nonce.copy(box, 1)
  commitmentOf(committed).copy(box, 1 + nonceLength)
  ciphertext.copy(box, headLength)
  cipher.getAuthTag().copy(box, headLength + ciphertext.length)
  return { category: place.category, lot: place.lot, key: key.id, box: box.toString('base64') }
}

/** A box without its category and lot, which the sealed values say themselves. */
export type Holder = Omit<Place, 'category' | 'lot'>

/**
 * Opens what `seal` made, also what its first version did.
 *
 * @param place where the values were found
 * @param key the key that the vault has for the subject, category and lot: after a deletion it may be a
 *   newer one, and then the values are gone
 */
export function open(place: Holder, key: DataKey, sealed: Sealed): Opened {
  const opened = decrypt(place, key, sealed)
  if (!opened.ok) return opened
  return { ok: true, values: JSON.parse(opened.text) as Record<string, unknown> }
}

/**
 * Opens one box so that it can be shown: with the opening of its commitment, which says nothing of any
 * other box. A box of the first version has none, and is `unknown-format` here.
 */
export function disclose(place: Holder, key: DataKey, sealed: Sealed): Disclosed {
  const opened = decrypt(place, key, sealed)
  if (!opened.ok) return opened
  const { opening, text } = opened
  if (opening === null) return { ok: false, reason: 'unknown-format' }
  return { ok: true, disclosure: { opening: opening.toString('base64'), text } }
}

type Decrypted = Readonly<{ ok: true; opening: Buffer | null; text: string }> | Shut

function decrypt(place: Holder, key: DataKey, sealed: Sealed): Decrypted {
  if (sealed.key !== key.id) return { ok: false, reason: 'another-key' }
  const box = Buffer.from(sealed.box, 'base64')
  const isFirst = box[0] === 1
  const start = isFirst ? 1 + nonceLength : headLength
  const known = isFirst || box[0] === boxLayout.version
  if (!known || box.length < start + (isFirst ? 0 : openingLength) + tagLength) {
    return { ok: false, reason: 'unknown-format' }
  }
  const whole = { ...place, category: sealed.category, lot: sealed.lot, key: key.id }
  const where = isFirst ? firstPlaceBytes(whole) : placeBytes(whole)
  const tagStart = box.length - tagLength
  const decipher = createDecipheriv('aes-256-gcm', key.key, box.subarray(1, 1 + nonceLength), {
    authTagLength: tagLength,
  })
  decipher.setAAD(where)
  decipher.setAuthTag(box.subarray(tagStart))
  const plaintext = decipher.update(box.subarray(start, tagStart))
  try {
    decipher.final()
  } catch {
    // The only failure of `final` in this mode is that the tag does not match.
    return notAuthentic
  }
  if (isFirst) return { ok: true, opening: null, text: plaintext.toString('utf8') }
  const commitment = commitmentOf(Buffer.concat([where, plaintext]))
  if (!timingSafeEqual(commitment, box.subarray(1 + nonceLength, headLength))) return notAuthentic
  const opening = plaintext.subarray(0, openingLength)
  return { ok: true, opening, text: plaintext.toString('utf8', openingLength) }
}

const notAuthentic = { ok: false, reason: 'not-authentic' } as const

/** As the first version named a place: a box of that version has neither opening nor commitment. */
function firstPlaceBytes(place: Place & { key: string }): Buffer {
  const { controller, subject, eventId, category, lot, key } = place
  return Buffer.from(
    JSON.stringify(['custody.sealed', 1, controller, subject, eventId, category, lot, key]),
  )
}

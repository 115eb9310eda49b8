import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Sealed } from '../domain/envelope.ts'
import type { CategoryKey, ControllerId, EventId, Lot, SubjectId } from '../domain/values.ts'
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

export type Opened =
  | Readonly<{ ok: true; values: Readonly<Record<string, unknown>> }>
  /**
   * `another-key`: sealed under a key that is not this one; `unknown-format`: no box that this version
   * reads; `not-authentic`: altered, or moved from another place.
   */
  | Readonly<{ ok: false; reason: 'another-key' | 'unknown-format' | 'not-authentic' }>

/** The first byte of a box. Another number is another way to seal; it is part of what is authenticated. */
const version = 1
const nonceLength = 12
const tagLength = 16
const headLength = 1 + nonceLength

const randomBytes = createRandomSource()

/**
 * Seals the values of one category of one event: AES-256-GCM (NIST SP 800-38D) over their JSON in UTF-8,
 * with a random nonce. A data key belongs to one subject, category and lot, far below the 2^32 boxes
 * that a random nonce allows.
 *
 * @param values what JSON can say; anything else is lost as in `JSON.stringify`
 * @returns `box` is base64 of version (1 byte), nonce (12), ciphertext and tag (16)
 */
export function seal(
  place: Place,
  key: DataKey,
  values: Readonly<Record<string, unknown>>,
): Sealed {
  const nonce = randomBytes(nonceLength)
  const cipher = createCipheriv('aes-256-gcm', key.key, nonce)
  cipher.setAAD(additionalData(place, key.id))
  const ciphertext = cipher.update(JSON.stringify(values), 'utf8')
  cipher.final()
  const box = Buffer.allocUnsafe(headLength + ciphertext.length + tagLength)
  box[0] = version
  nonce.copy(box, 1)
  ciphertext.copy(box, headLength)
  cipher.getAuthTag().copy(box, headLength + ciphertext.length)
  return { category: place.category, lot: place.lot, key: key.id, box: box.toString('base64') }
}

/**
 * Opens what `seal` made.
 *
 * @param place where the values were found; category and lot are the sealed values' own
 * @param key the key that the vault has for the subject, category and lot: after a deletion it may be a
 *   newer one, and then the values are gone
 */
export function open(place: Omit<Place, 'category' | 'lot'>, key: DataKey, sealed: Sealed): Opened {
  if (sealed.key !== key.id) return { ok: false, reason: 'another-key' }
  const box = Buffer.from(sealed.box, 'base64')
  if (box[0] !== version || box.length < headLength + tagLength) {
    return { ok: false, reason: 'unknown-format' }
  }
  const text = decrypt(key, box, additionalData({ ...place, ...sealed }, key.id))
  if (text === null) return { ok: false, reason: 'not-authentic' }
  return { ok: true, values: JSON.parse(text) as Record<string, unknown> }
}

function decrypt(key: DataKey, box: Buffer, additional: Buffer): string | null {
  const tagStart = box.length - tagLength
  const decipher = createDecipheriv('aes-256-gcm', key.key, box.subarray(1, headLength), {
    authTagLength: tagLength,
  })
  decipher.setAAD(additional)
  decipher.setAuthTag(box.subarray(tagStart))
  const plaintext = decipher.update(box.subarray(headLength, tagStart))
  try {
    decipher.final()
  } catch {
    // The only failure of `final` in this mode is that the tag does not match.
    return null
  }
  return plaintext.toString('utf8')
}

/** A JSON array: however the parts are spelled, no two lists of parts give the same bytes. */
function additionalData(place: Place, keyId: string): Buffer {
  const { controller, subject, eventId, category, lot } = place
  return Buffer.from(
    JSON.stringify(['custody.sealed', version, controller, subject, eventId, category, lot, keyId]),
  )
}

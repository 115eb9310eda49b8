import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { createRandomSource } from './random.ts'

const nonceLength = 12
const keyLength = 32
const tagLength = 16

/** Bytes of a wrapped key: nonce, ciphertext, tag. */
export const wrappedLength = nonceLength + keyLength + tagLength

const randomBytes = createRandomSource()

/** 32 new random bytes as a key, and the same wrapped: see `wrap`. */
export function newKey(
  wrapping: KeyObject,
  purpose: readonly string[],
): { key: KeyObject; wrapped: Buffer } {
  const raw = randomBytes(keyLength)
  const key = createSecretKey(raw)
  const wrapped = wrap(wrapping, purpose, raw)
  raw.fill(0)
  return { key, wrapped }
}

/**
 * Wraps a key under another: AES-256-GCM with a random nonce. What the key is for is bound by the
 * additional data, so that a row of the vault cannot be put in another's place.
 *
 * @param raw 32 bytes
 * @returns 60 bytes: nonce, ciphertext, tag
 */
export function wrap(wrapping: KeyObject, purpose: readonly string[], raw: Buffer): Buffer {
  const nonce = randomBytes(nonceLength)
  const cipher = createCipheriv('aes-256-gcm', wrapping, nonce)
  cipher.setAAD(additionalData(purpose))
  return Buffer.concat([nonce, cipher.update(raw), cipher.final(), cipher.getAuthTag()])
}

/**
 * The key in what `wrap` made; null when it was wrapped under another key or for another purpose, or
 * was altered.
 */
export function unwrap(
  wrapping: KeyObject,
  purpose: readonly string[],
  wrapped: Uint8Array,
): KeyObject | null {
  if (wrapped.length !== wrappedLength) return null
  const tagStart = nonceLength + keyLength
  const decipher = createDecipheriv('aes-256-gcm', wrapping, wrapped.subarray(0, nonceLength), {
    authTagLength: tagLength,
  })
  decipher.setAAD(additionalData(purpose))
  decipher.setAuthTag(wrapped.subarray(tagStart))
  const raw = decipher.update(wrapped.subarray(nonceLength, tagStart))
  try {
    decipher.final()
    return createSecretKey(raw)
  } catch {
    return null
  } finally {
    raw.fill(0)
  }
}

function additionalData(purpose: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(['custody.wrapped', 1, ...purpose]))
}

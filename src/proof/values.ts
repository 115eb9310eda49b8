import { isUtf8 } from 'node:buffer'

/**
 * The bytes of a standard base64 text (RFC 4648 section 4), padding and all.
 *
 * @returns null for any text that encoding the bytes would not give: one value has one text
 */
export function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : null
}

/**
 * A number from 0 to 2^53 - 1 in ASCII decimal, without leading zeros.
 *
 * @returns null for any other text
 */
export function parseDecimal(text: string): number | null {
  const number = Number(text)
  return /^(?:0|[1-9][0-9]{0,15})$/.test(text) && Number.isSafeInteger(number) ? number : null
}

/**
 * The text that UTF-8 bytes say; a text stands for its own bytes.
 *
 * @returns null for bytes that are no UTF-8, and for a text that has none
 */
export function decodeUtf8(bytes: Uint8Array | string): string | null {
  if (typeof bytes === 'string') return bytes.isWellFormed() ? bytes : null
  return isUtf8(bytes) ? Buffer.from(bytes).toString() : null
}

/** Whether a value is a whole number from 0 to 2^53 - 1. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** Whether a value is a list of 32 bytes. */
export function isHash(value: unknown): value is Buffer {
  return value instanceof Uint8Array && value.length === 32
}

/** Whether two lists of bytes are the same. */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0
}

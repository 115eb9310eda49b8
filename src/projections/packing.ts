import type { Day, EventId, Instant, SubjectId } from '../domain/values.ts'

/**
 * How values stand in the views' file: instants as milliseconds, days as days since 1970-01-01,
 * identifiers and digests as bytes. What is unpacked is what was packed, to the character.
 */

const DAY_MS = 86_400_000

/** The day after 9999-12-31: stands for "not while the account is open", and sorts behind every day. */
export const NO_DAY = 2_932_897

const mostKept = 50_000
const dayNumbers = new Map<string, number>()
const dayTexts = new Map<number, Day>()

/** Milliseconds since 1970-01-01T00:00:00Z. */
export function packInstant(instant: Instant): number {
  return Date.parse(instant)
}

/** What `packInstant` packed: milliseconds since 1970. */
export function unpackInstant(milliseconds: number): Instant {
  return new Date(milliseconds).toJSON() as Instant
}

/** Days since 1970-01-01; `NO_DAY` for null. */
export function packDay(day: Day | null): number {
  if (day === null) return NO_DAY
  const known = dayNumbers.get(day)
  if (known !== undefined) return known
  const number = Date.parse(day) / DAY_MS
  if (dayNumbers.size >= mostKept) dayNumbers.clear()
  dayNumbers.set(day, number)
  return number
}

/** What `packDay` packed; null where it stands for no day. */
export function unpackDay(number: number): Day | null {
  if (number === NO_DAY) return null
  const known = dayTexts.get(number)
  if (known !== undefined) return known
  const day = new Date(number * DAY_MS).toJSON().slice(0, 10) as Day
  if (dayTexts.size >= mostKept) dayTexts.clear()
  dayTexts.set(number, day)
  return day
}

/** The 16 bytes of a UUID. */
export function packEventId(id: EventId): Uint8Array {
  return Buffer.from(id.replaceAll('-', ''), 'hex')
}

/** What `packEventId` packed: 16 bytes. */
export function unpackEventId(bytes: Uint8Array): EventId {
  const hex = hexOf(bytes)
  const head = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}`
  return `${head}-${hex.slice(16, 20)}-${hex.slice(20)}` as EventId
}

/** The 16 bytes of a pseudonym. */
export function packSubjectId(subject: SubjectId): Uint8Array {
  return Buffer.from(subject, 'hex')
}

/** What `packSubjectId` packed: 16 bytes. */
export function unpackSubjectId(bytes: Uint8Array): SubjectId {
  return hexOf(bytes) as SubjectId
}

const HEX = 0
const BASE64URL = 1

/** A digest as text: half or three quarters as many bytes where it is hexadecimal or base64url. */
export function packDigest(digest: string): Uint8Array | string {
  for (const [mark, encoding] of [
    [HEX, 'hex'],
    [BASE64URL, 'base64url'],
  ] as const) {
    const bytes = Buffer.from(digest, encoding)
    if (bytes.toString(encoding) === digest) return Buffer.concat([Buffer.of(mark), bytes])
  }
  return digest
}

/** What `packDigest` packed: bytes where it was base64url, or the text itself. */
export function unpackDigest(packed: Uint8Array | string): string {
  if (typeof packed === 'string') return packed
  const bytes = Buffer.from(packed.buffer, packed.byteOffset + 1, packed.byteLength - 1)
  return bytes.toString(packed[0] === HEX ? 'hex' : 'base64url')
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

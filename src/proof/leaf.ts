import { hash } from 'node:crypto'
import { decodeBase64, decodeUtf8, isCount, isHash, parseDecimal } from './values.ts'

/** An event as it is stored, as far as its leaf commits to it. `revision` counts from 0 in its stream. */
export type LeafEvent = Readonly<{
  stream: string
  revision: number
  id: string
  type: string
  body: Uint8Array
}>

/** What a leaf's entry says: of the body, the SHA-256 of its stored bytes. */
export type LeafEntry = Readonly<Omit<LeafEvent, 'body'> & { bodyHash: Buffer }>

const header = 'custody event v1'

/**
 * The entry that an event's leaf commits to: UTF-8 lines `custody event v1`, stream, revision, event id,
 * type and the base64 SHA-256 of the stored body, ciphertext included, each ended by a newline. No position
 * is in it, so the same history in another log has the same root; and no value is, so it stays as it is after
 * an erasure.
 *
 * @throws RangeError when a field would make the entry mean something else
 */
export function leafEntry({ stream, revision, id, type, body }: LeafEvent): Buffer {
  if (!isCount(revision)) throw new RangeError(`${revision} is no revision`)
  const wrong = [stream, id, type].find((text) => !isLine(text))
  if (wrong !== undefined) throw new RangeError(`${JSON.stringify(wrong)} is no line of an entry`)
  const bodyHash = hash('sha256', body, 'base64')
  return Buffer.from(`${[header, stream, revision, id, type, bodyHash].join('\n')}\n`)
}

/**
 * Reads an entry back.
 *
 * @returns null for any bytes that `leafEntry` does not write
 */
export function parseLeafEntry(bytes: Uint8Array): LeafEntry | null {
  const lines = decodeUtf8(bytes)?.split('\n') ?? []
  const [version, stream, revisionText, id, type, hashText, end] = lines
  if (version !== header || end !== '' || lines.length !== 7) return null
  const revision = parseDecimal(revisionText ?? '')
  const bodyHash = decodeBase64(hashText ?? '')
  if (revision === null || !isHash(bodyHash)) return null
  if (!isLine(stream) || !isLine(id) || !isLine(type)) return null
  return { stream, revision, id, type, bodyHash }
}

/** One line that is the same text after it was written as UTF-8 and read. */
function isLine(text: string | undefined): text is string {
  return text !== undefined && /^[^\p{Cc}]+$/u.test(text) && text.isWellFormed()
}

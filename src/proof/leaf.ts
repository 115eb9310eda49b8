import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'

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
export function leafEntry(event: LeafEvent): Buffer {
  return entryBytes({ ...event, bodyHash: hash('sha256', event.body, 'buffer') })
}

/**
 * Reads an entry back.
 *
 * @returns null for any bytes that `leafEntry` does not write
 */
export function parseLeafEntry(bytes: Uint8Array): LeafEntry | null {
  if (!isUtf8(bytes)) return null
  const lines = Buffer.from(bytes).toString().split('\n')
  const [version, stream, revision, id, type, bodyHash, end] = lines
  if (version !== header || end !== '' || lines.length !== 7) return null
  if (!stream || !id || !type || !/^(?:0|[1-9][0-9]*)$/.test(revision!)) return null
  const entry = { stream, revision: Number(revision), id, type }
  const parsed = { ...entry, bodyHash: Buffer.from(bodyHash!, 'base64') }
  if (parsed.bodyHash.length !== 32 || !Number.isSafeInteger(parsed.revision)) return null
  if (![stream, id, type].every(isLine)) return null
  return entryBytes(parsed).equals(bytes) ? parsed : null
}

function entryBytes({ stream, revision, id, type, bodyHash }: LeafEntry): Buffer {
  if (!Number.isSafeInteger(revision) || revision < 0) {
    throw new RangeError(`${revision} is no revision`)
  }
  const wrong = [stream, id, type].find((text) => !isLine(text))
  if (wrong !== undefined) throw new RangeError(`${JSON.stringify(wrong)} is no line of an entry`)
  const lines = [header, stream, revision, id, type, bodyHash.toString('base64')]
  return Buffer.from(`${lines.join('\n')}\n`)
}

/** One line that is the same text after it was written as UTF-8 and read. */
function isLine(text: string): boolean {
  return /^[^\u0000-\u001f\u007f]+$/.test(text) && text.isWellFormed()
}

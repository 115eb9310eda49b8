import type { Hash } from './merkle.ts'
import { parseNote, signNote, verifyNote, type NoteSigner, type VerifierKey } from './note.ts'
import { failed, type Outcome } from './problem.ts'
import { decodeBase64, isCount, isHash, parseDecimal } from './values.ts'

/** The head of the map of streams: how many streams there are, and the root over their heads. */
export type StreamsHead = Readonly<{ count: number; root: Hash }>

/** What a log says of itself at one size. `others` are extension lines that are not ours to understand. */
export type Checkpoint = Readonly<{
  origin: string
  size: number
  root: Hash
  streams: StreamsHead | null
  others: readonly string[]
}>

/** A checkpoint whose signature by a pinned key was verified. */
export type SignedCheckpoint = Readonly<{
  checkpoint: Checkpoint
  signers: readonly VerifierKey[]
}>

const streamsLine = /^streams (\S+) (\S+)$/

/**
 * The text of a checkpoint (C2SP tlog-checkpoint v1.0.0, Note text): origin, size, base64 root, and then
 * our one extension line, `streams <count> <base64 root>`, before any other.
 *
 * @throws RangeError when a field would make the text mean something else
 */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  const { origin, size, root, streams, others } = checkpoint
  if (![size, streams?.count ?? 0].every(isCount) || ![root, streams?.root ?? root].every(isHash)) {
    throw new RangeError('a checkpoint has a count and a root of 32 bytes')
  }
  const line = streams && `streams ${streams.count} ${streams.root.toString('base64')}`
  const lines = [origin, size, root.toString('base64'), ...(line ? [line] : []), ...others]
  const text = lines.map((each) => `${each}\n`).join('')
  if (parseCheckpoint(text)?.others.length !== others.length) {
    throw new RangeError('a line of a checkpoint is empty, or more than a line')
  }
  return text
}

/**
 * Reads the text of a checkpoint (C2SP tlog-checkpoint v1.0.0, Note text). A line that begins with
 * `streams ` is ours: it must be well formed, and the first of the extension lines.
 *
 * @returns null for anything that is no checkpoint, a size over 2^53 - 1 included
 */
export function parseCheckpoint(text: string): Checkpoint | null {
  const [origin, sizeText, rootText, ...extensions] = text.split('\n')
  if (extensions.pop() !== '' || !origin || extensions.includes('')) return null
  const size = parseDecimal(sizeText ?? '')
  const root = decodeBase64(rootText ?? '')
  if (size === null || !isHash(root)) return null
  const [first, ...rest] = extensions
  const ours = first?.startsWith('streams ') === true
  const streams = ours ? parseStreams(first) : null
  const others = ours ? rest : extensions
  if ((ours && !streams) || others.some((line) => line.startsWith('streams '))) return null
  return { origin, size, root, streams, others }
}

/** A checkpoint signed by the log, as a C2SP signed note. */
export function signCheckpoint(checkpoint: Checkpoint, signer: NoteSigner): string {
  return signNote(formatCheckpoint(checkpoint), signer)
}

/**
 * Reads a signed checkpoint and checks that it is of this log and signed by one of its keys (C2SP
 * tlog-checkpoint v1.0.0, Signatures). Nothing of the note is believed before that.
 *
 * @param log the origin that is asked for, and the pinned keys of that log
 */
export function verifyCheckpoint(
  bytes: Uint8Array | string,
  log: Readonly<{ origin: string; keys: readonly VerifierKey[] }>,
): Outcome<SignedCheckpoint> {
  const note = parseNote(bytes)
  if (!note) return failed('malformed-note', 'the checkpoint is no signed note')
  const signed = verifyNote(note, log.keys)
  if (!signed.ok) return signed
  const checkpoint = parseCheckpoint(note.text)
  if (!checkpoint) return failed('malformed-checkpoint', 'the signed text is no checkpoint')
  if (checkpoint.origin !== log.origin) {
    return failed('wrong-origin', `the checkpoint is of ${checkpoint.origin}, not ${log.origin}`)
  }
  return { ok: true, value: { checkpoint, signers: signed.value } }
}

function parseStreams(line: string): StreamsHead | null {
  const [, countText, rootText] = streamsLine.exec(line) ?? []
  const count = parseDecimal(countText ?? '')
  const root = decodeBase64(rootText ?? '')
  return count === null || !isHash(root) ? null : { count, root }
}

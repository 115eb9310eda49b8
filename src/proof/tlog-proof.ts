import { verifyCheckpoint, type SignedCheckpoint } from './checkpoint.ts'
import { hashLeaf, verifyInclusion, type Hash } from './merkle.ts'
import type { VerifierKey } from './note.ts'
import { failed, type Outcome } from './problem.ts'
import { decodeBase64, decodeUtf8, isCount, isHash, parseDecimal } from './values.ts'

/**
 * That an entry is in a log, in one text that needs nothing else to be verified but the log's key.
 * `checkpoint` is the signed note as the log wrote it; `extra` is not authenticated by anything.
 */
export type TlogProof = Readonly<{
  index: number
  path: readonly Hash[]
  checkpoint: string
  extra: Buffer | null
}>

const header = 'c2sp.org/tlog-proof@v1'
const longestProof = 2_000_000

/**
 * The text of a proof, for a file named `.tlog-proof` (C2SP tlog-proof, format v1).
 *
 * @throws RangeError when the index or a hash of the path is none
 */
export function formatTlogProof({ index, path, checkpoint, extra }: TlogProof): string {
  if (!isCount(index) || !path.every(isHash)) {
    throw new RangeError('a proof has an index and hashes of 32 bytes')
  }
  const lines = [
    header,
    ...(extra ? [`extra ${extra.toString('base64')}`] : []),
    `index ${index}`,
    ...path.map((hash) => hash.toString('base64')),
  ]
  return `${lines.join('\n')}\n\n${checkpoint}`
}

/**
 * Reads the text of a proof (C2SP tlog-proof, format v1). What it claims is not verified.
 *
 * @returns null for anything that is no such text; the checkpoint is not looked into
 */
export function parseTlogProof(bytes: Uint8Array | string): TlogProof | null {
  const text = bytes.length > longestProof ? null : decodeUtf8(bytes)
  const end = text?.indexOf('\n\n') ?? -1
  if (text === null || end < 0) return null
  const [first, ...lines] = text.slice(0, end).split('\n')
  if (first !== header) return null
  const extraLine = lines[0]?.startsWith('extra ') ? lines.shift()! : null
  const extra = extraLine === null ? null : decodeBase64(extraLine.slice('extra '.length))
  if (extraLine !== null && extra === null) return null
  const [, indexText] = /^index ([0-9]+)$/.exec(lines.shift() ?? '') ?? []
  const index = parseDecimal(indexText ?? '')
  const path = lines.map(decodeBase64).filter(isHash)
  if (index === null || path.length !== lines.length) return null
  return { index, path, checkpoint: text.slice(end + 2), extra }
}

/**
 * Checks that an entry is in the log, by the proof's checkpoint, signed by a pinned key of that log, and by
 * its inclusion path (C2SP tlog-proof; RFC 9162 section 2.1.3.2).
 *
 * @param claim the entry itself, and whose log it should be in
 */
export function verifyTlogProof(
  bytes: Uint8Array | string,
  claim: Readonly<{ entry: Uint8Array; origin: string; keys: readonly VerifierKey[] }>,
): Outcome<SignedCheckpoint & Readonly<{ index: number }>> {
  const proof = parseTlogProof(bytes)
  if (!proof) return failed('malformed-proof', 'the text is no proof of a log')
  const signed = verifyCheckpoint(proof.checkpoint, claim)
  if (!signed.ok) return signed
  const { size, root } = signed.value.checkpoint
  const { index, path } = proof
  const wrong = verifyInclusion({ index, size, root, path, leaf: hashLeaf(claim.entry) })
  return wrong ? { ok: false, problem: wrong } : { ok: true, value: { ...signed.value, index } }
}

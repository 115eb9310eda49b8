import { sign } from 'node:crypto'
import {
  signaturesBy,
  verifierKey,
  verifySignature,
  type Note,
  type NoteSignature,
  type NoteSigner,
  type VerifierKey,
} from './note.ts'
import { failed, type Outcome } from './problem.ts'
import { isCount } from './values.ts'

/** A witness that has seen the log grow consistently up to a checkpoint, and when; seconds since 1970. */
export type Cosignature = Readonly<{ witness: VerifierKey; seconds: number }>

const timeLength = 8

/**
 * The cosignature of a witness over a checkpoint's text (C2SP tlog-cosignature, Ed25519 signed message,
 * cosignature/v1). It says that the witness has checked consistency: that is the caller's to have done. A
 * key must not cosign under two names, as the name is not in what is signed.
 *
 * @param text the note's text, extension lines and final newline included
 * @param seconds the time, in seconds since 1970
 * @throws RangeError when the time is no whole number of seconds
 */
export function cosign(text: string, witness: NoteSigner, seconds: number): NoteSignature {
  if (!isCount(seconds)) throw new RangeError(`${seconds} is no time in seconds`)
  const { name, keyId } = verifierKey(witness, 'cosignature/v1')
  const time = Buffer.alloc(timeLength)
  time.writeBigUInt64BE(BigInt(seconds))
  const signature = sign(null, messageOf(text, seconds), witness.privateKey)
  return { name, keyId, signature: Buffer.concat([time, signature]) }
}

/**
 * Checks the cosignatures of a note by the keys of type `cosignature/v1` (C2SP tlog-cosignature). How many
 * there must be, and how recent, is the caller's to decide; signatures by other keys are passed over.
 *
 * @returns the latest cosignature of each witness that has one; a wrong one makes the whole note refused
 */
export function verifyCosignatures(
  note: Note,
  witnesses: readonly VerifierKey[],
): Outcome<readonly Cosignature[]> {
  const latest = new Map<VerifierKey, number>()
  for (const { key, signature } of signaturesBy(note, witnesses, 'cosignature/v1')) {
    const seconds = verifiedTime(key, note.text, signature)
    if (seconds === null) {
      return failed('bad-signature', `the cosignature of ${key.name} is not by its key`)
    }
    latest.set(key, Math.max(seconds, latest.get(key) ?? 0))
  }
  return { ok: true, value: [...latest].map(([witness, seconds]) => ({ witness, seconds })) }
}

/** The time that the key has signed with the text, or null. */
function verifiedTime(key: VerifierKey, text: string, signature: Buffer): number | null {
  if (signature.length < timeLength) return null
  const seconds = Number(signature.readBigUInt64BE())
  if (!isCount(seconds)) return null
  const ed25519 = signature.subarray(timeLength)
  return verifySignature(key, messageOf(text, seconds), ed25519) ? seconds : null
}

function messageOf(text: string, seconds: number): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`)
}

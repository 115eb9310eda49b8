import { createPublicKey, hash, sign, verify, type KeyObject } from 'node:crypto'
import { failed, type Outcome } from './problem.ts'
import { decodeBase64, decodeUtf8 } from './values.ts'

/** How a key signs: the note itself, or a timed cosignature (the types 0x01 and 0x04 of the format). */
export type SignatureType = 'ed25519' | 'cosignature/v1'

/** A key to verify with. It is pinned by who verifies, and never taken from what is verified. */
export type VerifierKey = Readonly<{
  name: string
  type: SignatureType
  /** 4 bytes, in hexadecimal. */
  keyId: string
  /** 32 bytes, as RFC 8032 encodes it. */
  publicKey: Buffer
}>

/** A key to sign with: an Ed25519 private key and the name it signs under. */
export type NoteSigner = Readonly<{ name: string; privateKey: KeyObject }>

/** One signature line. Which key it is by is claimed until it is verified. */
export type NoteSignature = Readonly<{ name: string; keyId: string; signature: Buffer }>

/** A signed note that is well formed. `text` ends in a newline. Nothing of it is verified. */
export type Note = Readonly<{ text: string; signatures: readonly NoteSignature[] }>

/** Longer notes, and notes with more signatures, are not read; the format asks for 16 at least. */
const longestNote = 1_000_000
const mostSignatures = 100

const typeByte = { ed25519: 0x01, 'cosignature/v1': 0x04 } as const

/**
 * The key that verifies what a private key signs under a name, with the key id of C2SP signed-note v1.0.0:
 * SHA-256(name || 0x0A || type || key), its first 4 bytes.
 *
 * @throws TypeError when the key is no Ed25519 key, RangeError when the name cannot be one
 */
export function verifierKey(signer: NoteSigner, type: SignatureType = 'ed25519'): VerifierKey {
  const jwk = createPublicKey(signer.privateKey).export({ format: 'jwk' })
  if (jwk.crv !== 'Ed25519' || !jwk.x) throw new TypeError('a note is signed by an Ed25519 key')
  return namedKey(signer.name, type, Buffer.from(jwk.x, 'base64url'))
}

/** A verifier key as C2SP signed-note v1.0.0 writes it: `<name>+<key id>+<base64(type || key)>`. */
export function formatVerifierKey({ name, type, keyId, publicKey }: VerifierKey): string {
  const key = Buffer.concat([Buffer.of(typeByte[type]), publicKey])
  return `${name}+${keyId}+${key.toString('base64')}`
}

/**
 * Reads what `formatVerifierKey` writes.
 *
 * @returns null for any other text, a key id that is not that of name and key included
 */
export function parseVerifierKey(text: string): VerifierKey | null {
  const [, name, , encoded] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? []
  const bytes = decodeBase64(encoded ?? '')
  if (!name || !isName(name) || bytes?.length !== 33) return null
  const types: readonly SignatureType[] = ['ed25519', 'cosignature/v1']
  const type = types.find((known) => typeByte[known] === bytes[0])
  if (!type) return null
  const key = namedKey(name, type, bytes.subarray(1))
  return formatVerifierKey(key) === text ? key : null
}

/**
 * Reads a signed note, exactly as C2SP signed-note v1.0.0 (Format) has it: UTF-8 without control
 * characters, a text, an empty line, and one signature line at least.
 *
 * @returns null for anything else, and for more than a verifier needs to bear
 */
export function parseNote(bytes: Uint8Array | string): Note | null {
  const note = bytes.length > longestNote ? null : decodeUtf8(bytes)
  if (note === null || /[\u0000-\u0009\u000b-\u001f]/.test(note) || !note.endsWith('\n'))
    return null
  const split = note.lastIndexOf('\n\n')
  if (split < 0) return null
  const lines = note.slice(split + 2, -1).split('\n')
  if (lines.length > mostSignatures) return null
  const signatures = lines.map(parseSignature).filter((signature) => signature !== null)
  if (signatures.length !== lines.length) return null
  return { text: note.slice(0, split + 1), signatures }
}

/** Writes a note as `parseNote` reads it. */
export function formatNote({ text, signatures }: Note): string {
  return `${text}\n${signatures.map(formatSignature).join('')}`
}

/** A signature line, its newline included: `— <name> <base64(key id || signature)>`. */
export function formatSignature({ name, keyId, signature }: NoteSignature): string {
  const bytes = Buffer.concat([Buffer.from(keyId, 'hex'), signature])
  return `— ${name} ${bytes.toString('base64')}\n`
}

/**
 * A text signed by one key (C2SP signed-note v1.0.0, Ed25519 signatures).
 *
 * @throws RangeError when the text or the name cannot be in a note
 */
export function signNote(text: string, signer: NoteSigner): string {
  const { name, keyId } = verifierKey(signer)
  const signature = sign(null, Buffer.from(text), signer.privateKey)
  const note = formatNote({ text, signatures: [{ name, keyId, signature }] })
  if (parseNote(note)?.text !== text) throw new RangeError('the text cannot be in a signed note')
  return note
}

/**
 * Checks the note's signatures by the keys of type `ed25519`. Signatures by other keys say nothing, and
 * are passed over; one that claims to be by a known key and is not makes the whole note refused.
 *
 * @returns the keys that signed: one at least
 */
export function verifyNote(
  note: Note,
  keys: readonly VerifierKey[],
): Outcome<readonly VerifierKey[]> {
  const message = Buffer.from(note.text)
  const signers: VerifierKey[] = []
  for (const { key, signature } of signaturesBy(note, keys, 'ed25519')) {
    if (!verifySignature(key, message, signature)) {
      return failed('bad-signature', `the signature of ${key.name} is not by its key`)
    }
    if (!signers.includes(key)) signers.push(key)
  }
  if (signers.length === 0) return failed('unknown-signer', 'no known key has signed the note')
  return { ok: true, value: signers }
}

/** The note's signatures that claim to be by one of the keys that sign in this way. */
export function signaturesBy(
  note: Note,
  keys: readonly VerifierKey[],
  type: SignatureType,
): { key: VerifierKey; signature: Buffer }[] {
  return note.signatures.flatMap(({ name, keyId, signature }) =>
    keys
      .filter((key) => key.type === type && key.name === name && key.keyId === keyId)
      .map((key) => ({ key, signature })),
  )
}

/** Whether the key made the signature over the message (Ed25519, RFC 8032). */
export function verifySignature(key: VerifierKey, message: Buffer, signature: Buffer): boolean {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: key.publicKey.toString('base64url') }
  return verify(null, message, createPublicKey({ key: jwk, format: 'jwk' }), signature)
}

function parseSignature(line: string): NoteSignature | null {
  const [, name, encoded] = /^— (.+) ([^ ]+)$/u.exec(line) ?? []
  const bytes = decodeBase64(encoded ?? '')
  if (!name || !isName(name) || !bytes || bytes.length < 5) return null
  return { name, keyId: bytes.toString('hex', 0, 4), signature: bytes.subarray(4) }
}

function namedKey(name: string, type: SignatureType, publicKey: Buffer): VerifierKey {
  if (!isName(name)) throw new RangeError(`${JSON.stringify(name)} cannot be the name of a key`)
  const seed = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(typeByte[type]), publicKey])
  return { name, type, keyId: hash('sha256', seed, 'hex').slice(0, 8), publicKey }
}

/** Not empty, no Unicode space, no plus, and nothing that a note cannot hold. */
function isName(name: string): boolean {
  return /^[^\p{White_Space}+\p{Cc}]+$/u.test(name) && name.isWellFormed()
}

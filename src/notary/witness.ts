import { verifyCheckpoint, type Checkpoint } from '../proof/checkpoint.ts'
import { cosign } from '../proof/cosignature.ts'
import { verifyConsistency, type Hash } from '../proof/merkle.ts'
import { formatSignature, parseNote, type NoteSigner, type VerifierKey } from '../proof/note.ts'

/** What a witness is asked to cosign, and what it knows. */
export type ToCosign = Readonly<{
  /** The checkpoint: a note that the log has signed. */
  note: string
  log: VerifierKey
  witness: NoteSigner
  /** The note that it cosigned last of this log; null: it meets the log for the first time. */
  before: string | null
  /** The consistency proof from the size of that one; null where none was handed over. */
  path: readonly Hash[] | null
  /** The time, in seconds since 1970. */
  seconds: number
}>

export type Cosigned = Readonly<
  { ok: true; note: string; line: string } | { ok: false; message: string }
>

/**
 * Cosigns a checkpoint (C2SP tlog-cosignature, cosignature/v1) if the log has only grown since the one before.
 * The caller keeps the note as the last one, durably, before it hands the cosignature out.
 */
export function cosignCheckpoint(asked: ToCosign): Cosigned {
  const { note, log, witness, before, path, seconds } = asked
  const newer = checkpointOf(note, log)
  if (typeof newer === 'string') return { ok: false, message: newer }
  if (before !== null) {
    const older = checkpointOf(before, log)
    if (typeof older === 'string') {
      return {
        ok: false,
        message: `the checkpoint that was cosigned last cannot be used: ${older}`,
      }
    }
    if (older.size < newer.size && older.size > 0 && path === null) {
      const message = `the log has grown from ${older.size} to ${newer.size}: a proof of that is missing`
      return { ok: false, message }
    }
    const wrong = verifyConsistency({ older, newer, path: path ?? [] })
    if (wrong) return { ok: false, message: `the log has not only grown: ${wrong.message}` }
  }
  const line = formatSignature(cosign(parseNote(note)!.text, witness, seconds))
  return { ok: true, line, note: `${note}${line}` }
}

/** The checkpoint that the log has signed, or what is wrong with it. */
function checkpointOf(note: string, log: VerifierKey): Checkpoint | string {
  const verified = verifyCheckpoint(note, { origin: log.name, keys: [log] })
  return verified.ok ? verified.value.checkpoint : verified.problem.message
}

import { hash } from 'node:crypto'
import { streamParts } from '../domain/envelope.ts'
import { ControllerId, type Instant, type Position } from '../domain/values.ts'
import { decode } from '../ledger/codec.ts'
import type { LogRecord } from '../ledger/event-log.ts'
import { verifyCheckpoint } from '../proof/checkpoint.ts'
import { parseNote, parseVerifierKey, type VerifierKey } from '../proof/note.ts'
import { checkpointRecord, checkpointStream, headOfNote } from './checkpoint-event.ts'
import type { TreeHead } from './settling.ts'
import type { Finding, KeptNote } from './verify-types.ts'

/** That something was signed for a controller: what is to be found again in the ledger. */
export type Claim = Readonly<{
  controller: ControllerId
  head: TreeHead & Readonly<{ origin: string; at: Instant }>
  /** The position of the event that carries the note; null for one that was kept elsewhere. */
  position: Position | null
  /** Where the note is, for people. */
  where: string
  verified: boolean
  /** It says nothing of a ledger that has no event of the controller. */
  own: boolean
}>

export type ClaimRead = Readonly<{ claim: Claim | null; finding: Finding | null }>

/** The key by the name of another log: one notary signs for several controllers. */
export function keyFor(key: VerifierKey, origin: string): VerifierKey | null {
  const typed = Buffer.concat([Buffer.of(1), key.publicKey])
  const id = hash('sha256', Buffer.concat([Buffer.from(`${origin}\n`), typed]), 'hex').slice(0, 8)
  return parseVerifierKey(`${origin}+${id}+${typed.toString('base64')}`)
}

/**
 * The claim of an event that carries a note. Every byte of the event follows from the note, which is
 * signed; null for events of other types.
 */
export function claimOfEvent(record: LogRecord, keys: readonly VerifierKey[]): ClaimRead {
  const event = decode(record)
  const { position } = record
  if (event.type === 'CheckpointCosigned') {
    if (parseNote(`-\n\n${event.data.lines.join('')}`)) return { claim: null, finding: null }
    return failed(position, 'checkpoint', 'what is said to be a cosignature is none')
  }
  if (event.type !== 'CheckpointSigned') return { claim: null, finding: null }
  const { controller } = streamParts(record.stream)
  const { note } = event.data
  const head = headOfNote(note)
  if (!head) return failed(position, 'checkpoint', 'the checkpoint carries no note of a notary')
  if (record.stream !== checkpointStream(controller) || !head.origin.endsWith(`/${controller}`)) {
    return failed(position, 'checkpoint', `the checkpoint is of ${head.origin}, not of its stream`)
  }
  const wrong = unsigned(note, head.origin, keys)
  if (wrong !== null) return failed(position, 'signature', `the checkpoint is not signed: ${wrong}`)
  const due = checkpointRecord(controller, note)
  if (due.id !== record.id || due.body !== record.body) {
    return failed(position, 'checkpoint', 'the event of the checkpoint is not what was signed')
  }
  const where = `the checkpoint at position ${position}`
  return {
    claim: { controller, head, position, where, verified: keys.length > 0, own: false },
    finding: null,
  }
}

/** The claim of a note that was kept. */
export function claimOfKept(
  { note, file, own }: KeptNote,
  keys: readonly VerifierKey[],
): ClaimRead {
  const head = headOfNote(note)
  const controller = ControllerId.safeParse(head?.origin.split('/').at(-1))
  if (!head || !controller.success) return failed(null, 'checkpoint', `${file} is no checkpoint`)
  const wrong = unsigned(note, head.origin, keys)
  if (wrong !== null) return failed(null, 'signature', `${file} is not signed: ${wrong}`)
  const verified = keys.length > 0
  return {
    claim: { controller: controller.data, head, position: null, where: file, verified, own },
    finding: null,
  }
}

/** Why the note is not signed by one of the keys; null when it is, or when there is no key to ask. */
function unsigned(note: string, origin: string, keys: readonly VerifierKey[]): string | null {
  if (keys.length === 0) return null
  const own = keys.map((key) => keyFor(key, origin)).filter((key) => key !== null)
  const verified = verifyCheckpoint(note, { origin, keys: own })
  return verified.ok ? null : verified.problem.message
}

function failed(
  position: Position | null,
  code: 'checkpoint' | 'signature',
  message: string,
): ClaimRead {
  return { claim: null, finding: { position, code, message } }
}

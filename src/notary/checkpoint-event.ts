import { streamName } from '../domain/envelope.ts'
import {
  EventId,
  Instant,
  type ControllerId,
  type Principal,
  type Revision,
} from '../domain/values.ts'
import { decode, encode } from '../ledger/codec.ts'
import type { EventReader, LogRecord, NewRecord } from '../ledger/event-log.ts'
import { parseCheckpoint, signCheckpoint } from '../proof/checkpoint.ts'
import { parseNote, type NoteSigner } from '../proof/note.ts'
import type { SignedHead } from './notary.ts'
import type { TreeHead } from './settling.ts'

/** The stream of what was signed for a controller. */
export function checkpointStream(controller: ControllerId) {
  return streamName('checkpoint', controller, 'log')
}

/** Who signs. */
const notary = 'job:notary' as Principal

/** A second extension line, which lets the signature cover the event that carries the note as well. */
const eventLine = /^event (\S+) (\S+)$/

/** The note of a tree's head. The event that will carry it, and when, are part of what is signed. */
export function noteOf(head: TreeHead, event: EventId, at: Instant, signer: NoteSigner): string {
  const { size, root, streams } = head
  const others = [`event ${event} ${at}`]
  return signCheckpoint({ origin: signer.name, size, root, streams, others }, signer)
}

/** What a note says, without asking who signed it; null where it is no note of this notary's. */
export function headOfNote(
  note: string,
): (TreeHead & Readonly<{ origin: string; event: EventId; at: Instant }>) | null {
  const parsed = parseNote(note)
  const checkpoint = parsed && parseCheckpoint(parsed.text)
  if (!checkpoint?.streams || checkpoint.others.length !== 1) return null
  const [, eventText, atText] = eventLine.exec(checkpoint.others[0]!) ?? []
  const event = EventId.safeParse(eventText)
  const at = Instant.safeParse(atText)
  if (!event.success || !at.success) return null
  const { origin, size, root, streams } = checkpoint
  return { origin, size, root, streams, event: event.data, at: at.data }
}

/**
 * The record of the event that carries a note. All of it follows from the note: so who checks the note has
 * checked every byte of the event.
 *
 * @throws TypeError when it is no note of this notary's
 */
export function checkpointRecord(controller: ControllerId, note: string): NewRecord {
  const head = headOfNote(note)
  if (!head) throw new TypeError("couldn't record a checkpoint: the note is none of this notary's")
  const { size, event, at } = head
  const root = head.root.toString('base64')
  const streams = { count: head.streams.count, root: head.streams.root.toString('base64') }
  const body = encode({
    id: event,
    type: 'CheckpointSigned',
    version: 1,
    controller,
    occurredAt: at,
    recordedAt: at,
    principal: notary,
    correlation: event,
    causation: null,
    policyVersion: null,
    operation: null,
    data: { size, root, streams, note },
    sealed: [],
  })
  return { id: event, type: 'CheckpointSigned', body }
}

/** The record of what witnesses added to the note of a signed head. */
export function cosignatureRecord(
  controller: ControllerId,
  { size, event: causation, event: correlation }: SignedHead,
  lines: readonly string[],
  id: EventId,
  at: Instant,
): NewRecord {
  const body = encode({
    ...{ id, type: 'CheckpointCosigned', version: 1, controller, occurredAt: at, recordedAt: at },
    ...{ principal: notary, correlation, causation, policyVersion: null, operation: null },
    data: { size, lines: [...lines] },
    sealed: [],
  })
  return { id, type: 'CheckpointCosigned', body }
}

function withCosignatures(newest: SignedHead, record: LogRecord): SignedHead {
  const event = decode(record)
  if (event.type !== 'CheckpointCosigned' || event.data.size !== newest.size) return newest
  return { ...newest, cosignatures: [...newest.cosignatures, ...event.data.lines] }
}

/** What a record of the checkpoint stream says was signed; null for one that carries no note. */
export function signedHeadOf(record: LogRecord): SignedHead | null {
  const event = decode(record)
  if (event.type !== 'CheckpointSigned') return null
  const { note } = event.data
  const head = headOfNote(note)
  if (!head) return null
  const { origin, size, root, streams, at } = head
  const { controller, id, revision, position } = event
  return {
    ...{ controller, origin, size, root, streams, note, cosignatures: [] },
    ...{ signedAt: at, event: id, revision, position },
  }
}

/** How many records of the stream are read at once. */
const page = 200

/** The end of the checkpoint stream: the newest head of an origin, and where the next event goes. */
export type CheckpointsEnd = Readonly<{ newest: SignedHead | null; last: Revision | -1 }>

/** @param from a revision of the stream; what was signed before it is not looked at */
export async function readCheckpoints(
  reader: EventReader,
  controller: ControllerId,
  origin: string,
  from: Revision,
): Promise<CheckpointsEnd> {
  const stream = checkpointStream(controller)
  let newest: SignedHead | null = null
  let last: Revision | -1 = (from - 1) as Revision | -1
  for (;;) {
    const records = await reader.readStream(stream, (last + 1) as Revision, page)
    for (const record of records) {
      last = record.revision
      const signed = signedHeadOf(record)
      if (signed?.origin === origin) newest = signed
      else if (newest) newest = withCosignatures(newest, record)
    }
    if (records.length < page) return { newest, last }
  }
}

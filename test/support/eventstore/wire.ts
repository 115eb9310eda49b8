import { once, type EventEmitter } from 'node:events'
import { Metadata, type ServiceError } from '@grpc/grpc-js'
import shared from '@eventstore/db-client/generated/shared_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { StoredEvent } from './journal.ts'

/** What the server says where it has no place to tell. */
const noPlace = '18446744073709551615'

/** An error as EventStoreDB says it: the kind is in the trailing metadata. */
export function error(
  code: number,
  exception?: string,
  more: Readonly<Record<string, string>> = {},
): ServiceError {
  const metadata = new Metadata()
  if (exception !== undefined) metadata.set('exception', exception)
  for (const [key, value] of Object.entries(more)) metadata.set(key, value)
  const details = exception ?? 'the stand-in was told to fail'
  return Object.assign(new Error(details), { code, details, metadata })
}

/** A response that carries an event. */
export function readEvent(event: StoredEvent, placed = true): ReadResp {
  const place = placed ? String(event.place) : noPlace
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent()
  const id = new shared.UUID()
  id.setString(event.id)
  recorded.setId(id)
  const name = new shared.StreamIdentifier()
  name.setStreamName(new Uint8Array(Buffer.from(event.stream)))
  recorded.setStreamIdentifier(name)
  recorded.setStreamRevision(String(event.revision))
  recorded.setCommitPosition(place)
  recorded.setPreparePosition(place)
  const metadata = recorded.getMetadataMap()
  metadata.set('type', event.type)
  metadata.set('content-type', event.contentType)
  metadata.set('created', '16000000000000000')
  recorded.setData(event.data)
  const read = new streams.ReadResp.ReadEvent()
  read.setEvent(recorded)
  if (placed) read.setCommitPosition(place)
  else read.setNoPosition(new shared.Empty())
  const response = new streams.ReadResp()
  response.setEvent(read)
  return response
}

/** The answer to a subscription that is taken. */
export function confirmation(): ReadResp {
  const confirmed = new streams.ReadResp.SubscriptionConfirmation()
  confirmed.setSubscriptionId('stand-in')
  const response = new streams.ReadResp()
  response.setConfirmation(confirmed)
  return response
}

/** Says how far a filtered subscription has looked. */
export function checkpoint(place: number): ReadResp {
  const reached = new streams.ReadResp.Checkpoint()
  reached.setCommitPosition(String(place))
  reached.setPreparePosition(String(place))
  const response = new streams.ReadResp()
  response.setCheckpoint(reached)
  return response
}

/** Until the client has taken what was written, or has gone. */
export async function drained(call: EventEmitter): Promise<void> {
  const over = new AbortController()
  const { signal } = over
  try {
    await Promise.race([once(call, 'drain', { signal }), once(call, 'cancelled', { signal })])
  } finally {
    over.abort()
  }
}

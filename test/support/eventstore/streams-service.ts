import type { Metadata } from '@grpc/grpc-js'
import {
  status,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerWritableStream,
} from '@grpc/grpc-js'
import shared from '@eventstore/db-client/generated/shared_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import type {
  AppendReq,
  AppendResp,
  BatchAppendReq,
  BatchAppendResp,
  ReadReq,
  ReadResp,
} from '@eventstore/db-client/generated/streams_pb.js'
import type { Expected, Journal, JournalAnswer, NewEvent, StoredEvent } from './journal.ts'
import type { Counts, Faults } from './orders.ts'
import type { Subscriptions } from './subscriptions.ts'
import { drained, error, readEvent } from './wire.ts'

type Deps = Readonly<{
  journal: Journal
  faults: () => Faults
  counts: Counts
  /** Cuts every connection. */
  drop: () => void
  subscriptions: Subscriptions
}>

type Proposed = Readonly<{
  getId: () => { getString: () => string } | undefined
  getMetadataMap: () => { get: (key: string) => string | undefined }
  getData_asU8: () => Uint8Array
}>

/** The calls of `event_store.client.streams.Streams` that the driver makes, on a journal. */
export function streamsService({ journal, faults, counts, drop, subscriptions }: Deps) {
  const refusalOf = (metadata: Metadata) => {
    const { forbidding, leaderPort } = faults()
    if (forbidding) return error(status.UNAUTHENTICATED, 'access-denied')
    if (leaderPort === null || metadata.get('requires-leader')[0] !== 'true') return null
    return error(status.NOT_FOUND, 'not-leader', {
      'leader-endpoint-host': '127.0.0.1',
      'leader-endpoint-port': String(leaderPort),
    })
  }

  /** Waits as long as the next call of that kind is to be held back, if it is. */
  const held = async (kind: 'appendHoldsMs' | 'readHoldsMs') => {
    const [holdMs, ...later] = faults()[kind]
    if (holdMs === undefined) return
    faults()[kind] = later
    await new Promise((resolve) => setTimeout(resolve, holdMs))
  }

  const commit = async (
    stream: string,
    expected: Expected,
    events: readonly NewEvent[],
  ): Promise<JournalAnswer | null> => {
    await held('appendHoldsMs')
    const now = faults()
    if (now.silent) return null
    if (now.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, now.delayMs))
    if (now.dropsBeforeCommit > 0) {
      now.dropsBeforeCommit -= 1
      drop()
      return null
    }
    const answer = journal.append(stream, expected, events)
    if (now.dropsAfterCommit > 0) {
      now.dropsAfterCommit -= 1
      drop()
      return null
    }
    if (answer.status === 'conflict') answer.actual += now.misreportedBy
    return answer
  }

  const append = (
    call: ServerReadableStream<AppendReq, AppendResp>,
    reply: sendUnaryData<AppendResp>,
  ) => {
    counts.appends += 1
    counts.authorization = String(call.metadata.get('authorization')[0] ?? '')
    const events: NewEvent[] = []
    let options: AppendReq.Options | undefined
    call.on('data', (request: AppendReq) => {
      options ??= request.getOptions()
      const proposed = request.getProposedMessage()
      if (proposed) events.push(newEvent(proposed))
    })
    let cut = false
    call.on('cancelled', () => (cut = true))
    const answerWhole = () => {
      // A call that was cut ends as well, and then its events need not be all.
      if (cut || call.cancelled || events.length === 0) return
      const refusal = refusalOf(call.metadata)
      if (refusal) return reply(refusal)
      if (faults().failures > 0) {
        faults().failures -= 1
        return reply(error(status.UNKNOWN))
      }
      const [afterMs, ...later] = faults().unavailableAfterMs
      if (afterMs !== undefined) {
        faults().unavailableAfterMs = later
        return void setTimeout(() => reply(error(status.UNAVAILABLE)), afterMs)
      }
      const expected = options!.hasRevision()
        ? Number(options!.getRevision())
        : options!.hasNoStream()
          ? -1
          : 'any'
      void commit(nameOf(options!), expected, events).then((answer) => {
        if (answer) reply(null, appendResponse(answer, expected))
      })
    }
    call.on('end', () => setImmediate(answerWhole))
  }

  const batchAppend = (call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>) => {
    const begun = new Map<string, { options: BatchAppendReq.Options; events: NewEvent[] }>()
    call.on('data', (request: BatchAppendReq) => {
      const id = request.getCorrelationId()!.getString()
      const batch = begun.get(id) ?? { options: request.getOptions()!, events: [] }
      begun.set(id, batch)
      for (const one of request.getProposedMessagesList()) batch.events.push(newEvent(one))
      if (!request.getIsFinal()) return
      begun.delete(id)
      counts.batchAppends += 1
      const { options, events } = batch
      const expected = options.hasStreamPosition()
        ? Number(options.getStreamPosition())
        : options.hasNoStream()
          ? -1
          : 'any'
      void commit(nameOf(options), expected, events).then((answer) => {
        if (answer) call.write(batchResponse(answer, request, options))
      })
    })
    call.on('end', () => call.end())
  }

  const read = (call: ServerWritableStream<ReadReq, ReadResp>) => {
    const options = call.request.getOptions()!
    if (options.hasSubscription()) {
      const refusal = faults().forbidding ? refusalOf(call.metadata) : null
      if (refusal) return void call.emit('error', refusal)
      counts.subscriptions += 1
      return void subscriptions.serve(call, options)
    }
    counts.reads += 1
    const refusal = refusalOf(call.metadata)
    if (refusal) return void call.emit('error', refusal)
    if (faults().silent) return
    void writeAll(call, options)
  }

  const writeAll = async (
    call: ServerWritableStream<ReadReq, ReadResp>,
    options: ReadReq.Options,
  ) => {
    const count = Number(options.getCount())
    const backwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS
    const stream = options.getStream()
    const from = stream ? streamPage(journal, options) : allPage(journal, options)
    if (stream && journal.stream(nameOf(stream)).length === 0) {
      const missing = new streams.ReadResp.StreamNotFound()
      missing.setStreamIdentifier(stream.getStreamIdentifier())
      const response = new streams.ReadResp()
      response.setStreamNotFound(missing)
      call.write(response)
      return call.end()
    }
    const first = from.first
    // What is appended while the answer is held back is not in it.
    const events = faults().readHoldsMs.length > 0 ? [...from.events] : from.events
    await held('readHoldsMs')
    const step = backwards ? -1 : 1
    for (let at = first, sent = 0; sent < count && events[at]; at += step, sent += 1) {
      const placed = stream === undefined || !faults().placeless
      if (!call.write(readEvent(events[at]!, placed))) {
        await drained(call)
      }
      if (call.cancelled) return
    }
    call.end()
  }

  return { append, batchAppend, read }
}

type Page = Readonly<{ events: readonly StoredEvent[]; first: number }>

function streamPage(journal: Journal, options: ReadReq.Options): Page {
  const stream = options.getStream()!
  const events = journal.stream(nameOf(stream))
  if (stream.hasStart()) return { events, first: 0 }
  if (stream.hasEnd()) return { events, first: events.length - 1 }
  return { events, first: Number(stream.getRevision()) }
}

/** Forwards the place itself comes first, backwards what is before it: as EventStoreDB does. */
function allPage(journal: Journal, options: ReadReq.Options): Page {
  const all = options.getAll()!
  const { events } = journal
  if (all.hasStart()) return { events, first: 0 }
  if (all.hasEnd()) return { events, first: events.length - 1 }
  const index = journal.indexOf(Number(all.getPosition()!.getCommitPosition()))
  return {
    events,
    first:
      options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS
        ? index - 1
        : index,
  }
}

function nameOf(options: { getStreamIdentifier: () => shared.StreamIdentifier | undefined }) {
  return Buffer.from(options.getStreamIdentifier()!.getStreamName_asU8()).toString('utf8')
}

function newEvent(proposed: Proposed): NewEvent {
  const metadata = proposed.getMetadataMap()
  return {
    id: proposed.getId()!.getString(),
    type: metadata.get('type') ?? '',
    contentType: metadata.get('content-type') ?? '',
    data: Buffer.from(proposed.getData_asU8()),
  }
}

function appendResponse(answer: JournalAnswer, expected: Expected): AppendResp {
  const response = new streams.AppendResp()
  if (answer.status === 'conflict') {
    const conflict = new streams.AppendResp.WrongExpectedVersion()
    if (answer.actual < 0) conflict.setCurrentNoStream(new shared.Empty())
    else conflict.setCurrentRevision(String(answer.actual))
    if (expected === -1) conflict.setExpectedNoStream(new shared.Empty())
    else conflict.setExpectedRevision(String(expected))
    response.setWrongExpectedVersion(conflict)
    return response
  }
  const success = new streams.AppendResp.Success()
  success.setCurrentRevision(String(answer.last))
  if (answer.status === 'again') {
    success.setNoPosition(new shared.Empty())
  } else {
    const position = new streams.AppendResp.Position()
    position.setCommitPosition(String(answer.place))
    position.setPreparePosition(String(answer.place))
    success.setPosition(position)
  }
  response.setSuccess(success)
  return response
}

/** Only what a measurement of the driver's own way needs: a conflict is not told in detail. */
function batchResponse(
  answer: JournalAnswer,
  request: BatchAppendReq,
  options: BatchAppendReq.Options,
): BatchAppendResp {
  if (answer.status === 'conflict') throw new Error('the stand-in tells no conflict in a batch')
  const response = new streams.BatchAppendResp()
  response.setCorrelationId(request.getCorrelationId())
  response.setStreamIdentifier(options.getStreamIdentifier())
  const success = new streams.BatchAppendResp.Success()
  success.setCurrentRevision(String(answer.last))
  if (answer.status === 'appended') {
    const position = new shared.AllStreamPosition()
    position.setCommitPosition(String(answer.place))
    position.setPreparePosition(String(answer.place))
    success.setPosition(position)
  } else {
    success.setNoPosition(new shared.Empty())
  }
  response.setSuccess(success)
  return response
}

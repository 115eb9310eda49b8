import type { LedgerEvent } from '../domain/envelope.ts'
import type { ActivityEvent } from '../domain/activity/events.ts'
import type { SubjectEvent } from '../domain/subject/events.ts'
import { streamParts } from '../domain/envelope.ts'
import { SubjectId, type ControllerId, type Position } from '../domain/values.ts'
import { decode } from '../ledger/codec.ts'
import type { EventReader } from '../ledger/event-log.ts'
import type { AskMeta } from '../ledger/execute-types.ts'
import type { Views } from '../projections/views.ts'
import type { Vault } from '../vault/vault.ts'
import { violationsOf } from './recording.ts'
import type { LineOutcome, OperationKey } from './services.ts'

/**
 * Idempotency over the whole ledger: what was said under a key before, at any time and on any node. The
 * executor knows the latest operations of each stream; this looks in the views for all others.
 */
export type Operations = Readonly<{
  /** Keyed digests of the client's key and body: no value of theirs is ever stored. */
  digest(controller: ControllerId, operation: OperationKey | null): AskMeta['operation']
  /** The answer that the key got before; null when the key is new. */
  earlier(controller: ControllerId, operation: AskMeta['operation']): Promise<LineOutcome | null>
}>

/** @param reader where the events of an earlier answer are read */
export function createOperations(vault: Vault, views: Views, reader: EventReader): Operations {
  return {
    digest(controller, operation) {
      if (!operation) return null
      return {
        key: vault.digest(controller, 'idempotency-key', operation.key),
        body: vault.digest(controller, 'request-body', operation.body),
      }
    },
    async earlier(controller, operation) {
      const found = operation && views.operation(controller, operation.key)
      if (!found) return null
      if (found.body !== operation.body) return { outcome: 'key_reused' }
      return earlierAnswer(reader, found)
    },
  }
}

/** The first answer, read back from the events that were written then. */
async function earlierAnswer(
  reader: EventReader,
  { position, events: count }: { position: Position; events: number },
): Promise<LineOutcome> {
  const [first] = await reader.readAt([position])
  if (!first) throw new Error(`couldn't find the event at position ${position}`)
  const stream = await reader.readStream(first.stream, first.revision, count)
  const events = stream.map(decode)
  const { kind, id } = streamParts(first.stream)
  const written = events as unknown as readonly (SubjectEvent | ActivityEvent)[]
  const refused = written.find(isRefusal)
  return {
    stream: first.stream,
    position: events.at(-1)!.position,
    repeated: true,
    events: events.map(({ id, type, revision, position }) => ({ id, type, revision, position })),
    subject: kind === 'subject' ? SubjectId.parse(id) : null,
    flagged: violationsOf(written),
    ...(refused
      ? { outcome: 'refused', refusals: refused.data.refusals }
      : { outcome: 'recorded' }),
  }
}

type Refused = Extract<LedgerEvent, { type: 'ActRefused' | 'ActivityRefused' }>

function isRefusal(event: LedgerEvent): event is Refused {
  return event.type === 'ActRefused' || event.type === 'ActivityRefused'
}

import type { ActivityEvent } from '../domain/activity/events.ts'
import { streamParts } from '../domain/envelope.ts'
import type { SubjectEvent } from '../domain/subject/events.ts'
import { SubjectId, type ControllerId, type Position } from '../domain/values.ts'
import { repeatedAnswer } from '../ledger/answer.ts'
import type { EventReader } from '../ledger/event-log.ts'
import type { Answer, AskMeta } from '../ledger/execute-types.ts'
import type { Views } from '../projections/views.ts'
import type { Vault } from '../vault/vault.ts'
import { violationsOf } from './recording.ts'
import type { LineOutcome, OperationKey } from './services.ts'

type Digests = AskMeta['operation']

/**
 * Idempotency over the whole ledger: what was said under a key before, at any time and on any node. The
 * executor knows the latest operations of each stream and the views know all that they have folded;
 * what is between the two, a key that has just come with another body on another stream, is known here.
 */
export type Operations = Readonly<{
  /** Keyed digests of the client's key and body: no value of theirs is ever stored. */
  digest(controller: ControllerId, operation: OperationKey | null): Digests
  /**
   * The answer that the key got before; `key_reused` for another body; null when the key is new, or there
   * is none. A promise only where an answer has to be read back: most lines need none.
   */
  earlier(controller: ControllerId, operation: Digests): LineOutcome | Promise<LineOutcome> | null
  /** Nothing came of it: the key is free again. */
  release(operation: Digests): void
}>

/** How many keys are remembered: more than can be on their way to the views. */
const MOST_CLAIMED = 50_000

/** @param reader where the events of an earlier answer are read */
export function createOperations(vault: Vault, views: Views, reader: EventReader): Operations {
  /** Digest of the key → digest of the body, in the order in which they came. */
  const claimed = new Map<string, string>()

  return {
    digest(controller, operation) {
      if (!operation) return null
      return {
        key: vault.digest(controller, 'idempotency-key', operation.key),
        body: vault.digest(controller, 'request-body', operation.body),
      }
    },
    earlier(controller, operation) {
      if (!operation) return null
      const claim = claimed.get(operation.key)
      if (claim !== undefined && claim !== operation.body) return { outcome: 'key_reused' }
      const found = views.operation(controller, operation.key)
      if (!found) {
        if (claimed.size >= MOST_CLAIMED) claimed.delete(claimed.keys().next().value!)
        claimed.set(operation.key, operation.body)
        return null
      }
      if (found.body !== operation.body) return { outcome: 'key_reused' }
      return earlierAnswer(reader, found)
    },
    release: (operation) => void (operation && claimed.delete(operation.key)),
  }
}

/** The first answer, read back from the events that were written then. */
async function earlierAnswer(
  reader: EventReader,
  { position, events: count }: { position: Position; events: number },
): Promise<LineOutcome> {
  const [first] = await reader.readAt([position])
  if (!first) throw new Error(`couldn't find the event at position ${position}`)
  const records = await reader.readStream(first.stream, first.revision, count)
  // Operations are of lines, and lines are recorded in these two kinds of stream.
  const answer = repeatedAnswer(records) as Answer<SubjectEvent | ActivityEvent>
  const { kind, id } = streamParts(first.stream)
  const { written, revision: _, ...rest } = answer
  return {
    ...rest,
    subject: kind === 'subject' ? SubjectId.parse(id) : null,
    flagged: violationsOf(written),
  }
}

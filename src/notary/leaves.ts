import { streamParts } from '../domain/envelope.ts'
import type { LogRecord } from '../ledger/event-log.ts'
import { leafEntry } from '../proof/leaf.ts'
import { hashLeaf, type Hash } from '../proof/merkle.ts'

/**
 * Whether an event is a leaf of its controller's tree. All are, but those of the checkpoint stream: else each
 * checkpoint would make the tree grow and ask for another.
 */
export function isLeaf({ stream }: Pick<LogRecord, 'stream'>): boolean {
  return streamParts(stream).kind !== 'checkpoint'
}

/** The entry of an event's leaf: it commits to the stored bytes, ciphertext included. */
export function entryOf({ stream, revision, id, type, body }: LogRecord): Buffer {
  return leafEntry({ stream, revision, id, type, body: Buffer.from(body) })
}

/** The hash of an event's leaf (RFC 6962 section 2.1). */
export function leafOf(record: LogRecord): Hash {
  return hashLeaf(entryOf(record))
}

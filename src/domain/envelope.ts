import { z } from 'zod'
import type { AccessEvent } from './access/events.ts'
import type { ActivityEvent } from './activity/events.ts'
import type { BackupEvent } from './backup/events.ts'
import type { CheckpointEvent } from './checkpoint/events.ts'
import type { HoldEvent } from './hold/events.ts'
import type { NotificationEvent } from './notification/events.ts'
import type { PolicyEvent } from './policy/events.ts'
import type { RecipientEvent } from './recipient/events.ts'
import type { RequestEvent } from './request/events.ts'
import type { SourceEvent } from './source/events.ts'
import type { SubjectEvent } from './subject/events.ts'
import type { TransferEvent } from './transfer/events.ts'
import {
  CategoryKey,
  ControllerId,
  Day,
  EventId,
  Instant,
  Lot,
  Principal,
  type Position,
  type Revision,
} from './values.ts'

/** Every event of every stream. */
export type LedgerEvent =
  | SubjectEvent
  | PolicyEvent
  | RecipientEvent
  | HoldEvent
  | TransferEvent
  | RequestEvent
  | ActivityEvent
  | AccessEvent
  | BackupEvent
  | CheckpointEvent
  | SourceEvent
  | NotificationEvent

export const streamKinds = [
  'subject',
  'policy',
  'recipient',
  'hold',
  'transfer',
  'request',
  'activity',
  'run',
  'access',
  'checkpoint',
  'source',
  'notification',
  'backup',
] as const
export type StreamKind = (typeof streamKinds)[number]

/** `<kind>-<controller>/<id>`: no personal value is ever part of it. */
export const StreamName = z
  .string()
  .regex(
    /^(?:subject|policy|recipient|hold|transfer|request|activity|run|access|checkpoint|source|notification|backup)-[a-z0-9.-]{1,64}\/[a-z0-9.-]{1,96}$/,
    'must be a stream: <kind>-<controller>/<id>',
  )
  .brand<'StreamName'>()
export type StreamName = z.infer<typeof StreamName>

/** The stream of a kind, controller and id. */
export function streamName(kind: StreamKind, controller: ControllerId, id: string): StreamName {
  return `${kind}-${controller}/${id}` as StreamName
}

/** The parts of a stream's name. */
export function streamParts(stream: StreamName): {
  kind: StreamKind
  controller: ControllerId
  id: string
} {
  const dash = stream.indexOf('-')
  const slash = stream.indexOf('/')
  return {
    kind: stream.slice(0, dash) as StreamKind,
    controller: stream.slice(dash + 1, slash) as ControllerId,
    id: stream.slice(slash + 1),
  }
}

/**
 * The values of one category of one event, sealed: AES-256-GCM over their JSON. `box` is base64 of
 * version (1 byte), nonce (12), ciphertext and tag (16). The key is found by subject, category and lot;
 * the additional data binds controller, subject, event id, category, lot and key id.
 */
export const Sealed = z.strictObject({
  category: CategoryKey,
  lot: Lot,
  key: z.string().regex(/^[A-Za-z0-9_-]{1,32}$/),
  box: z.base64(),
})
export type Sealed = z.infer<typeof Sealed>

/** What every stored event says beside its data. */
export const EnvelopeFields = z.strictObject({
  id: EventId,
  type: z.string(),
  version: z.int().positive(),
  controller: ControllerId,
  /** When the source says that it happened. */
  occurredAt: Instant,
  /** When the ledger wrote it. Never decreases with the position, as far as one writer is concerned. */
  recordedAt: Instant,
  principal: Principal,
  /** The event or request that began the conversation; the event that led to this one. */
  correlation: z.string().max(64),
  causation: EventId.nullable(),
  /** S1: the version of the policy in force at the time of the act; null where none is concerned. */
  policyVersion: Day.nullable(),
  /** Idempotency: keyed digests of the client's key and of the body, never the values. */
  operation: z.strictObject({ key: z.string().max(64), body: z.string().max(64) }).nullable(),
  data: z.unknown(),
  sealed: z.array(Sealed),
})

export type Envelope<E extends LedgerEvent = LedgerEvent> = Readonly<
  Omit<z.infer<typeof EnvelopeFields>, 'type' | 'version' | 'data'> & {
    stream: StreamName
    revision: Revision
    position: Position
  }
> &
  E

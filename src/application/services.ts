import type { Role } from '../domain/access/events.ts'
import type { HoldGround, HoldScope } from '../domain/hold/events.ts'
import type { StreamName } from '../domain/envelope.ts'
import type { Refusal } from '../domain/refusal.ts'
import type { RequestKind } from '../domain/request/events.ts'
import type { ManifestSummary, TransferScope } from '../domain/transfer/events.ts'
import type {
  CategoryKey,
  Channel,
  ControllerId,
  Day,
  EventId,
  Instant,
  Lot,
  Position,
  Principal,
  Property,
  PurposeKey,
  RecipientId,
  Reference,
  Revision,
  SubjectId,
  TimeZone,
} from '../domain/values.ts'
import type { BackupService } from './backups.ts'
import type { EndpointService } from './endpoints.ts'
import type { Line, SubjectReference } from './lines.ts'
import type { NotificationService } from './notifications.ts'

/**
 * What the rooms that face people (api, cli, jobs) are handed: one service for each thing that can be
 * asked. Every call speaks for one controller; nothing here crosses controllers (S45).
 */

/** Who asks, and in which conversation. */
export type Caller = Readonly<{
  controller: ControllerId
  principal: Principal
  correlation: string
}>

/** The client's idempotency key and the bytes it came with (digested, never stored). */
export type OperationKey = Readonly<{ key: string; body: string }>

export type EventReceipt = Readonly<{
  id: EventId
  type: string
  revision: Revision
  position: Position
}>

/** What became of one command. `repeated`: this was said before, and this was the answer then. */
export type Outcome = Readonly<
  { stream: StreamName; position: Position; repeated: boolean; events: readonly EventReceipt[] } & (
    { outcome: 'recorded' } | { outcome: 'refused'; refusals: readonly Refusal[] }
  )
>

/** The same key came with another body. Nothing was recorded. */
export type KeyReused = Readonly<{ outcome: 'key_reused' }>

/** A line's field is wrong in a way that only this ledger can know. Nothing was recorded. */
export type Invalid = Readonly<{ outcome: 'invalid'; field: string; rule: string }>

export type LineOutcome =
  (Outcome & { subject: SubjectId | null; flagged: readonly Refusal[] }) | KeyReused | Invalid

/** Records what source systems say. */
export interface RecordingService {
  /** One line. `flagged` are the violations of an observed act. */
  record(caller: Caller, line: Line, operation: OperationKey | null): Promise<LineOutcome>
  /** Many lines, in order for each person; the outcomes are in the order of the lines. */
  recordAll(
    caller: Caller,
    lines: readonly { line: Line; operation: OperationKey | null }[],
  ): Promise<readonly LineOutcome[]>
}

/** Steps in the life of policies, recipients, holds, transfers, requests and tokens. */
export interface PolicyService {
  /** Where the controller keeps its calendar; UTC while it has published no policy. */
  timeZone(caller: Caller): Promise<TimeZone>
  /** `document` is YAML. A document that is not a policy answers `invalid` with the path and the rule. */
  publish(caller: Caller, document: string, at: Instant | null): Promise<Outcome | Invalid>
  giveNotice(
    caller: Caller,
    step: { policy: Reference; version: Day; channel: Channel; on: Day; evidence: string | null },
  ): Promise<Outcome>
  bringIntoEffect(caller: Caller, step: { policy: Reference; version: Day }): Promise<Outcome>
  retire(
    caller: Caller,
    step: { policy: Reference; version: Day; from: Day; reason: string },
  ): Promise<Outcome>
}

export interface RecipientService {
  register(
    caller: Caller,
    step: { recipient: RecipientId; name: string; recipientClass: string; country: string | null },
  ): Promise<Outcome>
  signContract(
    caller: Caller,
    step: {
      recipient: RecipientId
      reference: Reference
      from: Day
      until: Day | null
      purposes: readonly PurposeKey[]
      categories: readonly CategoryKey[] | 'any'
    },
  ): Promise<Outcome>
  endContract(
    caller: Caller,
    step: { recipient: RecipientId; reference: Reference; until: Day },
  ): Promise<Outcome>
  suspend(caller: Caller, step: { recipient: RecipientId; reason: string }): Promise<Outcome>
  reinstate(caller: Caller, step: { recipient: RecipientId; reason: string }): Promise<Outcome>
}

export interface HoldService {
  place(
    caller: Caller,
    step: {
      matter: Reference
      title: string
      ground: HoldGround
      scope: HoldScope
      document: string
    },
  ): Promise<Outcome>
  release(caller: Caller, step: { matter: Reference; reason: string }): Promise<Outcome>
}

export interface TransferService {
  propose(
    caller: Caller,
    step: {
      transfer: Reference
      title: string
      transaction: 'merger' | 'acquisition' | 'sale-of-assets'
      acquirer: RecipientId
      scope: TransferScope
    },
  ): Promise<Outcome>
  /** Takes the manifest at the ledger's present position and fixes the scope on it. */
  scope(
    caller: Caller,
    step: { transfer: Reference; scope: TransferScope },
  ): Promise<Outcome & { manifest: ManifestSummary | null }>
  postNotice(
    caller: Caller,
    step: { transfer: Reference; channel: Channel; property: Property; evidence: string },
  ): Promise<Outcome>
  execute(
    caller: Caller,
    step: { transfer: Reference; override: { reason: string; approver: string } | null },
  ): Promise<Outcome & { manifest: ManifestSummary | null }>
  abandon(caller: Caller, step: { transfer: Reference; reason: string }): Promise<Outcome>
}

export interface RequestService {
  /** `subject_unknown` where no such person is in this controller's custody. */
  receive(
    caller: Caller,
    step: {
      request: Reference
      kind: RequestKind
      subject: SubjectReference
      channel: Channel
      purpose: PurposeKey | null
    },
  ): Promise<Outcome>
  verify(
    caller: Caller,
    step: { request: Reference; method: string; handler: string },
  ): Promise<Outcome>
  /** Does what was asked: erases, exports, objects; then closes the request. */
  fulfil(
    caller: Caller,
    step: { request: Reference; outcome: string; handler: string },
  ): Promise<Outcome & { export: SubjectExport | null }>
  deny(
    caller: Caller,
    step: { request: Reference; reason: string; handler: string; channel: Channel },
  ): Promise<Outcome>
}

/** S30: all that is held on a person, opened, for the person. The only report with values in clear. */
export type SubjectExport = Readonly<{
  controller: ControllerId
  subject: SubjectId
  position: Position
  items: readonly {
    category: CategoryKey
    lot: Lot
    collectedAt: Instant
    source: string
    purposes: readonly PurposeKey[]
    /** null: the values are in the source system, or were destroyed. */
    values: Readonly<Record<string, unknown>> | null
    corrected: boolean
  }[]
  consents: readonly { purpose: PurposeKey; status: string; since: Instant }[]
  disclosures: readonly {
    recipient: RecipientId
    purpose: PurposeKey
    at: Instant
    categories: readonly CategoryKey[]
  }[]
}>

export interface SubjectService {
  /** The pseudonym of a person, or null. Looking somebody up makes no subject. */
  find(caller: Caller, subject: SubjectReference): Promise<SubjectId | null>
  /** N10: the access is an event, written before the answer. null: unknown. */
  export(
    caller: Caller,
    step: {
      subject: SubjectReference
      request: Reference | null
      reason: 'subject-export' | 'inspection'
    },
  ): Promise<SubjectExport | null>
}

/** Carries out deletions that were requested: fence, holds, destroy, complete; resumable at any step. */
export interface DeletionService {
  request(
    caller: Caller,
    step: {
      subject: SubjectId
      deletion: Reference
      cause: 'retention' | 'request' | 'account-closure' | 'instruction'
      scope:
        { everything: true } | { lots: readonly string[] } | { categories: readonly CategoryKey[] }
      request: Reference | null
      at: Instant | null
    },
  ): Promise<DeletionOutcome>
  /** Takes up every deletion that is requested and not done, and those whose holds are gone. */
  resume(caller: Caller, at: Instant | null, limit: number): Promise<readonly DeletionOutcome[]>
}

export type DeletionOutcome = Readonly<{
  subject: SubjectId
  deletion: Reference
  /** `waiting`: nothing new: what was deferred still is. */
  outcome: 'deleted' | 'deferred' | 'partly-deferred' | 'refused' | 'waiting'
  deleted: number
  deferred: number
  holds: readonly Reference[]
  refusals: readonly Refusal[]
  position: Position
}>

export interface AccessService {
  /** The token is answered once and never again; only its digest is kept. */
  issue(
    caller: Caller,
    step: { token: Reference; role: Role; label: string },
  ): Promise<Outcome & { secret: string | null }>
  revoke(caller: Caller, step: { token: Reference; reason: string }): Promise<Outcome>
  /** Who bears this token; null for an unknown or a revoked one. */
  identify(
    secret: string,
  ): Promise<{ controller: ControllerId; token: Reference; role: Role } | null>
}

export interface ConsentService {
  /** The time that a consent was given for is over. `recorded: false`: it did not stand any more. */
  expire(
    caller: Caller,
    consent: Readonly<{ subject: SubjectId; purpose: PurposeKey }>,
  ): Promise<Readonly<{ recorded: boolean }>>
}

export interface RunService {
  /** What a run of a job came to, in counts. */
  record(
    caller: Caller,
    run: Readonly<{
      job: 'retention' | 'import'
      run: Reference
      asOf: Day
      outcome: Readonly<Record<string, number>>
      note: string | null
    }>,
  ): Promise<Outcome>
}

/** Everything, as `main` wires it. */
export type Services = Readonly<{
  recording: RecordingService
  policies: PolicyService
  recipients: RecipientService
  holds: HoldService
  transfers: TransferService
  requests: RequestService
  subjects: SubjectService
  deletions: DeletionService
  consents: ConsentService
  runs: RunService
  access: AccessService
  endpoints: EndpointService
  notifications: NotificationService
  backups: BackupService
}>

import type { NotificationViews } from './notification-views.ts'
import type { ResidueViews } from './residue-views.ts'
import type { ConsentStatus } from '../domain/subject/state.ts'
import type { HoldGround, HoldScope } from '../domain/hold/events.ts'
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
  RuleId,
  SourceId,
  SubjectId,
  SubjectKind,
} from '../domain/values.ts'

/**
 * The questions that the read models answer. Each takes the controller first and never looks beyond it
 * (S45), and a position: the answer is a pure function of the ledger up to it. Answers are ordered, so
 * that the same question at the same position gives the same bytes.
 */

/**
 * `position`: what the ledger knew up to there (as recorded). `moment`: of that, what was true at that
 * time of the world (as occurred). Without a moment: at the end of what is known.
 */
export type AsOf = Readonly<{ position: Position; moment?: Instant }>

/** A page of a list. `next` is an opaque cursor; null on the last page. */
export type Page<Row> = Readonly<{ rows: readonly Row[]; next: string | null }>
export type Paging = Readonly<{ limit: number; cursor: string | null }>

/** One category of one collection, held from `began` until `ended`. */
export type InventoryRow = Readonly<{
  subject: SubjectId
  category: CategoryKey
  lot: Lot
  collection: EventId
  kind: SubjectKind
  property: Property
  channel: Channel
  source: SourceId
  purposes: readonly PurposeKey[]
  /** Names of the sealed fields; empty where the values stayed in the source system. */
  fields: readonly string[]
  permitted: boolean
  /** Of a permitted collection: what it stands on. */
  policyVersion: Day | null
  rules: readonly RuleId[]
  basis: string | null
  began: Position
  beganAt: Instant
  ended: Position | null
  endedAt: Instant | null
}>

/** A consent or an objection and how it stood, from `began` until `ended`. */
export type StandingRow = Readonly<{
  subject: SubjectId
  purpose: PurposeKey
  matter: 'consent' | 'objection'
  status: ConsentStatus | 'made' | 'lifted'
  channel: Channel | null
  event: EventId
  expires: Day | null
  began: Position
  beganAt: Instant
  endedAt: Instant | null
}>

/** A lot and when it falls due, from `began` until `ended`: the row changes whenever the day does. */
export type RetentionRow = Readonly<{
  subject: SubjectId
  lot: Lot
  rule: RuleId
  trigger: string
  categories: readonly CategoryKey[]
  kinds: readonly SubjectKind[]
  /** The day the clock started; null while it has not (an open account). */
  startedOn: Day | null
  dueOn: Day | null
  began: Position
  ended: Position | null
  /** The deletion under way on it, and whether it is deferred. */
  deletion: Reference | null
  deferred: boolean
}>

export type DisclosureRow = Readonly<{
  event: EventId
  position: Position
  subject: SubjectId | null
  recipient: RecipientId
  recipientClass: string | null
  purpose: PurposeKey
  categories: readonly CategoryKey[]
  ground: string | null
  document: string | null
  approver: string | null
  permitted: boolean
  policyVersion: Day | null
  rules: readonly RuleId[]
  at: Instant
}>

/** One event as the audit trail shows it. No personal value, no identifier. */
export type AuditRow = Readonly<{
  position: Position
  event: EventId
  stream: string
  revision: number
  type: string
  subject: SubjectId | null
  occurredAt: Instant
  recordedAt: Instant
  principal: Principal
  source: SourceId | null
  policyVersion: Day | null
  purpose: PurposeKey | null
  recipient: RecipientId | null
  outcome: 'permitted' | 'violated' | 'refused' | null
  /** Of a refusal or a violation: the first code and the obligations and codes of all. */
  code: string | null
  codes: readonly string[]
  obligations: readonly string[]
  /** The rules of the policy that it stands on or that it breaks. */
  rules?: readonly string[]
}>

export type AuditFilter = Readonly<{
  subject?: SubjectId
  type?: string
  outcome?: 'permitted' | 'violated' | 'refused'
  code?: string
  obligation?: string
  purpose?: PurposeKey
  recipient?: RecipientId
  principal?: Principal
  /** By occurredAt; `from` inclusive, `until` exclusive. */
  from?: Instant
  until?: Instant
}>

export type HoldRow = Readonly<{
  matter: Reference
  title: string
  ground: HoldGround
  scope: HoldScope
  document: string
  began: Position
  beganAt: Instant
  ended: Position | null
  endedAt: Instant | null
}>

export type RequestRow = Readonly<{
  request: Reference
  kind: RequestKind
  subject: SubjectId
  channel: Channel
  status: 'received' | 'verified' | 'fulfilled' | 'denied'
  receivedAt: Instant
  deadline: Day
  closedAt: Instant | null
  reason: string | null
  purpose: PurposeKey | null
}>

export type PendingDeletionRow = Readonly<{
  subject: SubjectId
  deletion: Reference
  cause: string
  status: 'requested' | 'deferred'
  holds: readonly Reference[]
  until: Day | null
  lots: readonly Lot[]
  since: Position
}>

/** A promotional use and what stood on the person's side when it was made. */
export type PromotionalUseRow = Readonly<{
  event: EventId
  position: Position
  subject: SubjectId
  purpose: PurposeKey
  at: Instant
  optOutOffered: boolean
  /** As judged when it was recorded. */
  judged: 'permitted' | 'violated'
  /** As known at the asked position: what stood at `at`. */
  consent: ConsentStatus | 'none'
  objection: 'made' | 'none'
}>

export type PolicyRow = Readonly<{
  policy: Reference
  version: Day
  effective: Day
  status: 'published' | 'announced' | 'in-force' | 'retired'
  from: Day | null
  until: Day | null
  digest: string
}>

export type RecipientRow = Readonly<{
  recipient: RecipientId
  name: string
  recipientClass: string
  country: string | null
  suspended: boolean
  contracts: number
}>

export type TransferRow = Readonly<{
  transfer: Reference
  title: string
  transaction: string
  acquirer: RecipientId
  scope: TransferScope
  status: 'proposed' | 'scoped' | 'notified' | 'executed' | 'abandoned'
  manifest: ManifestSummary | null
  sitePosted: boolean
}>

/** A person inside a transfer's scope and whether they were told of it. */
export type TransferItemRow = Readonly<{
  subject: SubjectId
  category: CategoryKey
  lot: Lot
  kind: SubjectKind
  property: Property
  collection: EventId
  /** null: passes. Otherwise why not. */
  excluded:
    'outside-scope' | 'deletion-pending' | 'collected-in-violation' | 'objection' | 'due' | null
}>

export interface Views extends NotificationViews, ResidueViews {
  /** The position up to which the views have been folded. */
  position(): Position
  /** The position of the last event recorded at or before the moment: `as known then`. */
  positionAt(controller: ControllerId, recordedAt: Instant): Position
  /** Resolves when the views hold `position`. @throws ViewsBehind after `milliseconds`. */
  waitFor(position: Position, milliseconds: number): Promise<void>

  inventory(
    controller: ControllerId,
    asOf: AsOf,
    filter: {
      subject?: SubjectId
      category?: CategoryKey
      kind?: SubjectKind
      property?: Property
    },
    paging: Paging,
  ): Page<InventoryRow>
  /** How many people and items are held, by category. */
  inventorySummary(
    controller: ControllerId,
    asOf: AsOf,
  ): readonly { category: CategoryKey; subjects: number; items: number }[]
  standings(
    controller: ControllerId,
    asOf: AsOf,
    filter: { subject?: SubjectId; purpose?: PurposeKey; matter?: 'consent' | 'objection' },
    paging: Paging,
  ): Page<StandingRow>
  /** Lots not ended at the position, by due day; `dueBy` inclusive. Cost is linear in what is answered. */
  retention(
    controller: ControllerId,
    position: Position,
    filter: { dueBy?: Day; subject?: SubjectId; rule?: RuleId },
    paging: Paging,
  ): Page<RetentionRow>
  disclosures(
    controller: ControllerId,
    asOf: AsOf,
    filter: { subject?: SubjectId; recipient?: RecipientId },
    paging: Paging,
  ): Page<DisclosureRow>
  audit(
    controller: ControllerId,
    position: Position,
    filter: AuditFilter,
    paging: Paging,
  ): Page<AuditRow>
  /** How many events by outcome, code and first obligation. */
  auditSummary(
    controller: ControllerId,
    position: Position,
  ): readonly { type: string; outcome: string | null; code: string | null; events: number }[]
  holds(controller: ControllerId, position: Position): readonly HoldRow[]
  requests(controller: ControllerId, position: Position, paging: Paging): Page<RequestRow>
  request(controller: ControllerId, request: Reference): RequestRow | null
  pendingDeletions(
    controller: ControllerId,
    position: Position,
    paging: Paging,
  ): Page<PendingDeletionRow>
  promotionalUses(
    controller: ControllerId,
    position: Position,
    filter: { subject?: SubjectId },
    paging: Paging,
  ): Page<PromotionalUseRow>
  policies(controller: ControllerId, position: Position): readonly PolicyRow[]
  recipients(controller: ControllerId, position: Position): readonly RecipientRow[]
  transfers(controller: ControllerId, position: Position): readonly TransferRow[]
  transfer(controller: ControllerId, transfer: Reference): TransferRow | null
  /** Items held at the position, by subject, each with whether it passes. Streamed: flat memory. */
  transferItems(
    controller: ControllerId,
    position: Position,
    scope: TransferScope,
    asOf: Day,
  ): Iterable<TransferItemRow>
  /** Whether the person was told of it (in their own stream), up to the position. */
  notified(
    controller: ControllerId,
    position: Position,
    subject: SubjectId,
    about: 'transfer' | 'request' | 'policy',
    reference: Reference,
  ): boolean
  /** The kinds a person was collected as. */
  kindsOf(controller: ControllerId, subject: SubjectId): readonly SubjectKind[]
  /** The positions of the events that an operation key led to; null when it is not known. */
  operation(
    controller: ControllerId,
    key: string,
  ): { body: string; position: Position; events: number } | null
  counts(controller: ControllerId): { subjects: number; events: number }
  close(): void
}

/** The views did not reach the position in time. */
export class ViewsBehind extends Error {
  override readonly name = 'ViewsBehind'
}

/** A cursor that no page of this list ever answered. */
export class BadCursor extends Error {
  override readonly name = 'BadCursor'
}

import { z } from 'zod'
import { HoldGround, HoldScope } from '../domain/hold/events.ts'
import { RequestKind } from '../domain/request/events.ts'
import { ManifestSummary, TransferScope } from '../domain/transfer/events.ts'
import {
  CategoryKey,
  Channel,
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
import type * as views from '../projections/views.ts'

/** The rows of the read models as the API answers them. `satisfies` ties each to what the views give. */

const judged = { policyVersion: Day.nullable(), rules: z.array(RuleId) }
const outcome = z.enum(['permitted', 'violated', 'refused']).nullable()
const consentStatus = z.enum(['requested', 'given', 'refused', 'withdrawn', 'expired'])

export const InventoryRow = z
  .strictObject({
    subject: SubjectId,
    category: CategoryKey,
    lot: Lot,
    collection: EventId,
    kind: SubjectKind,
    property: Property,
    channel: Channel,
    source: SourceId,
    purposes: z.array(PurposeKey),
    fields: z.array(z.string()),
    permitted: z.boolean(),
    ...judged,
    basis: z.string().nullable(),
    began: Position,
    beganAt: Instant,
    ended: Position.nullable(),
    endedAt: Instant.nullable(),
  })
  .meta({ id: 'InventoryRow' }) satisfies z.ZodType<views.InventoryRow>

export const InventorySummaryRow = z
  .strictObject({ category: CategoryKey, subjects: z.int(), items: z.int() })
  .meta({ id: 'InventorySummaryRow' })

export const StandingRow = z
  .strictObject({
    subject: SubjectId,
    purpose: PurposeKey,
    matter: z.enum(['consent', 'objection']),
    status: z.enum([...consentStatus.options, 'made', 'lifted']),
    channel: Channel.nullable(),
    event: EventId,
    expires: Day.nullable(),
    began: Position,
    beganAt: Instant,
    endedAt: Instant.nullable(),
  })
  .meta({ id: 'StandingRow' }) satisfies z.ZodType<views.StandingRow>

export const RetentionRow = z
  .strictObject({
    subject: SubjectId,
    lot: Lot,
    rule: RuleId,
    trigger: z.string(),
    categories: z.array(CategoryKey),
    kinds: z.array(SubjectKind),
    startedOn: Day.nullable(),
    dueOn: Day.nullable(),
    began: Position,
    ended: Position.nullable(),
    deletion: Reference.nullable(),
    deferred: z.boolean(),
  })
  .meta({ id: 'RetentionRow' }) satisfies z.ZodType<views.RetentionRow>

export const DisclosureRow = z
  .strictObject({
    event: EventId,
    position: Position,
    subject: SubjectId.nullable(),
    recipient: RecipientId,
    recipientClass: z.string().nullable(),
    purpose: PurposeKey,
    categories: z.array(CategoryKey),
    ground: z.string().nullable(),
    document: z.string().nullable(),
    approver: z.string().nullable(),
    permitted: z.boolean(),
    ...judged,
    at: Instant,
  })
  .meta({ id: 'DisclosureRow' }) satisfies z.ZodType<views.DisclosureRow>

export const AuditRow = z
  .strictObject({
    position: Position,
    event: EventId,
    stream: z.string(),
    revision: z.int(),
    type: z.string(),
    subject: SubjectId.nullable(),
    occurredAt: Instant,
    recordedAt: Instant,
    principal: Principal,
    source: SourceId.nullable(),
    policyVersion: Day.nullable(),
    purpose: PurposeKey.nullable(),
    recipient: RecipientId.nullable(),
    outcome,
    code: z.string().nullable(),
    codes: z.array(z.string()),
    obligations: z.array(z.string()),
    rules: z.array(z.string()).exactOptional(),
  })
  .meta({ id: 'AuditRow' }) satisfies z.ZodType<views.AuditRow>

export const AuditSummaryRow = z
  .strictObject({
    type: z.string(),
    outcome: z.string().nullable(),
    code: z.string().nullable(),
    events: z.int(),
  })
  .meta({ id: 'AuditSummaryRow' })

export const HoldRow = z
  .strictObject({
    matter: Reference,
    title: z.string(),
    ground: HoldGround,
    scope: HoldScope,
    document: z.string(),
    began: Position,
    beganAt: Instant,
    ended: Position.nullable(),
    endedAt: Instant.nullable(),
  })
  .meta({ id: 'HoldRow' }) satisfies z.ZodType<views.HoldRow>

export const RequestRow = z
  .strictObject({
    request: Reference,
    kind: RequestKind,
    subject: SubjectId,
    channel: Channel,
    status: z.enum(['received', 'verified', 'fulfilled', 'denied']),
    receivedAt: Instant,
    deadline: Day,
    closedAt: Instant.nullable(),
    reason: z.string().nullable(),
    purpose: PurposeKey.nullable(),
  })
  .meta({ id: 'RequestRow' }) satisfies z.ZodType<views.RequestRow>

export const PendingDeletionRow = z
  .strictObject({
    subject: SubjectId,
    deletion: Reference,
    cause: z.string(),
    status: z.enum(['requested', 'deferred']),
    holds: z.array(Reference),
    until: Day.nullable(),
    lots: z.array(Lot),
    since: Position,
  })
  .meta({ id: 'PendingDeletionRow' }) satisfies z.ZodType<views.PendingDeletionRow>

export const PromotionalUseRow = z
  .strictObject({
    event: EventId,
    position: Position,
    subject: SubjectId,
    purpose: PurposeKey,
    at: Instant,
    optOutOffered: z.boolean(),
    judged: z.enum(['permitted', 'violated']),
    consent: z.enum([...consentStatus.options, 'none']),
    objection: z.enum(['made', 'none']),
  })
  .meta({ id: 'PromotionalUseRow' }) satisfies z.ZodType<views.PromotionalUseRow>

export const PolicyRow = z
  .strictObject({
    policy: Reference,
    version: Day,
    effective: Day,
    status: z.enum(['published', 'announced', 'in-force', 'retired']),
    from: Day.nullable(),
    until: Day.nullable(),
    digest: z.string(),
  })
  .meta({ id: 'PolicyRow' }) satisfies z.ZodType<views.PolicyRow>

export const RecipientRow = z
  .strictObject({
    recipient: RecipientId,
    name: z.string(),
    recipientClass: z.string(),
    country: z.string().nullable(),
    suspended: z.boolean(),
    contracts: z.int(),
  })
  .meta({ id: 'RecipientRow' }) satisfies z.ZodType<views.RecipientRow>

export const TransferRow = z
  .strictObject({
    transfer: Reference,
    title: z.string(),
    transaction: z.string(),
    acquirer: RecipientId,
    scope: TransferScope,
    status: z.enum(['proposed', 'scoped', 'notified', 'executed', 'abandoned']),
    manifest: ManifestSummary.nullable(),
    sitePosted: z.boolean(),
  })
  .meta({ id: 'TransferRow' }) satisfies z.ZodType<views.TransferRow>

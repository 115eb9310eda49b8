import { z } from 'zod'
import { DisclosureGround, LegalBasis } from './policy/schema.ts'
import { Refusal } from './refusal.ts'
import {
  CategoryKey,
  Channel,
  Day,
  EventId,
  Line,
  ObligationId,
  Property,
  PurposeKey,
  RecipientId,
  Reference,
  Revision,
  RuleId,
  SubjectKind,
  type Instant,
} from './values.ts'

/**
 * The two modes of an act. `enforce`: may I? A refusal is an answer and an event. `observe`: it
 * happened; it is recorded whatever the policy says, and flagged where it breaks a rule.
 */
export const Mode = z.enum(['enforce', 'observe'])
export type Mode = z.infer<typeof Mode>

const about = { property: Property, categories: z.array(CategoryKey).max(64) }

/** Personal data is obtained (GDPR Art. 13, 14). */
export const Collect = z.strictObject({
  act: z.literal('collect'),
  ...about,
  channel: Channel,
  kind: SubjectKind,
  purposes: z.array(PurposeKey).min(1).max(32),
  /** S11: the person said themselves that they are of this kind. */
  selfIdentified: z.boolean().default(false),
  /** S46: the form or transaction in which the person volunteered it. */
  voluntaryAct: Line.optional(),
  /** S33: who gave it, when that is not the person: a subject's pseudonym or a reference. */
  providedBy: Reference.optional(),
})
export type Collect = z.infer<typeof Collect>

/** Personal data held is used for a purpose. */
export const Use = z.strictObject({
  act: z.literal('use'),
  ...about,
  purpose: PurposeKey,
  /** S13: the message carried an opt-out. */
  optOutOffered: z.boolean().default(false),
  /** The collection whose data is used, where only that one is meant. */
  collection: EventId.optional(),
})
export type Use = z.infer<typeof Use>

/** Personal data is disclosed to a recipient. */
export const Share = z.strictObject({
  act: z.literal('share'),
  ...about,
  purpose: PurposeKey,
  recipient: RecipientId,
  ground: DisclosureGround.optional(),
  document: Line.optional(),
  approver: Line.optional(),
  /** S8: the business transfer under which it passes. */
  transfer: Reference.optional(),
})
export type Share = z.infer<typeof Share>

/** What is judged. */
export const Act = z.discriminatedUnion('act', [Collect, Use, Share])
export type Act = z.infer<typeof Act>

/** N2: what a permitted act stands on. */
export const Authority = z.strictObject({
  policyVersion: Day,
  rules: z.array(RuleId),
  obligations: z.array(ObligationId),
  basis: LegalBasis,
  /** The consent it stands on: the revision of the event in the subject's stream. */
  consent: z.strictObject({ purpose: PurposeKey, revision: Revision }).nullable(),
})
export type Authority = z.infer<typeof Authority>

/** The judgement of an act, stored with it. */
export const Judgement = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.literal('permitted'), authority: Authority }),
  /** Observed though the policy forbids it; every rule it breaks, in precedence. */
  z.strictObject({ outcome: z.literal('violated'), violations: z.array(Refusal).min(1) }),
])
export type Judgement = z.infer<typeof Judgement>

/** A recipient as judging needs it: its class and the contracts (S12, S48). */
export type RecipientStanding = Readonly<{
  recipient: RecipientId
  recipientClass: string
  suspendedSince: Instant | null
  contracts: readonly Readonly<{
    reference: string
    from: Day
    /** Exclusive; null: open-ended. */
    until: Day | null
    purposes: readonly PurposeKey[]
    categories: readonly CategoryKey[] | 'any'
  }>[]
}>

import { z } from 'zod'
import {
  CalendarDuration,
  CategoryKey,
  Channel,
  ControllerId,
  Day,
  Line,
  ObligationId,
  Property,
  PurposeKey,
  Reference,
  RuleId,
  SubjectKind,
  TimeZone,
} from '../values.ts'

/**
 * The policy as data: what a privacy policy promises, in a form that can be judged against. A policy
 * file is YAML with this shape; `compile` turns it into look-ups and `lint` finds what contradicts.
 */

/** GDPR Art. 6(1), in the words of W3C DPV. */
export const LegalBasis = z.enum([
  'consent',
  'contract',
  'legal-obligation',
  'vital-interest',
  'public-task',
  'legitimate-interest',
])
export type LegalBasis = z.infer<typeof LegalBasis>

/** S7: the grounds on which a disclosure beyond the policy may be made; exactly these. */
export const DisclosureGround = z.enum([
  'legal-process',
  'protecting-rights',
  'safety',
  'fraud-investigation',
  'fraud-prevention',
  'government-request',
  'imminent-harm',
  'network-security',
  'breach-of-terms',
])
export type DisclosureGround = z.infer<typeof DisclosureGround>

/** What sets the clock of a retention rule. */
export const RetentionTrigger = z.enum([
  'collection', // each day's collections have a clock of their own
  'last-activity', // one clock for the subject: the last collection or use
  'account-closure', // one clock for the subject; where there is no account, the last activity
])
export type RetentionTrigger = z.infer<typeof RetentionTrigger>

const states = {
  obligation: ObligationId,
  /** What the rule says, for people. */
  states: Line.optional(),
  /** The seed text leaves this open; the deployment chose it. */
  choice: z.boolean().default(false),
}

const CategoryDeclaration = z.strictObject({
  title: Line,
  fideslang: z.string().max(120).optional(),
  dpv: z.string().max(120).optional(),
  /** Names or singles out a person, alone or with what is held beside it. */
  identifying: z.boolean(),
  /** S37: only over an encrypted channel. */
  sensitive: z.boolean().default(false),
})

const PurposeDeclaration = z.strictObject({
  ...states,
  title: Line,
  dpv: z.string().max(120).optional(),
  basis: LegalBasis,
  /** `allowed`: an objection stops it. `refused`: it cannot be objected to, and `explanation` says why. */
  objection: z.enum(['allowed', 'refused']),
  explanation: Line.optional(),
  /** S13: each use must state that the message carried an opt-out. */
  optOutOffered: z.boolean().default(false),
  /** Promotional in nature: the consent and objection report covers it. */
  promotional: z.boolean().default(false),
  /** An objection to any of these stops this purpose too (S17: opens follow the mail). */
  stopsWith: z.array(PurposeKey).default([]),
  /** Data collected for any of these may be used for this purpose as well (S40). */
  compatibleWith: z.array(PurposeKey).default([]),
  /** Only for these kinds of subject; absent: for all. */
  kinds: z.array(SubjectKind).optional(),
  /** A consent given for it lasts this long; absent: until withdrawn. */
  consentLasts: CalendarDuration.optional(),
  /** Aggregated, non-identifying figures only: no subject, no identifying category (S5). */
  aggregate: z.boolean().default(false),
  /** Ends when the account closes (S27). */
  endsWithAccount: z.boolean().default(false),
})

const CollectionRule = z.strictObject({
  ...states,
  id: RuleId,
  kinds: z.array(SubjectKind).min(1),
  channels: z.array(Channel).min(1),
  categories: z.array(CategoryKey).min(1),
  purposes: z.array(PurposeKey).min(1),
  /** `person`: tied to a data subject. `none`: logs and aggregates tied to nobody. */
  subject: z.enum(['person', 'none', 'either']).default('person'),
  /** S11: the person must have identified themselves as one of the kinds. */
  selfIdentified: z.boolean().default(false),
  /** S46: the collection must name the voluntary act (form, transaction). */
  voluntaryAct: z.boolean().default(false),
  /** S33: somebody else gave the data; the collection must say who. */
  providedByAnother: z.boolean().default(false),
  /** S19, S32: one use, then deletion at once; never in the inventory. */
  transient: z.boolean().default(false),
})

const SharingRule = z.strictObject({
  ...states,
  id: RuleId,
  /** Classes of recipient, as the recipient's registration states; `any` is open to every one. */
  recipientClasses: z.array(Line).min(1),
  categories: z.union([z.literal('any'), z.array(CategoryKey).min(1)]),
  purposes: z.array(PurposeKey).min(1),
  /** S48, S12: the recipient needs a contract in force that covers the purpose. */
  contract: z.boolean().default(true),
  /** S20: only with the person's consent to the purpose. */
  consent: z.boolean().default(false),
  /** S7: must name one of these grounds, a document reference and the approver. */
  grounds: z.array(DisclosureGround).optional(),
  /** S8: only inside a business transfer that is being executed. */
  transfer: z.boolean().default(false),
})

const Forbidden = z.strictObject({
  ...states,
  id: RuleId,
  acts: z.array(z.enum(['collect', 'use', 'share'])).min(1),
  /** Matches an act for one of these purposes; absent: any. */
  purposes: z.array(PurposeKey).optional(),
  /** Matches a share with one of these classes; absent: any. */
  recipientClasses: z.array(Line).optional(),
  /** Matches when the act has at least one category of each list. `identifying` stands for all such. */
  join: z
    .array(z.union([z.literal('identifying'), z.array(CategoryKey).min(1)]))
    .min(1)
    .optional(),
  /** Sharing rules that go before it: a share permitted by one of these is not forbidden (S15). */
  unless: z.array(RuleId).optional(),
})

/**
 * The promises behind what holds for every act and is no single rule. A refusal on such a ground names
 * the obligation given here.
 */
const Principles = z.strictObject({
  /** An act on a property that the policy does not cover (S29). */
  property: ObligationId.optional(),
  /** A collection that no rule permits. */
  collectionByRule: ObligationId.optional(),
  /** A use that is not compatible with the purposes of the collection, or not of data held (S40). */
  purposeLimitation: ObligationId.optional(),
  /** A share that no rule permits (S6). */
  sharingByRule: ObligationId.optional(),
  /** A sensitive category over a channel that is not encrypted (S37). */
  encryptedTransit: ObligationId.optional(),
})

const RetentionRule = z.strictObject({
  ...states,
  id: RuleId,
  kinds: z.union([z.literal('any'), z.array(SubjectKind).min(1)]).default('any'),
  categories: z.union([z.literal('any'), z.array(CategoryKey).min(1)]),
  trigger: RetentionTrigger,
  /** Due this long after the trigger: on that day it must go. */
  keep: CalendarDuration,
  /** Not to be deleted on request before this long after the trigger (a legal duty to keep). */
  minimum: CalendarDuration.optional(),
  action: z.literal('delete').default('delete'),
})

const OutOfPolicySource = z.strictObject({
  ...states,
  id: RuleId,
  operator: Line,
  collects: z.array(Line).default([]),
  /** S18: who hosts it. */
  hosting: z.enum(['third-party', 'own-site']).optional(),
})

/** One version of one policy of one controller. */
export const Policy = z.strictObject({
  policy: Reference,
  version: Day,
  title: Line,
  controller: z.strictObject({
    id: ControllerId,
    name: Line,
    address: Line.optional(),
    contact: Line.optional(),
    timeZone: TimeZone,
  }),
  /** S1: the web properties it covers; an act on another is refused (S29). */
  properties: z.array(Property).min(1),
  effective: Day,
  /** S43: announced over one of these, this long before it takes effect. */
  notice: z.strictObject({
    channels: z.array(Channel).min(1),
    before: CalendarDuration.default('P0D' as CalendarDuration),
    obligation: ObligationId,
  }),
  /** Every promise the policy states, quoted or summed up, by obligation. */
  clauses: z.record(ObligationId, Line),
  principles: Principles.default({}),
  subjectKinds: z.record(
    SubjectKind,
    z.strictObject({ title: Line, obligation: ObligationId.optional() }),
  ),
  channels: z.record(
    Channel,
    z.strictObject({ title: Line, encrypted: z.boolean().default(false) }),
  ),
  categories: z.record(CategoryKey, CategoryDeclaration),
  purposes: z.record(PurposeKey, PurposeDeclaration),
  collection: z.array(CollectionRule).min(1),
  sharing: z.array(SharingRule).default([]),
  forbidden: z.array(Forbidden).default([]),
  retention: z.array(RetentionRule).min(1),
  outOfPolicy: z.array(OutOfPolicySource).default([]),
  /** S31: how long a backup of the vault lives, and with it what was deleted meanwhile. */
  backups: z
    .strictObject({
      keep: CalendarDuration,
      obligation: ObligationId,
      choice: z.boolean().default(false),
    })
    .optional(),
  /**
   * S3: objections to these purposes outlive an erasure, as keyed digests of the person's identifiers.
   * Absent: they go with the person.
   */
  suppression: z
    .strictObject({
      purposes: z.array(PurposeKey).min(1),
      obligation: ObligationId,
      choice: z.boolean().default(false),
    })
    .optional(),
  /** How long the answer to a person's request may take. */
  requests: z
    .strictObject({
      deadline: CalendarDuration,
      obligation: ObligationId,
      choice: z.boolean().default(false),
    })
    .optional(),
})
export type Policy = z.infer<typeof Policy>
export type CollectionRule = z.infer<typeof CollectionRule>
export type SharingRule = z.infer<typeof SharingRule>
export type ForbiddenRule = z.infer<typeof Forbidden>
export type RetentionRule = z.infer<typeof RetentionRule>
export type PurposeDeclaration = z.infer<typeof PurposeDeclaration>
export type CategoryDeclaration = z.infer<typeof CategoryDeclaration>

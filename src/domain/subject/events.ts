import { z } from 'zod'
import { Collect, Judgement, Mode, Share, Use } from '../judgement.ts'
import { RetentionTrigger } from '../policy/schema.ts'
import { Refusal } from '../refusal.ts'
import {
  CalendarDuration,
  CategoryKey,
  Channel,
  Day,
  Line,
  Lot,
  PurposeKey,
  Reference,
  RuleId,
  SourceId,
} from '../values.ts'

/**
 * What can happen to the data of one subject. One stream for each subject and controller: consent and
 * use contend on the same revision (N1). No event holds a personal value; those travel sealed beside
 * the event, by category. A published type never changes: a new shape is a new version (see codec).
 */

/** The day of the act in the controller's time zone: what calendar arithmetic starts from. */
const on = { on: Day }

/** Which lot the values of a category went into, and when that lot falls due. */
export const Retention = z.strictObject({
  lot: Lot,
  rule: RuleId,
  trigger: RetentionTrigger,
  keep: CalendarDuration,
  minimum: CalendarDuration.nullable(),
})
export type Retention = z.infer<typeof Retention>

/** One category in one collection: the names of its sealed fields and the lot that holds them. */
export const CollectedItem = z.strictObject({
  category: CategoryKey,
  fields: z.array(z.string().max(64)).max(64),
  lot: Lot,
})
export type CollectedItem = z.infer<typeof CollectedItem>

const DataCollected = z.strictObject({
  ...on,
  mode: Mode,
  source: SourceId,
  act: Collect,
  items: z.array(CollectedItem),
  lots: z.array(Retention),
  /** S19, S32: one use, then gone; never in the inventory. */
  transient: z.boolean(),
  judgement: Judgement,
})

const DataUsed = z.strictObject({
  ...on,
  mode: Mode,
  source: SourceId,
  act: Use,
  /** The transient lot whose one use this was. */
  spent: Lot.nullable(),
  judgement: Judgement,
})

const DataShared = z.strictObject({
  ...on,
  mode: Mode,
  source: SourceId,
  act: Share,
  recipientClass: z.string().nullable(),
  judgement: Judgement,
})

/** What was attempted and refused, in enforce mode. Values of a refused collection are never sealed. */
const ActRefused = z.strictObject({
  ...on,
  source: SourceId,
  attempted: z.union([
    Collect,
    Use,
    Share,
    z.strictObject({
      act: z.literal('command'),
      command: z.string(),
      purpose: PurposeKey.optional(),
    }),
  ]),
  refusals: z.array(Refusal).min(1),
})

/**
 * `mode` says whose clock orders it: an enforced change stands from when the ledger heard it, behind all
 * that stood before; an observed one stands from when the source says it happened.
 */
const consent = { ...on, mode: Mode, source: SourceId, purpose: PurposeKey, channel: Channel }
const deletion = { ...on, deletion: Reference }

/** Why a deletion was asked for. */
export const DeletionCause = z.enum([
  'retention',
  'request',
  'transient',
  'account-closure',
  'instruction',
])
export type DeletionCause = z.infer<typeof DeletionCause>

/** The categories of one lot. */
export const LotContents = z.strictObject({ lot: Lot, categories: z.array(CategoryKey) })
export type LotContents = z.infer<typeof LotContents>

/** Type → data of version 1. Later versions live beside it with their upcasts. */
export const subjectEventData = {
  DataCollected,
  DataUsed,
  DataShared,
  ActRefused,
  ConsentRequested: z.strictObject(consent),
  /** ISO/IEC TS 27560: what was consented to, how, and until when. */
  ConsentGiven: z.strictObject({ ...consent, evidence: Line.nullable(), expires: Day.nullable() }),
  ConsentRefused: z.strictObject(consent),
  ConsentWithdrawn: z.strictObject(consent),
  ConsentExpired: z.strictObject({ ...on, purpose: PurposeKey }),
  ObjectionMade: z.strictObject(consent),
  /** Somebody with an identifier of this person had objected, and was erased since: it still stands. */
  ObjectionCarriedOver: z.strictObject({ ...on, purpose: PurposeKey }),
  /** The person asks for it again. */
  ObjectionLifted: z.strictObject(consent),
  DataCorrected: z.strictObject({
    ...on,
    source: SourceId,
    items: z.array(CollectedItem).min(1),
    request: Reference.nullable(),
  }),
  AccountOpened: z.strictObject({ ...on, mode: Mode, source: SourceId }),
  AccountClosed: z.strictObject({ ...on, mode: Mode, source: SourceId, reason: Line }),
  /** S9, S23, S43: the person was told of a transfer, a denial or a policy. */
  SubjectNotified: z.strictObject({
    ...on,
    about: z.enum(['transfer', 'request', 'policy']),
    reference: Reference,
    channel: Channel,
  }),
  /** N10: somebody read the person's values, written before the answer. */
  DataAccessed: z.strictObject({
    ...on,
    reason: z.enum(['subject-export', 'inspection']),
    categories: z.array(CategoryKey),
    request: Reference.nullable(),
  }),
  /** The deletion begins; from here the lots take no new value. Holds placed before it are honoured. */
  DeletionRequested: z.strictObject({
    ...deletion,
    cause: DeletionCause,
    everything: z.boolean(),
    lots: z.array(LotContents),
    request: Reference.nullable(),
  }),
  /** S36: what a hold, or a legal minimum, keeps for now, and which. */
  DeletionDeferred: z.strictObject({
    ...deletion,
    lots: z.array(LotContents),
    holds: z.array(Reference),
    until: Day.nullable(),
  }),
  DeletionResumed: z.strictObject({ ...deletion, lots: z.array(LotContents) }),
  /** The keys of these lots are destroyed; their values can no longer be opened by anyone. */
  DataDeleted: z.strictObject({ ...deletion, cause: DeletionCause, lots: z.array(LotContents) }),
  /** All keys and the index entries are destroyed. A pseudonymous trail remains. */
  SubjectErased: z.strictObject(deletion),
  /** N4: a restored vault had brought keys of these lots back; they were destroyed again. */
  DeletionReapplied: z.strictObject({ ...deletion, lots: z.array(LotContents) }),
  /** S31: the last backup of the vault that could hold the deleted keys is over. */
  ResidueEnded: z.strictObject(deletion),
} as const

type DataOf = { [T in keyof typeof subjectEventData]: z.infer<(typeof subjectEventData)[T]> }
export type SubjectEventType = keyof DataOf
export type SubjectEvent = {
  [T in SubjectEventType]: { type: T; version: 1; data: DataOf[T] }
}[SubjectEventType]
export type SubjectEventOf<T extends SubjectEventType> = Extract<SubjectEvent, { type: T }>

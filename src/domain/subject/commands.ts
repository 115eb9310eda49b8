import type { Act } from '../judgement.ts'
import type {
  CategoryKey,
  Channel,
  Day,
  EventId,
  Instant,
  Lot,
  PurposeKey,
  Reference,
  SourceId,
} from '../values.ts'
import type { DeletionCause, LotContents } from './events.ts'
import type { Mode } from '../judgement.ts'

/** The names of the personal values that come with a command, by category. Values stay outside. */
export type Fields = Readonly<Record<CategoryKey, readonly string[]>>

/**
 * What can be asked of a subject's stream. `eventId` is the id the first event will bear; a transient
 * or single-record lot is named by it. `at` is when it happened and `on` is that day in the
 * controller's time zone.
 */
type Command<T extends string, D = unknown> = {
  type: T
  at: Instant
  on: Day
  source: SourceId
  eventId: EventId
} & D

type ConsentChange = { purpose: PurposeKey; channel: Channel; mode: Mode }

export type SubjectCommand =
  | Command<'RecordAct', { act: Act; mode: Mode; fields: Fields }>
  | Command<'RequestConsent', ConsentChange>
  | Command<'GiveConsent', ConsentChange & { evidence: string | null }>
  | Command<'RefuseConsent', ConsentChange>
  | Command<'WithdrawConsent', ConsentChange>
  | Command<'ExpireConsent', { purpose: PurposeKey }>
  | Command<'Object', ConsentChange>
  | Command<'LiftObjection', ConsentChange>
  | Command<'CorrectData', { fields: Fields; request: Reference | null; mode: Mode }>
  | Command<'OpenAccount', { mode: Mode }>
  | Command<'CloseAccount', { mode: Mode; reason: string }>
  | Command<
      'NotifySubject',
      { about: 'transfer' | 'request' | 'policy'; reference: Reference; channel: Channel }
    >
  | Command<
      'RecordAccess',
      {
        reason: 'subject-export' | 'inspection'
        categories: readonly CategoryKey[]
        request: Reference | null
      }
    >
  | Command<
      'RequestDeletion',
      {
        deletion: Reference
        cause: DeletionCause
        scope: DeletionScope
        request: Reference | null
      }
    >
  | Command<
      'DeferDeletion',
      { deletion: Reference; lots: readonly Lot[]; holds: readonly Reference[] }
    >
  | Command<'ResumeDeletion', { deletion: Reference }>
  /** The keys of these lots have been destroyed. */
  | Command<'CompleteDeletion', { deletion: Reference; lots: readonly Lot[] }>
  /** A restored vault had brought keys of these lots back, and they are destroyed again. */
  | Command<'ReapplyDeletion', { deletion: Reference; lots: readonly LotContents[] }>
  /** No backup of the vault can hold what the deletion destroyed. */
  | Command<'EndResidue', { deletion: Reference }>
  /** What the suppression list says of somebody who is new. */
  | Command<'CarryOverObjection', { purpose: PurposeKey }>

export type DeletionScope =
  { everything: true } | { lots: readonly Lot[] } | { categories: readonly CategoryKey[] }

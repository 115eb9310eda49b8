import type { RetentionTrigger } from '../policy/schema.ts'
import type {
  CalendarDuration,
  CategoryKey,
  Day,
  Instant,
  Lot,
  PurposeKey,
  Reference,
  Revision,
  RuleId,
  SubjectKind,
} from '../values.ts'
import type { DeletionCause, LotContents } from './events.ts'

/**
 * What deciding needs to know of one subject, folded from its stream. Everything that judging asks is a
 * look-up here, so that an act costs the same after 100,000 acts as after ten. `evolve` owns the value
 * it is handed and may change it in place; nobody else may.
 */
export type SubjectState = {
  status: 'unknown' | 'active' | 'fenced' | 'erased'
  kinds: Map<SubjectKind, { selfIdentified: boolean; since: Instant }>
  /** By category, then purpose of the collection. */
  holdings: Map<CategoryKey, Map<PurposeKey, Held>>
  lots: Map<Lot, HeldLot>
  /**
   * What was held for one use and has been used, by category and purpose, with the rule (S19): a second
   * use is told as such, also when the lot is long gone. Bounded by the words of the policy.
   */
  spent: Map<CategoryKey, Map<PurposeKey, RuleId>>
  /**
   * In the order of `at`, then of the revision: what stood at any time is a binary search. The `at` of an
   * enforced change is moved up to the last one there, so that the last entry is always what stands now
   * (N1): it is never an older word that only came to be known later.
   */
  consents: Map<PurposeKey, Standing<ConsentStatus>[]>
  objections: Map<PurposeKey, Standing<'made' | 'lifted'>[]>
  accounts: { openedAt: Instant; closedAt: Instant | null; closedOn: Day | null }[]
  lastActivityOn: Day | null
  /** Requested and not yet completed. */
  deletions: Map<Reference, PendingDeletion>
  /** S31: completed, and not known to be gone from every backup. */
  residues: Set<Reference>
}

export type ConsentStatus = 'requested' | 'given' | 'refused' | 'withdrawn' | 'expired'

/** What stood from `at` on. `expires` only where a consent was given for a time. */
export type Standing<S> = { at: Instant; revision: Revision; status: S; expires: Day | null }

/** How many lots hold the category for the purpose, and between which moments it was held. */
export type Held = { lots: number; since: Instant; until: Instant | null }

export type HeldLot = {
  rule: RuleId
  trigger: RetentionTrigger
  keep: CalendarDuration
  minimum: CalendarDuration | null
  /** The day of the collection that the lot began with, and of the last one. */
  firstOn: Day
  lastOn: Day
  contents: Map<CategoryKey, Set<PurposeKey>>
  transient: boolean
  spent: boolean
  deletion: Reference | null
}

export type PendingDeletion = {
  cause: DeletionCause
  /** Also the index entries, at the end. No longer, once the person came back while it was deferred. */
  everything: boolean
  requestedAt: Instant
  /** What is still to go, deferred or not. */
  lots: LotContents[]
  /** Of these lots: what keeps them for now. Holds, a legal minimum until a day (exclusive), or both. */
  deferrals: Map<Lot, Deferral>
  /** The holds of all deferrals; empty until a hold defers some of it. */
  deferredBy: Reference[]
  /** `deferred`: every lot that is still to go is deferred. */
  status: 'requested' | 'deferred'
}

export type Deferral = { holds: Reference[]; until: Day | null }

/** Nothing is known. */
export function initialSubject(): SubjectState {
  return {
    status: 'unknown',
    kinds: new Map(),
    holdings: new Map(),
    lots: new Map(),
    spent: new Map(),
    consents: new Map(),
    objections: new Map(),
    accounts: [],
    lastActivityOn: null,
    deletions: new Map(),
    residues: new Set(),
  }
}

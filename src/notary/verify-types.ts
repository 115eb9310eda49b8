import type { ControllerId, Instant, Position } from '../domain/values.ts'
import type { LedgerPlace } from '../ledger/place.ts'
import type { VerifierKey } from '../proof/note.ts'

/**
 * What can be wrong with a ledger. `unreadable_file`: its store cannot read it. `missing`, `out_of_order`,
 * `revision`, `duplicate_id`, `unknown_name`: the rows are not those of one history. `unreadable_event`:
 * what is stored is no event. `altered`: not the events that were signed. `shorter`: fewer than were signed.
 * `signature`, `checkpoint`: what is said to be signed is not, or is not what the notary writes. `index`: the
 * file's own indexes do not fit its rows. `not_followed`: not what the notary's file has of it.
 */
export type FindingCode =
  | 'unreadable_file'
  | 'missing'
  | 'out_of_order'
  | 'revision'
  | 'duplicate_id'
  | 'unknown_name'
  | 'unreadable_event'
  | 'altered'
  | 'shorter'
  | 'signature'
  | 'checkpoint'
  | 'index'
  | 'not_followed'

/** One thing that is wrong, and where: the first position that it concerns; null where it has none. */
export type Finding = Readonly<{ position: Position | null; code: FindingCode; message: string }>

/** What there is of one controller. */
export type VerifiedTree = Readonly<{
  controller: ControllerId
  events: number
  /** How many of the events a verified signature covers, and how many none does yet. */
  covered: number
  notCovered: number
  checkpoints: number
  newest: Readonly<{ origin: string; size: number; root: string; signedAt: Instant }> | null
}>

export type Verification = Readonly<{
  ok: boolean
  /** The last position that was read, and how many events there are up to it. */
  position: Position
  events: number
  /** `pinned`: by keys that were given. `unpinned`: by the key beside the data, which proves less. */
  keys: 'pinned' | 'unpinned' | 'none'
  /** The finding at the lowest position. */
  first: Finding | null
  /** In the order of the positions; not all where there are very many. */
  findings: readonly Finding[]
  trees: readonly VerifiedTree[]
}>

/**
 * A note that somebody kept, and the name of the file it is in. `own`: it was kept beside the key, where there
 * may be notes of ledgers in other directories too; it says nothing of a controller that this one has not.
 */
export type KeptNote = Readonly<{ note: string; file: string; own: boolean }>

export type VerifyOptions = Readonly<{
  ledger: LedgerPlace
  /** The notary's file; it only helps to say where something is wrong. */
  notaryPath: string
  keys: readonly VerifierKey[]
  pinned: boolean
  /** What was kept beside the key, and what others kept. */
  kept: readonly KeptNote[]
  onProgress?: (position: number, head: number) => void
}>

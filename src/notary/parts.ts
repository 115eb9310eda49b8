import type { ControllerId, EventId, Instant } from '../domain/values.ts'
import type { EventLog } from '../ledger/event-log.ts'
import type { LedgerPlace } from '../ledger/place.ts'
import type { CheckpointsEnd } from './checkpoint-event.ts'
import { highWaterOf } from './high-water.ts'
import type { NotaryThread } from './notary-thread.ts'
import type { VerifierKey } from '../proof/note.ts'
import type { SignedHead } from './notary.ts'
import type { NotaryReading } from './reading.ts'

export type NotaryOptions = Readonly<{
  log: EventLog
  /** Where the ledger is, which the notary's thread reads on its own. */
  ledger: LedgerPlace
  /** The notary's own file; it is made where there is none, and filled from the ledger. */
  path: string
  dataDirectory: string
  /** The file of the Ed25519 key, outside the data directory. What was signed is kept beside it. */
  keyFile: string
  /** What the name of each controller's log begins with: `custody.local`. */
  origin: string
  /** A controller that is looked after also while the ledger has nothing of it. */
  controller: ControllerId
  /** The keys of witnesses whose cosignatures are recorded. */
  witnesses: readonly VerifierKey[]
  now: () => Instant
  newId: () => EventId
}>

/** What the parts of the notary share: the thread that follows, and the file that it writes. */
export type NotaryParts = Readonly<{
  options: NotaryOptions
  thread: () => Promise<NotaryThread>
  /** Starts the thread where that was not done: it makes the file. */
  reading: () => Promise<NotaryReading>
  originOf: (controller: ControllerId) => string
  latest: (controller: ControllerId) => Promise<SignedHead | null>
  /** The end of the checkpoint stream: the newest head of the controller's origin, and the last revision. */
  checkpoints: (controller: ControllerId) => Promise<CheckpointsEnd>
}>

/** Where what was signed for a controller is kept, beside the key. */
export function highWater({ options, originOf }: NotaryParts, controller: ControllerId) {
  return highWaterOf(options.keyFile, originOf(controller))
}

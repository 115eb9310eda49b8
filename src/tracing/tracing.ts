import type { Deletions } from '../application/deletions.ts'
import type { Deliver } from '../application/notifications.ts'
import type { RecordingService } from '../application/services.ts'
import type { EventLog } from '../ledger/event-log.ts'
import type { Executor } from '../ledger/execute-types.ts'
import type { Notary } from '../notary/notary.ts'
import type { FoldedPage } from '../projections/projector.ts'
import type { Views } from '../projections/views.ts'
import type { Vault } from '../vault/vault.ts'
import type { Requests } from './requests.ts'

/** Put round the stores and the services where they are wired. Each answers what does the same, and is seen. */
export type Wrappers = Readonly<{
  log: (log: EventLog) => EventLog
  executor: (executor: Executor) => Executor
  vault: (vault: Vault) => Vault
  views: (views: Views) => Views
  recording: (recording: RecordingService) => RecordingService
  deletions: (deletions: Deletions) => Deletions
  notary: (notary: Notary) => Notary
  deliver: (deliver: Deliver) => Deliver
  /** Hears of each page that the projector's thread has folded. */
  page: (page: FoldedPage) => void
}>

/** The traces of one process. */
export type Tracing = Readonly<{
  wrappers: Wrappers
  requests: Requests
  /** Hands over what is there, for some seconds at most. */
  close: () => Promise<void>
}>

const itself = <Thing>(thing: Thing): Thing => thing

/** Leaves everything as it is. Nothing of OpenTelemetry is loaded for it. */
export const untraced: Wrappers = {
  log: itself,
  executor: itself,
  vault: itself,
  views: itself,
  recording: itself,
  deletions: itself,
  notary: itself,
  deliver: itself,
  page: () => {},
}

import type { DestinationStream } from 'pino'
import type { Services } from '../application/services.ts'
import type { ControllerId, Instant, Position } from '../domain/values.ts'
import type { EvidenceService } from '../evidence/make.ts'
import type { Notary } from '../notary/notary.ts'
import type { Views } from '../projections/views.ts'

/** What `GET /readyz` tells: whether each store answers, and how far the views are behind the ledger. */
export type Health = Readonly<{
  ledger: { answers: boolean; position: Position | null }
  vault: { answers: boolean }
  views: { answers: boolean; position: Position | null; behindEvents: number | null }
}>

/** Sizes in bytes, times in milliseconds. */
export type Limits = Readonly<{
  bodyBytes: number
  lineBytes: number
  /** How many lines of a batch are recorded together. */
  chunkLines: number
  waitMilliseconds: number
  /** From how many events behind on `readyz` says no. */
  readyBehindEvents: number
}>

export const defaultLimits: Limits = {
  bodyBytes: 1024 * 1024,
  lineBytes: 1024 * 1024,
  chunkLines: 1000,
  waitMilliseconds: 5000,
  readyBehindEvents: 10_000,
}

/** Everything the API stands on, handed in by whoever wires it. */
export type Deps = Readonly<{
  services: Services
  views: Views
  notary: Notary
  evidence: EvidenceService
  /** The figures of the process and of a controller, as Prometheus reads them. */
  metrics: (controller: ControllerId) => Promise<Readonly<{ contentType: string; text: string }>>
  now: () => Instant
  health: () => Promise<Health>
  /** 32 bytes that seal cursors. Nodes behind one address share it; left out, each process draws one. */
  cursorKey?: Buffer
  /** `false`: no log. Otherwise JSON lines at the level, to the destination (standard output). */
  log: false | { level: string; destination?: DestinationStream }
  limits?: Partial<Limits>
  /** Checks every answer against the schema it is documented with: for tests, at a cost. */
  checkAnswers?: boolean
}>

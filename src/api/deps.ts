import type { DestinationStream } from 'pino'
import type { Services } from '../application/services.ts'
import type { ControllerId, Instant, Position } from '../domain/values.ts'
import type { EvidenceService } from '../evidence/make.ts'
import type { Notary } from '../notary/notary.ts'
import type { Views } from '../projections/views.ts'
import type { RequestTracer } from './tracing.ts'

/** One store as it was asked. `why` it did not answer, in words that name no host and quote nothing. */
export type StoreHealth = Readonly<{
  answers: boolean
  /** How long the answer took, or has been waited for. */
  milliseconds: number
  why: string | null
}>

/** What `GET /readyz` tells: whether each store answers, and how far the views are behind the ledger. */
export type Health = Readonly<{
  ledger: StoreHealth & Readonly<{ store: 'sqlite' | 'eventstore'; position: Position | null }>
  vault: StoreHealth & Readonly<{ store: 'sqlite' | 'postgresql' }>
  views: Readonly<{
    answers: boolean
    position: Position | null
    /** Null where the ledger did not say. Counted up to a bound above the one that is asked for. */
    behindEvents: number | null
    behindSeconds: number | null
    /** What follows stands where it could not go on when it last tried. */
    troubled: boolean
  }>
  notary: StoreHealth & Readonly<{ checkpointAgeSeconds: number | null }>
}>

/** Sizes in bytes, times in milliseconds. */
export type Limits = Readonly<{
  bodyBytes: number
  lineBytes: number
  /** How many lines of a batch are recorded together. */
  chunkLines: number
  waitMilliseconds: number
  /** With how many events behind, and how old the first of them, `readyz` still says yes. */
  readyBehindEvents: number
  readyBehindSeconds: number
}>

export const defaultLimits: Limits = {
  bodyBytes: 1024 * 1024,
  lineBytes: 1024 * 1024,
  chunkLines: 1000,
  waitMilliseconds: 5000,
  readyBehindEvents: 10_000,
  readyBehindSeconds: 60,
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
  /** Sees each request; left out, nobody does. */
  tracer?: RequestTracer
  /** `false`: no log. Otherwise JSON lines at the level, to the destination (standard output). */
  log: false | { level: string; destination?: DestinationStream }
  limits?: Partial<Limits>
  /** Checks every answer against the schema it is documented with: for tests, at a cost. */
  checkAnswers?: boolean
}>

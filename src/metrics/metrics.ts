import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { EventLog } from '../ledger/event-log.ts'

/** What is looked up when somebody asks: of one controller, but for the views, which are everybody's. */
export type Readings = Readonly<{
  controller: string
  /** Whether each store answered, and how long it took. */
  stores: readonly Readonly<{ store: string; answers: boolean; seconds: number }>[]
  /** Null where the ledger does not say. How many events the views have still to take in, counted up to a bound, and how old the first of them is. */
  projection: Readonly<{ lagEvents: number; lagSeconds: number }> | null
  /** Null before the first checkpoint, and where the notary does not answer. */
  checkpointAgeSeconds: number | null
  /** Null where the notary does not answer. */
  eventsSigned: number | null
  deletions: Readonly<{ requested: number; deferred: number }>
  /** Messages to downstream systems; `oldestSeconds` of the outstanding, 0 where there is none. */
  notifications: Readonly<{ outstanding: number; abandoned: number; oldestSeconds: number }>
  residues: number
  /** By rule and outcome, over the whole history. */
  refusals: readonly Readonly<{ code: string; outcome: 'refused' | 'violated'; events: number }>[]
}>

/** The figures of one process, in the text format of Prometheus. */
export type Metrics = Readonly<{
  contentType: string
  /** The same log, whose appends are timed and whose conflicts are counted. */
  observe: (log: EventLog) => EventLog
  /** `subscription`: what the views follow by was lost. `views`: they could not be folded further. */
  trouble: (of: 'subscription' | 'views') => void
  /** The collector of traces did not take so many spans. */
  lostSpans: (spans: number) => void
  text: (readings: Readings) => Promise<string>
}>

/** Starts counting. One for each process that serves. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const seconds = new Histogram({
    name: 'custody_append_seconds',
    help: 'How long a durable append to the event log takes. One at a time is timed, not all.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [registry],
  })
  const outcomes = new Counter({
    name: 'custody_appends_total',
    help: 'Appends to the event log by outcome: appended, conflict, failed.',
    labelNames: ['outcome'],
    registers: [registry],
  })
  const counter = (name: string, help: string) => new Counter({ name, help, registers: [registry] })
  const dropped = counter(
    'custody_subscriptions_dropped_total',
    'Subscriptions to the event log that were lost, and made anew.',
  )
  const stuck = counter(
    'custody_projection_failures_total',
    'Times that the views could not be folded further, and were tried again.',
  )
  const lost = counter(
    'custody_spans_lost_total',
    'Spans that the collector of traces did not take.',
  )
  return {
    contentType: registry.contentType,
    observe: (log) => observed(log, seconds, outcomes),
    trouble: (of) => (of === 'subscription' ? dropped : stuck).inc(),
    lostSpans: (spans) => lost.inc(spans),
    text: async (readings) => `${await registry.metrics()}\n${await gauges(readings).metrics()}`,
  }
}

/** A clock is asked for two times at most for all appends that are under way together. */
function observed(log: EventLog, seconds: Histogram, outcomes: Counter): EventLog {
  let timing = false
  const append: EventLog['append'] = async (...record) => {
    const end = timing ? null : seconds.startTimer()
    if (end) timing = true
    try {
      const appended = await log.append(...record)
      outcomes.inc({ outcome: appended.status })
      return appended
    } catch (error) {
      outcomes.inc({ outcome: 'failed' })
      throw error
    } finally {
      if (end) {
        timing = false
        end()
      }
    }
  }
  return {
    append,
    readStream: (...asked) => log.readStream(...asked),
    readAll: (...asked) => log.readAll(...asked),
    readAt: (positions) => log.readAt(positions),
    head: () => log.head(),
    follow: (...asked) => log.follow(...asked),
    close: () => log.close(),
  }
}

function gauges(readings: Readings): Registry {
  const registry = new Registry()
  const { controller, projection, deletions, notifications } = readings
  const set = (name: string, help: string, value: number) =>
    new Gauge({ name, help, registers: [registry] }).set(value)
  const setOf = (name: string, help: string, value: number | null) => {
    if (value === null) return
    const gauge = new Gauge({ name, help, labelNames: ['controller'], registers: [registry] })
    gauge.set({ controller }, value)
  }
  if (projection) {
    const { lagEvents, lagSeconds } = projection
    set('custody_projection_lag_events', 'Events that the views lack.', lagEvents)
    set('custody_projection_lag_seconds', 'Age of the first event they lack.', lagSeconds)
  }
  addStores(registry, readings)
  setOf('custody_events_signed', 'Events under the newest checkpoint.', readings.eventsSigned)
  setOf(
    'custody_checkpoint_age_seconds',
    'Since the newest checkpoint was signed.',
    readings.checkpointAgeSeconds,
  )
  setOf('custody_deletions_requested', 'Deletions that are not done.', deletions.requested)
  setOf(
    'custody_deletions_deferred',
    'Deletions that a hold or the law defers.',
    deletions.deferred,
  )
  setOf('custody_residues', 'Deletions that backups may still undo.', readings.residues)
  setOf(
    'custody_notifications_outstanding',
    'Messages to downstream systems that are not confirmed.',
    notifications.outstanding,
  )
  setOf(
    'custody_notifications_oldest_seconds',
    'Since when the oldest of them is due.',
    notifications.oldestSeconds,
  )
  setOf('custody_notifications_abandoned', 'Messages given up.', notifications.abandoned)
  addRefusals(registry, readings)
  return registry
}

function addStores(registry: Registry, { stores }: Readings): void {
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ['store'], registers: [registry] })
  const answers = gauge('custody_store_answers', 'Whether a store answers: 1 or 0.')
  const seconds = gauge(
    'custody_store_answer_seconds',
    'How long its answer took, or is waited for.',
  )
  for (const one of stores) {
    answers.set({ store: one.store }, one.answers ? 1 : 0)
    seconds.set({ store: one.store }, one.seconds)
  }
}

function addRefusals(registry: Registry, { controller, refusals: found }: Readings): void {
  const refusals = new Gauge({
    name: 'custody_refusals',
    help: 'Acts and steps that were refused, or observed in violation, by rule, in all of history.',
    labelNames: ['controller', 'code', 'outcome'],
    registers: [registry],
  })
  for (const { code, outcome, events } of found) {
    refusals.set({ controller, code, outcome }, events)
  }
}

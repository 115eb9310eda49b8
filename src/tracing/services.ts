import { SpanKind } from '@opentelemetry/api'
import type { Deletions } from '../application/deletions.ts'
import type { Deliver } from '../application/notifications.ts'
import type { DeletionOutcome, LineOutcome, RecordingService } from '../application/services.ts'
import type { Notary } from '../notary/notary.ts'
import type { Views } from '../projections/views.ts'
import type { Attributes } from './attributes.ts'
import type { Requests } from './requests.ts'
import { tell, type Spans } from './spans.ts'

/** Spans of what the services do: recording, deletions, notarising, telling downstream systems. */
export function traceServices(spans: Spans, requests: Requests) {
  return {
    recording(recording: RecordingService): RecordingService {
      const recordAll: RecordingService['recordAll'] = (caller, lines) => {
        const parent = requests.scopeOf(caller.correlation)
        const attributes = { 'custody.lines': lines.length }
        return spans.within('recording', { parent, attributes }, async (scope) => {
          const outcomes = await recording.recordAll(caller, lines)
          tell(scope, countsOf(outcomes))
          return outcomes
        })
      }
      return {
        recordAll,
        record: async (caller, line, operation) =>
          (await recordAll(caller, [{ line, operation }]))[0]!,
      }
    },

    deletions: (deletions: Deletions): Deletions => ({
      request: (caller, step) =>
        deletion(() => deletions.request(caller, step), requests.scopeOf(caller.correlation)),
      carryOut: (caller, ...step) =>
        deletion(() => deletions.carryOut(caller, ...step), requests.scopeOf(caller.correlation)),
      resume: (caller, ...step) => {
        const parent = requests.scopeOf(caller.correlation)
        return spans.within('deletion.resume', { parent }, async (scope) => {
          const outcomes = await deletions.resume(caller, ...step)
          tell(scope, { 'custody.deletions': outcomes.length })
          return outcomes
        })
      },
    }),

    /** The views, with a span where somebody waits for a position. */
    views: (views: Views): Views => ({
      ...views,
      waitFor: (...asked) => spans.within('views.wait', {}, () => views.waitFor(...asked)),
    }),

    notary: (notary: Notary): Notary => ({
      ...notary,
      checkpoint: (controller) =>
        spans.within('notary.sign', {}, async (scope) => {
          const signed = await notary.checkpoint(controller)
          const outcome = signed ? 'signed' : 'nothing'
          tell(scope, { 'custody.outcome': outcome, 'custody.leaves': signed?.size })
          return signed
        }),
      check: () => spans.within('notary.check', {}, () => notary.check()),
      prove: (...asked) => spans.within('notary.prove', {}, () => notary.prove(...asked)),
      consistency: (...asked) =>
        spans.within('notary.prove', {}, () => notary.consistency(...asked)),
      headProof: (...asked) => spans.within('notary.prove', {}, () => notary.headProof(...asked)),
    }),

    deliver:
      (deliver: Deliver): Deliver =>
      (message) =>
        spans.within('webhook.deliver', { kind: SpanKind.CLIENT }, async (scope) => {
          const result = await deliver(message)
          tell(scope, {
            'custody.outcome': result.delivered ? 'delivered' : 'failed',
            'custody.delivery.status_code': result.status,
            'custody.delivery.fault': result.delivered ? null : result.code,
          })
          return result
        }),
  }

  function deletion(
    work: () => Promise<DeletionOutcome>,
    parent: ReturnType<Requests['scopeOf']>,
  ): Promise<DeletionOutcome> {
    return spans.within('deletion', { parent }, async (scope) => {
      const outcome = await work()
      tell(scope, {
        'custody.outcome': outcome.outcome,
        'custody.lots': outcome.deleted,
        'custody.lots.deferred': outcome.deferred,
      })
      return outcome
    })
  }
}

function countsOf(outcomes: readonly LineOutcome[]): Attributes {
  const count = { recorded: 0, refused: 0, invalid: 0 }
  for (const { outcome } of outcomes) count[outcome === 'key_reused' ? 'invalid' : outcome] += 1
  return {
    'custody.recorded': count.recorded,
    'custody.refused': count.refused,
    'custody.invalid': count.invalid,
  }
}

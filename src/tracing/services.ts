import { SpanKind } from '@opentelemetry/api'
import type { Deletions } from '../application/deletions.ts'
import type { Deliver } from '../application/notifications.ts'
import type { DeletionOutcome, LineOutcome, RecordingService } from '../application/services.ts'
import type { Notary } from '../notary/notary.ts'
import type { Views } from '../projections/views.ts'
import type { Attributes } from './attributes.ts'
import { tell, type Spans } from './spans.ts'

/** Spans of what the services do: recording, deletions, notarising, telling downstream systems. */
export function traceServices(spans: Spans) {
  return {
    recording: (recording: RecordingService) => traceRecording(spans, recording),
    deletions: (deletions: Deletions) => traceDeletions(spans, deletions),
    notary: (notary: Notary) => traceNotary(spans, notary),

    /** The views, with a span where somebody waits for a position. */
    views: (views: Views): Views => ({
      ...views,
      waitFor: (...asked) => spans.within('views.wait', {}, () => views.waitFor(...asked)),
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
}

function traceRecording(spans: Spans, recording: RecordingService): RecordingService {
  const recordAll: RecordingService['recordAll'] = (caller, lines) =>
    spans.within('recording', { attributes: { 'custody.lines': lines.length } }, async (scope) => {
      const outcomes = await recording.recordAll(caller, lines)
      tell(scope, countsOf(outcomes))
      return outcomes
    })
  return {
    recordAll,
    record: async (caller, line, operation) => (await recordAll(caller, [{ line, operation }]))[0]!,
  }
}

function traceDeletions(spans: Spans, deletions: Deletions): Deletions {
  const deletion = (work: () => Promise<DeletionOutcome>) =>
    spans.within('deletion', {}, async (scope) => {
      const outcome = await work()
      tell(scope, {
        'custody.outcome': outcome.outcome,
        'custody.lots': outcome.deleted,
        'custody.lots.deferred': outcome.deferred,
      })
      return outcome
    })
  return {
    request: (...step) => deletion(() => deletions.request(...step)),
    carryOut: (...step) => deletion(() => deletions.carryOut(...step)),
    resume: (...asked) =>
      spans.within('deletion.resume', {}, async (scope) => {
        const outcomes = await deletions.resume(...asked)
        tell(scope, { 'custody.deletions': outcomes.length })
        return outcomes
      }),
  }
}

function traceNotary(spans: Spans, notary: Notary): Notary {
  const proving = <Result>(work: () => Promise<Result>) => spans.within('notary.prove', {}, work)
  return {
    ...notary,
    checkpoint: (controller) =>
      spans.within('notary.sign', {}, async (scope) => {
        const signed = await notary.checkpoint(controller)
        const outcome = signed ? 'signed' : 'nothing'
        tell(scope, { 'custody.outcome': outcome, 'custody.leaves': signed?.size })
        return signed
      }),
    check: () => spans.within('notary.check', {}, () => notary.check()),
    prove: (...asked) => proving(() => notary.prove(...asked)),
    consistency: (...asked) => proving(() => notary.consistency(...asked)),
    headProof: (...asked) => proving(() => notary.headProof(...asked)),
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

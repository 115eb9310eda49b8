import { streamName, type Envelope } from '../domain/envelope.ts'
import {
  assertNever,
  type ControllerId,
  type EventId,
  type Position,
  type Revision,
} from '../domain/values.ts'
import { decode, UnreadableEvent } from '../ledger/codec.ts'
import type { LogRecord } from '../ledger/event-log.ts'
import type { Bundle, BundleEvent } from '../proof/bundle.ts'
import { jsonPieces } from '../reports/json.ts'
import { withViewsOf } from './fold.ts'
import { evidencePage } from './page.ts'
import { isWithin, momentsOf } from './period.ts'
import type { EvidenceProblem } from './problem.ts'
import { readQuestion, type Question } from './question.ts'
import { answerOf } from './report.ts'

/** The texts that follow from the rest of a bundle. */
export type Derived = Readonly<{ report: string; page: string; question: Question }>
type Deriving =
  Readonly<{ ok: true; value: Derived }> | Readonly<{ ok: false; problem: EvidenceProblem }>

/** A bundle before its report and page are derived, or when they are not to be looked at. */
export type Underived = Omit<Bundle, 'report' | 'page'>

/**
 * Raise it with any change to what a report or a page says for the same events: a bundle tells by which
 * derivation it was made, and another version of Custody does not take it for an altered one.
 */
export const derivation = 1

/**
 * Derives the report and the page of a bundle from its events: they are folded as if they were all that
 * the ledger holds, each at the position that is its place in the controller's tree, counted from 1.
 * The same bundle gives the same texts, whoever derives them and wherever.
 *
 * @param size of the tree that was signed
 */
export async function derive(bundle: Underived, size: number): Promise<Deriving> {
  const question = readQuestion(bundle.question)
  if (!question) return failing('unknown-question', '$.question', 'this is no question of ours')
  const decoded = decodeAll(bundle.events)
  if (!Array.isArray(decoded)) return { ok: false, problem: decoded }
  const problem =
    coverageProblem(question, bundle, size, decoded) ?? policiesProblem(decoded, bundle)
  if (problem) return { ok: false, problem }
  const controller = bundle.controller as ControllerId
  const position = size as Position
  const records = bundle.events.map(recordOf).filter((_, at) => isTold(question, decoded[at]!))
  return withViewsOf(records, position, (views): Deriving => {
    const report = answerOf(views, controller, position, question)
    if (!report) return failing('not-covered', '$.question', 'there is no such transfer')
    const page = evidencePage({ bundle, question, size, events: decoded, report })
    return { ok: true, value: { report: [...jsonPieces(report)].join(''), page, question } }
  })
}

/** In a period's report are the events of the period alone, and not those beside it. */
function isTold(question: Question, { recordedAt }: Envelope): boolean {
  return question.kind !== 'period' || isWithin(momentsOf(question), recordedAt)
}

function recordOf({ index, stream, revision, id, type, body }: BundleEvent): LogRecord {
  return {
    id: id as EventId,
    type,
    body,
    stream: stream as LogRecord['stream'],
    revision: revision as Revision,
    position: (index + 1) as Position,
  }
}

function decodeAll(events: readonly BundleEvent[]): Envelope[] | EvidenceProblem {
  const decoded: Envelope[] = []
  for (const [at, event] of events.entries()) {
    try {
      decoded.push(decode(recordOf(event)))
    } catch (error) {
      if (!(error instanceof UnreadableEvent)) throw error
      return { code: 'unreadable-event', where: `$.events[${at}]`, message: error.message }
    }
  }
  return decoded
}

/** Whether all that the answer rests on is proved to be here. */
function coverageProblem(
  question: Question,
  bundle: Underived,
  size: number,
  events: readonly Envelope[],
): EvidenceProblem | null {
  const { controller, range, streams } = bundle
  const uncovered = (message: string, where = '$.range') =>
    ({ code: 'not-covered', where, message }) as const
  switch (question.kind) {
    case 'subject': {
      if (range) return uncovered('the answer about a person is made of whole streams')
      const stream = streamName('subject', controller as ControllerId, question.subject)
      if (streams.some((whole) => whole.stream === stream)) return null
      return uncovered(`${stream} is not here whole`, '$.streams')
    }
    case 'period':
      return range ? periodProblem(question, bundle, size, events) : uncovered('there is no range')
    case 'transfer':
    case 'audit':
      if (range?.first === 0 && range.end === size) return null
      return uncovered(`the answer needs all ${size} events`)
    default:
      return assertNever(question)
  }
}

/** The range must reach from an event before the period to one behind it, or to the end of the tree. */
function periodProblem(
  question: Extract<Question, { kind: 'period' }>,
  { range, events: placed }: Underived,
  size: number,
  events: readonly Envelope[],
): EvidenceProblem | null {
  const { first, end } = range!
  const { start, end: after } = momentsOf(question)
  const recordedAt = (leaf: number) =>
    events[placed.findIndex(({ index }) => index === leaf)]!.recordedAt
  const wrong = (message: string): EvidenceProblem => ({
    code: 'not-covered',
    where: '$.range',
    message,
  })
  if (first > 0 && recordedAt(first) >= start) {
    return wrong('the event before the period is not here')
  }
  if (end < size && recordedAt(end - 1) < after) {
    return wrong('the event behind the period is not here')
  }
  return null
}

/** The versions of the policy that the events were judged by are here, in streams that are here whole. */
function policiesProblem(
  events: readonly Envelope[],
  { streams, range }: Underived,
): EvidenceProblem | null {
  const whole = new Set(streams.map(({ stream }) => stream))
  const all = range?.first === 0
  const published = new Set<string>()
  for (const event of events) {
    if (event.type !== 'PolicyPublished') continue
    if (all || whole.has(event.stream)) published.add(event.data.version)
  }
  const at = events.findIndex(
    ({ policyVersion }) => policyVersion !== null && !published.has(policyVersion),
  )
  if (at < 0) return null
  const message = `the policy of ${events[at]!.policyVersion}, by which this was judged, is not here`
  return { code: 'missing-policy', where: `$.events[${at}]`, message }
}

function failing(code: EvidenceProblem['code'], where: string, message: string): Deriving {
  return { ok: false, problem: { code, where, message } }
}

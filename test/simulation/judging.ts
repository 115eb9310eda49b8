import type { Outcome } from '../../src/application/services.ts'
import type { Envelope } from '../../src/domain/envelope.ts'
import type { EventId, Revision } from '../../src/domain/values.ts'
import { decode } from '../../src/ledger/codec.ts'
import type { EventLog } from '../../src/ledger/event-log.ts'
import {
  consentModel,
  type ConsentInput,
  type ConsentOutput,
  type ConsentState,
} from './consent-model.ts'
import type { Done, History } from './history.ts'
import { linearize, type Operation } from './linearizability.ts'

type Consent = Operation<ConsentInput, ConsentOutput> & Readonly<{ correlation: string }>

/** What is wrong with a history; each with the operations or events by which it is seen. */
export type Problem = Readonly<{
  kind:
    | 'not linearizable'
    /** Only when it is looked up in the stream what became of the calls without an answer. */
    | 'not linearizable, as the stream is'
    | 'an event stands twice'
    | 'an operation was done twice'
    | 'what was acknowledged is missing'
    | 'the stream itself breaks the rule'
  details: string
}>

/** Looks at a history from outside, by its answers, and at the stream that it left behind. */
export async function judgeHistory(log: EventLog, history: History): Promise<Problem[]> {
  const events = await streamOf(log, history)
  const problems = [...inStream(events, history)]
  const asked = history.done.flatMap((done) => operationsOf(done, events))
  const seen = asked.flatMap((one) => asSeen(one, events))
  const found =
    unexplained('not linearizable', asked, events) ??
    unexplained('not linearizable, as the stream is', seen, events)
  return found ? [found, ...problems] : problems
}

function unexplained(
  kind: Problem['kind'],
  operations: readonly Consent[],
  events: readonly Envelope[],
): Problem | null {
  const verdict = linearize(operations, consentModel)
  if (verdict.linearizable) return null
  const { longest, blocked } = verdict
  const rest = operations.filter((one) => !longest.includes(one) && one !== blocked)
  const details =
    `explained: ${told(longest)}\n  then nothing explains ${told([blocked])}` +
    `\n  beside it: ${told(rest)}\n  the stream: ${events.map(toldEvent).join(', ')}`
  return { kind, details }
}

async function streamOf(log: EventLog, { stream }: History): Promise<readonly Envelope[]> {
  const pageSize = 500
  const events: Envelope[] = []
  for (;;) {
    const page = await log.readStream(stream, events.length as Revision, pageSize)
    events.push(...page.map(decode))
    if (page.length < pageSize) return events
  }
}

/** What is wrong with the stream, whatever the order of the answers was. */
function* inStream(events: readonly Envelope[], { done }: History): Generator<Problem> {
  const ids = new Set(events.map(({ id }) => id))
  if (ids.size < events.length) {
    yield { kind: 'an event stands twice', details: events.map(toldEvent).join(', ') }
  }
  for (const [correlation, those] of Map.groupBy(events, (one) => one.correlation)) {
    if (those.length === 1) continue
    const details = `${correlation}: ${those.map(toldEvent).join(', ')}`
    yield { kind: 'an operation was done twice', details }
  }
  for (const { answer } of done) {
    for (const { id, type } of answer?.outcome.events ?? []) {
      if (events.some((one) => one.id === id && one.type === type)) continue
      yield { kind: 'what was acknowledged is missing', details: `${type} ${id}` }
    }
  }
  let state = consentModel.initial
  for (const event of events.slice(1)) {
    const [next] = followed(state, event)
    if (next) state = next
    else yield { kind: 'the stream itself breaks the rule', details: toldEvent(event) }
  }
}

/** The model's next states, where the events are the operations and their order is the stream's. */
function followed(state: ConsentState, event: Envelope): readonly ConsentState[] {
  switch (event.type) {
    case 'ConsentGiven':
      return consentModel.apply(state, 'give', { kind: 'given', consent: event.revision })
    case 'ConsentWithdrawn':
      return consentModel.apply(state, 'withdraw', { kind: 'withdrawn' })
    case 'DataUsed':
      return consentModel.apply(state, 'use', permittedBy(event))
    case 'ActRefused': {
      const input = event.data.attempted.act === 'use' ? 'use' : 'withdraw'
      return consentModel.apply(state, input, { kind: 'refused' })
    }
    default:
      return []
  }
}

/**
 * What was asked and answered as the checker takes it. An attempt that failed before one that was answered
 * without an event may be under way still: it is one of unknown outcome. Where an event was answered the
 * key sees to it that there is one for all attempts.
 */
function operationsOf(
  { input, correlation, attempts, answer }: Done,
  events: readonly Envelope[],
): readonly Consent[] {
  const [first, last] = [attempts[0]!, attempts.at(-1)!]
  const unanswered = { input, correlation, call: first, answer: null }
  if (!answer) return [unanswered]
  const output = outputOf(input, answer.outcome, events)
  const ended = { input, correlation, answer: { output, at: answer.at } }
  if (output.kind !== 'nothing') return [{ ...ended, call: first }]
  const failed = first === last ? [] : [unanswered]
  return [...failed, { ...ended, call: last }]
}

/**
 * Without an answer, and with an event in the stream: it took effect, at any time after its call. Without
 * an event it changed nothing that anybody saw.
 */
function asSeen(operation: Consent, events: readonly Envelope[]): readonly Consent[] {
  if (operation.answer) return [operation]
  const event = events.find(({ correlation }) => correlation === operation.correlation)
  if (!event) return []
  const { id, type, revision, position } = event
  const outcome = type === 'ActRefused' ? 'refused' : 'recorded'
  const receipts = [{ id, type, revision, position }]
  const output = outputOf(operation.input, { outcome, events: receipts }, events)
  return [{ ...operation, answer: { output, at: Infinity } }]
}

/** N2: on what a use stands is read where the ledger keeps it: in the event. */
function outputOf(
  input: ConsentInput,
  { outcome, events: receipts }: Pick<Outcome, 'outcome' | 'events'>,
  events: readonly Envelope[],
): ConsentOutput {
  if (outcome === 'refused') return { kind: 'refused' }
  const [receipt] = receipts
  if (!receipt) return { kind: 'nothing' }
  const event = events.find(({ id }) => id === receipt.id)
  switch (input) {
    case 'give':
      return { kind: 'given', consent: event?.revision ?? receipt.revision }
    case 'withdraw':
      return { kind: 'withdrawn' }
    case 'use':
      return event ? permittedBy(event) : { kind: 'permitted', consent: missing }
  }
}

/** No consent has this revision. */
const missing = -1

function permittedBy({ type, data }: Envelope): ConsentOutput {
  if (type !== 'DataUsed' || data.judgement.outcome !== 'permitted') {
    return { kind: 'permitted', consent: missing }
  }
  return { kind: 'permitted', consent: data.judgement.authority.consent?.revision ?? missing }
}

function told(operations: readonly Consent[]): string {
  const one = ({ input, call, answer }: Consent) =>
    `${input}[${call}..${answer ? `${answer.at} ${JSON.stringify(answer.output)}` : '?'}]`
  return operations.map(one).join(' ') || 'nothing'
}

function toldEvent({ revision, type, id }: Pick<Envelope, 'revision' | 'type'> & { id: EventId }) {
  return `${revision} ${type} ${id}`
}

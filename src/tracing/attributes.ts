import { streamKinds } from '../domain/envelope.ts'
import { DeliveryFault } from '../domain/notification/events.ts'
import { refusalCodes } from '../domain/refusal.ts'
import { eventTypes } from '../ledger/event-types.ts'

type Value = string | number | boolean

const oneOf = (words: Iterable<string>) => {
  const known = new Set(words)
  return (value: Value) => typeof value === 'string' && known.has(value)
}
const number = (value: Value) => typeof value === 'number' && Number.isFinite(value)
const truth = (value: Value) => typeof value === 'boolean'

/** A route's template as it is written in the code: `/v1/requests/:request`. */
const template = (value: Value) =>
  typeof value === 'string' &&
  value.length <= 128 &&
  /^\/(?:[a-z0-9.*_/-]|:[A-Za-z]+)*$/.test(value)

/** What an error may be called in a span; every other one is `_OTHER`. */
const errorNames = new Set([
  'BadCursor',
  'Contended',
  'EpochInUse',
  'IdentifierInvalid',
  'LedgerDiverged',
  'LogUnavailable',
  'SubjectFenced',
  'SubjectOfAnother',
  'UnreadableEvent',
  'UnreadableLedger',
  'VaultUnavailable',
  'ViewsBehind',
  'TypeError',
  'RangeError',
  'SyntaxError',
  'ZodError',
])

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/**
 * Everything that a span may say, and which values each may have: counts, and words of closed lists. No
 * identifier, pseudonym, token or URL is among them, and no text that somebody sent.
 */
const allowed = {
  'http.request.method': oneOf([...methods, '_OTHER']),
  'http.route': template,
  'http.response.status_code': number,
  'error.type': oneOf([...errorNames, '_OTHER', 'aborted', 'server_error']),
  'custody.stream.kind': oneOf(streamKinds),
  'custody.event.type': oneOf(eventTypes.keys()),
  'custody.refusal.code': oneOf(refusalCodes),
  'custody.outcome': oneOf([
    ...['recorded', 'refused', 'invalid', 'key_reused'],
    ...['appended', 'conflict', 'failed'],
    ...['deleted', 'deferred', 'partly-deferred', 'waiting'],
    ...['delivered', 'signed', 'nothing'],
  ]),
  'custody.delivery.fault': oneOf(DeliveryFault.options),
  'custody.delivery.status_code': number,
  'custody.repeated': truth,
  'custody.lines': number,
  'custody.recorded': number,
  'custody.refused': number,
  'custody.invalid': number,
  'custody.events': number,
  'custody.appends': number,
  'custody.conflicts': number,
  'custody.people': number,
  'custody.keys': number,
  'custody.lots': number,
  'custody.lots.deferred': number,
  'custody.deletions': number,
  'custody.leaves': number,
  'custody.position': number,
  'custody.spans_left_out': number,
} satisfies Record<string, (value: Value) => boolean>

export type AttributeName = keyof typeof allowed
/** What is said of a span; `null` and `undefined` say nothing. */
export type Attributes = Partial<Record<AttributeName, Value | null | undefined>>

/** Those that are on the list, with values that are on theirs. The others are left out without a word. */
export function allowedOnly(attributes: Attributes): Record<string, Value> {
  const kept: Record<string, Value> = {}
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue
    if (Object.hasOwn(allowed, name) && allowed[name as AttributeName](value)) kept[name] = value
  }
  return kept
}

/** The name of an error if it is one of ours, and never its message, which may quote what was sent. */
export function errorType(error: unknown): string {
  return error instanceof Error && errorNames.has(error.name) ? error.name : '_OTHER'
}

/** A method of HTTP as spans call it: the ones that are known, or `_OTHER`. */
export function methodName(method: string): string {
  return methods.has(method) ? method : '_OTHER'
}

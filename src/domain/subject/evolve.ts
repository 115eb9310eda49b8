import type { Recorded } from '../decision.ts'
import type { Mode } from '../judgement.ts'
import {
  assertNever,
  type Day,
  type Instant,
  type PurposeKey,
  type RuleId,
  type SubjectKind,
} from '../values.ts'
import { cameBack, deferred, deleted, erased, requested, resumed } from './evolve-deletion.ts'
import { holdItem, keepLot } from './evolve-holdings.ts'
import type { SubjectEvent, SubjectEventOf } from './events.ts'
import type { Standing, SubjectState } from './state.ts'

/**
 * Folds one event into a subject's state, in place: the state is the caller's to give away. Each event
 * costs what it holds, not what came before it. An erased subject takes nothing more.
 */
export function evolve(state: SubjectState, event: SubjectEvent, recorded: Recorded): SubjectState {
  if (event.type === 'ResidueEnded') {
    state.residues.delete(event.data.deletion)
    return state
  }
  if (state.status === 'erased') return state
  // A refused attempt is no relationship: the person stays as unknown as they were.
  if (state.status === 'unknown' && event.type !== 'ActRefused') state.status = 'active'
  switch (event.type) {
    case 'DataCollected':
      return collected(state, event.data, recorded)
    case 'DataUsed':
      return used(state, event.data)
    case 'ConsentRequested':
      return stand(state, 'consents', event.data, 'requested', recorded)
    case 'ConsentGiven':
      return stand(state, 'consents', event.data, 'given', recorded)
    case 'ConsentRefused':
      return stand(state, 'consents', event.data, 'refused', recorded)
    case 'ConsentWithdrawn':
      return stand(state, 'consents', event.data, 'withdrawn', recorded)
    case 'ConsentExpired':
      return stand(state, 'consents', { ...event.data, mode: 'enforce' }, 'expired', recorded)
    case 'ObjectionMade':
      return stand(state, 'objections', event.data, 'made', recorded)
    case 'ObjectionCarriedOver':
      return stand(state, 'objections', { ...event.data, mode: 'enforce' }, 'made', recorded)
    case 'ObjectionLifted':
      return stand(state, 'objections', event.data, 'lifted', recorded)
    case 'AccountOpened':
      return accountOpened(state, event.data.mode, recorded.occurredAt)
    case 'AccountClosed':
      return accountClosed(state, event.data, recorded.occurredAt)
    case 'DeletionRequested':
      return requested(state, event.data, recorded)
    case 'DeletionDeferred':
      return deferred(state, event.data)
    case 'DeletionResumed':
      return resumed(state, event.data)
    case 'DataDeleted':
      return deleted(state, event.data, recorded)
    case 'SubjectErased':
      return erased(state, event.data, recorded)
    // These are of the record only: nothing that is decided later asks for them.
    case 'DataShared':
    case 'DataCorrected':
    case 'DataAccessed':
    case 'SubjectNotified':
    case 'DeletionReapplied':
    case 'ActRefused':
      return state
    default:
      return assertNever(event)
  }
}

function collected(
  state: SubjectState,
  { act, items, lots, mode, on, transient }: SubjectEventOf<'DataCollected'>['data'],
  { occurredAt }: Recorded,
): SubjectState {
  learnKind(state, act.kind, act.selfIdentified, occurredAt)
  active(state, on)
  if (items.length > 0) cameBack(state, mode, occurredAt)
  for (const retention of lots) keepLot(state, retention, on, transient)
  for (const { lot, category } of items) holdItem(state, lot, category, act.purposes, occurredAt)
  return state
}

function used(state: SubjectState, data: SubjectEventOf<'DataUsed'>['data']): SubjectState {
  active(state, data.on)
  const lot = data.spent === null ? undefined : state.lots.get(data.spent)
  if (!lot) return state
  lot.spent = true
  for (const [category, purposes] of lot.contents) {
    const known = state.spent.get(category) ?? new Map<PurposeKey, RuleId>()
    state.spent.set(category, known)
    for (const purpose of purposes) known.set(purpose, lot.rule)
  }
  return state
}

function learnKind(
  state: SubjectState,
  kind: SubjectKind,
  selfIdentified: boolean,
  at: Instant,
): void {
  const known = state.kinds.get(kind)
  if (!known) {
    state.kinds.set(kind, { selfIdentified, since: at })
    return
  }
  known.selfIdentified ||= selfIdentified
  if (at < known.since) known.since = at
}

/** S35: the last collection or use, whatever the order in which they came to be known. */
function active(state: SubjectState, on: Day): void {
  if (state.lastActivityOn === null || on > state.lastActivityOn) state.lastActivityOn = on
}

type Change<Matter extends 'consents' | 'objections'> =
  SubjectState[Matter] extends Map<unknown, Standing<infer S>[]> ? S : never

function stand<Matter extends 'consents' | 'objections'>(
  state: SubjectState,
  matter: Matter,
  data: {
    purpose: SubjectEventOf<'ConsentExpired'>['data']['purpose']
    mode: Mode
    expires?: Day | null
  },
  status: Change<Matter>,
  { occurredAt, revision }: Recorded,
): SubjectState {
  const standings = state[matter] as Map<typeof data.purpose, Standing<Change<Matter>>[]>
  const history = standings.get(data.purpose) ?? []
  if (history.length === 0) standings.set(data.purpose, history)
  const last = history.at(-1)
  const clamped = data.mode === 'enforce' && last !== undefined && occurredAt < last.at
  const standing = {
    at: clamped ? last.at : occurredAt,
    revision,
    status,
    expires: data.expires ?? null,
  }
  insertInOrder(history, standing)
  return state
}

/** Events come in the order of the revision, so that of two at one time the later is put behind. */
function insertInOrder<S>(history: Standing<S>[], standing: Standing<S>): void {
  const last = history.at(-1)
  if (!last || last.at <= standing.at) {
    history.push(standing)
    return
  }
  let low = 0
  let high = history.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (history[middle]!.at <= standing.at) low = middle + 1
    else high = middle
  }
  history.splice(low, 0, standing)
}

function accountOpened(state: SubjectState, mode: Mode, at: Instant): SubjectState {
  cameBack(state, mode, at)
  const { accounts } = state
  const later = mode === 'observe' ? accounts.find(({ openedAt }) => openedAt > at) : undefined
  if (later) {
    // The opening of an account that was known already: it only came to be known later.
    later.openedAt = at
    return state
  }
  const closedAt = accounts.at(-1)?.closedAt ?? at
  accounts.push({ openedAt: at > closedAt ? at : closedAt, closedAt: null, closedOn: null })
  return state
}

function accountClosed(
  state: SubjectState,
  { mode, on }: SubjectEventOf<'AccountClosed'>['data'],
  at: Instant,
): SubjectState {
  const { accounts } = state
  const account =
    mode === 'enforce' ? accounts.at(-1) : accounts.findLast(({ openedAt }) => openedAt <= at)
  if (!account) {
    // Its opening is not known (yet).
    accounts.unshift({ openedAt: at, closedAt: at, closedOn: on })
  } else if (account.closedAt === null) {
    account.closedAt = at > account.openedAt ? at : account.openedAt
    account.closedOn = on
  }
  return state
}

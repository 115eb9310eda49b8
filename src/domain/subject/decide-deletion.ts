import type { Decision } from '../decision.ts'
import type { CategoryKey, Day, Lot, Reference } from '../values.ts'
import type { SubjectCommand } from './commands.ts'
import type { DeletionCause, LotContents, SubjectEvent } from './events.ts'
import {
  closedTo,
  HOLD_DEFERS,
  NOTHING,
  PERSON_MAY_DELETE,
  recorded,
  refuseFor,
  refusedCommand,
} from './refused.ts'
import { dueOn, minimumUntil } from './retention.ts'
import type { Deferral, PendingDeletion, SubjectState } from './state.ts'

type Command<T extends SubjectCommand['type']> = Extract<SubjectCommand, { type: T }>
type RequestDeletion = Command<'RequestDeletion'>

const CLOSED = new Set<SubjectState['status']>(['unknown', 'erased'])

/** The causes that a legal duty to keep stands against; retention itself reckons with it. */
const MINIMUM_BINDS = new Set<DeletionCause>(['request', 'account-closure', 'instruction'])

/**
 * S30, S35: a deletion begins. What the law asks to keep for longer is deferred at once until its day
 * (S36, S54). A retention that is no longer due, because the person came back, asks for nothing. What is
 * being deleted already is not asked for twice, but for everything: that must know of all that is held.
 */
export function decideRequestDeletion(
  command: RequestDeletion,
  state: SubjectState,
): Decision<SubjectEvent> {
  const { on, deletion, cause, scope, request } = command
  if (state.deletions.has(deletion)) return NOTHING
  const everything = 'everything' in scope
  const wanted = contentsOf(state, scope)
  const closed = closedTo(state, CLOSED)
  // Of two retention runs at once the later finds nothing left: that is no attempt to be recorded.
  if (cause === 'retention' && (closed || wanted.length === 0)) return NOTHING
  if (closed) return refusedCommand(command, closed)
  if (wanted.length === 0 && !everything) {
    const explanation = 'Nothing of what is to be deleted is held on the person.'
    return refuseFor(command, 'nothing_held', explanation, { obligation: PERSON_MAY_DELETE })
  }
  const due = cause === 'retention' ? wanted.filter(({ lot }) => isDue(state, lot, on)) : wanted
  const lots = everything ? due : notPending(state, due)
  if (lots.length === 0 && wanted.length > 0) return NOTHING
  const minimums = MINIMUM_BINDS.has(cause) ? withinMinimum(state, lots, on) : new Map<Lot, Day>()
  if (lots.length > 0 && minimums.size === lots.length) {
    const until = [...minimums.values()].sort().at(-1)
    const explanation = `The law asks to keep all of it; the last of it until ${until}.`
    return refuseFor(command, 'retention_minimum', explanation, { obligation: HOLD_DEFERS })
  }
  const data = { on, deletion, cause, everything, lots, request }
  return recorded(
    { type: 'DeletionRequested', version: 1, data },
    ...deferralsUntil(command, lots, minimums),
  )
}

/** S36: holds keep these lots of the deletion for now. Said again, it adds nothing. */
export function decideDeferDeletion(
  command: Command<'DeferDeletion'>,
  state: SubjectState,
): Decision<SubjectEvent> {
  const { on, deletion, holds } = command
  const pending = state.deletions.get(deletion)
  if (!pending) return unknown(command)
  const named = new Set(command.lots)
  const matters = [...new Set(holds)].sort()
  const lots = pending.lots.filter(
    ({ lot }) => named.has(lot) && !isKeptBy(pending.deferrals.get(lot), matters),
  )
  if (lots.length === 0 || matters.length === 0) return NOTHING
  const data = { on, deletion, lots, holds: matters, until: null }
  return recorded({ type: 'DeletionDeferred', version: 1, data })
}

/**
 * What was deferred goes on; what the law keeps until a day that has not come stays. A deletion of
 * everything takes in what came to be known while it waited; where the person came back it is one of its
 * own lots only (see `cameBack`).
 */
export function decideResumeDeletion(
  command: Command<'ResumeDeletion'>,
  state: SubjectState,
): Decision<SubjectEvent> {
  const { on, deletion } = command
  const pending = state.deletions.get(deletion)
  if (!pending) return unknown(command)
  const going = pending.lots.filter(({ lot }) => {
    const deferral = pending.deferrals.get(lot)
    return deferral && (deferral.until === null || deferral.until <= on)
  })
  if (going.length === 0) return NOTHING
  const lots = pending.everything ? [...going, ...collectedSince(state, pending)] : going
  return recorded({ type: 'DeletionResumed', version: 1, data: { on, deletion, lots } })
}

/**
 * The keys of these lots are destroyed. With the last lot of all that is held, a deletion of everything
 * is done as well.
 */
export function decideCompleteDeletion(
  command: Command<'CompleteDeletion'>,
  state: SubjectState,
): Decision<SubjectEvent> {
  const { on, deletion } = command
  const pending = state.deletions.get(deletion)
  if (!pending) return unknown(command)
  const named = new Set(command.lots)
  const lots = pending.lots.filter(({ lot }) => named.has(lot))
  const kept = lots.filter(({ lot }) => pending.deferrals.has(lot))
  if (kept.length > 0) {
    const explanation = `It is deferred for ${kept.map(({ lot }) => lot).join(', ')}; resume it first.`
    return refuseFor(command, 'on_hold', explanation, { obligation: HOLD_DEFERS })
  }
  const events: SubjectEvent[] = []
  if (lots.length > 0) {
    const data = { on, deletion, cause: pending.cause, lots }
    events.push({ type: 'DataDeleted', version: 1, data })
  }
  const erasure = pending.everything ? deletion : deletionOfEverything(state)
  if (erasure !== null && leavesNothing(state, lots)) {
    events.push({ type: 'SubjectErased', version: 1, data: { on, deletion: erasure } })
  }
  return recorded(...events)
}

/** A step that another process has taken first is nobody's attempt on data: answered, not recorded. */
function unknown(command: SubjectCommand): Decision<SubjectEvent> {
  const explanation = 'No such deletion is under way.'
  return { ...refuseFor(command, 'deletion_unknown', explanation), events: [] }
}

/** What of the scope is held, by lot, in the order in which the lots began. */
function contentsOf(state: SubjectState, scope: RequestDeletion['scope']): LotContents[] {
  const lots = 'lots' in scope ? new Set(scope.lots) : null
  const wanted = 'categories' in scope ? new Set(scope.categories) : null
  const contents: LotContents[] = []
  for (const [lot, held] of state.lots) {
    if (lots && !lots.has(lot)) continue
    const categories = [...held.contents.keys()].filter((key) => !wanted || wanted.has(key))
    if (categories.length > 0) contents.push({ lot, categories })
  }
  return contents
}

/** Without what another deletion is pending on. */
function notPending(state: SubjectState, lots: readonly LotContents[]): LotContents[] {
  const taken = new Map<Lot, Set<CategoryKey>>()
  for (const pending of state.deletions.values()) {
    for (const { lot, categories } of pending.lots) {
      taken.set(lot, new Set([...(taken.get(lot) ?? []), ...categories]))
    }
  }
  return lots
    .map(({ lot, categories }) => ({
      lot,
      categories: categories.filter((category) => !taken.get(lot)?.has(category)),
    }))
    .filter(({ categories }) => categories.length > 0)
}

function isDue(state: SubjectState, name: Lot, on: Day): boolean {
  const lot = state.lots.get(name)
  const day = lot ? dueOn(state, lot) : null
  return day !== null && day <= on
}

function withinMinimum(state: SubjectState, lots: readonly LotContents[], on: Day): Map<Lot, Day> {
  const minimums = new Map<Lot, Day>()
  for (const { lot: name } of lots) {
    const lot = state.lots.get(name)
    const until = lot ? minimumUntil(state, lot, on) : null
    if (until !== null) minimums.set(name, until)
  }
  return minimums
}

/** One event for each day until which something is kept, the earliest first. */
function deferralsUntil(
  { on, deletion }: RequestDeletion,
  lots: readonly LotContents[],
  minimums: ReadonlyMap<Lot, Day>,
): SubjectEvent[] {
  const days = [...new Set(minimums.values())].sort()
  return days.map((until) => {
    const kept = lots.filter(({ lot }) => minimums.get(lot) === until)
    return {
      type: 'DeletionDeferred',
      version: 1,
      data: { on, deletion, lots: kept, holds: [], until },
    }
  })
}

function isKeptBy(deferral: Deferral | undefined, holds: readonly Reference[]): boolean {
  return deferral !== undefined && deferral.holds.join(' ') === holds.join(' ')
}

function collectedSince(state: SubjectState, pending: PendingDeletion): LotContents[] {
  const known = new Set(pending.lots.map(({ lot }) => lot))
  return contentsOf(state, { everything: true }).filter(({ lot }) => !known.has(lot))
}

function deletionOfEverything(state: SubjectState): Reference | null {
  for (const [deletion, { everything }] of state.deletions) if (everything) return deletion
  return null
}

function leavesNothing(state: SubjectState, deleted: readonly LotContents[]): boolean {
  const gone = new Map(deleted.map(({ lot, categories }) => [lot, new Set(categories)]))
  for (const [lot, { contents }] of state.lots) {
    for (const category of contents.keys()) if (!gone.get(lot)?.has(category)) return false
  }
  return true
}

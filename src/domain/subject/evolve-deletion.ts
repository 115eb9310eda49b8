import type { Recorded } from '../decision.ts'
import type { Mode } from '../judgement.ts'
import type { CategoryKey, Instant, Lot, Reference } from '../values.ts'
import { dropItem } from './evolve-holdings.ts'
import type { LotContents, SubjectEventOf } from './events.ts'
import type { PendingDeletion, SubjectState } from './state.ts'

/** The deletion begins: its lots take no new value, and for everything the subject takes none. */
export function requested(
  state: SubjectState,
  { deletion, cause, everything, lots }: SubjectEventOf<'DeletionRequested'>['data'],
  { occurredAt }: Recorded,
): SubjectState {
  state.deletions.set(deletion, {
    cause,
    everything,
    requestedAt: occurredAt,
    lots: [...lots],
    deferrals: new Map(),
    deferredBy: [],
    status: 'requested',
  })
  for (const { lot } of lots) claim(state, lot, deletion)
  fence(state)
  return state
}

/** Some lots are kept for now: by holds, by a legal minimum until a day, or by both. */
export function deferred(
  state: SubjectState,
  { deletion, lots, holds, until }: SubjectEventOf<'DeletionDeferred'>['data'],
): SubjectState {
  const pending = state.deletions.get(deletion)
  if (!pending) return state
  for (const { lot } of lots) {
    const before = pending.deferrals.get(lot)
    // A hold leaves a legal minimum in place, and the other way round.
    pending.deferrals.set(lot, {
      holds: holds.length > 0 ? [...holds] : (before?.holds ?? []),
      until: until ?? before?.until ?? null,
    })
  }
  settle(pending)
  fence(state)
  return state
}

/** Of what was deferred, these lots go on; what the event does not name stays deferred. */
export function resumed(
  state: SubjectState,
  { deletion, lots }: SubjectEventOf<'DeletionResumed'>['data'],
): SubjectState {
  const pending = state.deletions.get(deletion)
  if (!pending) return state
  const going = new Set(lots.map(({ lot }) => lot))
  pending.lots = [...pending.lots.filter(({ lot }) => !going.has(lot)), ...lots]
  for (const lot of going) {
    pending.deferrals.delete(lot)
    claim(state, lot, deletion)
  }
  settle(pending)
  fence(state)
  return state
}

/** The keys are gone, and so is what they opened, whichever deletion had asked for it. */
export function deleted(
  state: SubjectState,
  { deletion, lots }: SubjectEventOf<'DataDeleted'>['data'],
  { occurredAt }: Recorded,
): SubjectState {
  state.residues.add(deletion)
  const gone = new Map(lots.map(({ lot, categories }) => [lot, new Set(categories)]))
  for (const [lot, categories] of gone) {
    for (const category of categories) dropItem(state, lot, category, occurredAt)
  }
  for (const [reference, pending] of state.deletions) {
    pending.lots = without(pending.lots, gone)
    const left = new Set(pending.lots.map(({ lot }) => lot))
    for (const lot of gone.keys()) if (!left.has(lot)) pending.deferrals.delete(lot)
    settle(pending)
    if (pending.lots.length === 0 && !pending.everything) state.deletions.delete(reference)
  }
  for (const lot of gone.keys()) reclaim(state, lot)
  fence(state)
  return state
}

/** A pseudonymous trail remains: consents, kinds and when things were held. Nothing is held any more. */
export function erased(
  state: SubjectState,
  { deletion }: SubjectEventOf<'SubjectErased'>['data'],
  { occurredAt }: Recorded,
): SubjectState {
  state.residues.add(deletion)
  for (const [lot, { contents }] of state.lots) {
    for (const category of [...contents.keys()]) dropItem(state, lot, category, occurredAt)
  }
  state.lots.clear()
  state.deletions.clear()
  state.status = 'erased'
  return state
}

function without(
  lots: readonly LotContents[],
  gone: ReadonlyMap<Lot, ReadonlySet<CategoryKey>>,
): LotContents[] {
  const left: LotContents[] = []
  for (const contents of lots) {
    const taken = gone.get(contents.lot)
    if (!taken) {
      left.push(contents)
      continue
    }
    const categories = contents.categories.filter((category) => !taken.has(category))
    if (categories.length > 0) left.push({ lot: contents.lot, categories })
  }
  return left
}

function settle(pending: PendingDeletion): void {
  const { lots, deferrals } = pending
  const wholly = lots.length > 0 && lots.every(({ lot }) => deferrals.has(lot))
  pending.status = wholly ? 'deferred' : 'requested'
  const holds = [...deferrals.values()].flatMap((deferral) => deferral.holds)
  pending.deferredBy = [...new Set(holds)]
}

/**
 * Fenced while a deletion of everything goes on. One of which all that is left is deferred lets the
 * subject live on: holds and legal minimums last for years.
 */
function fence(state: SubjectState): void {
  state.status = 'active'
  for (const { everything, status } of state.deletions.values()) {
    if (everything && status === 'requested') state.status = 'fenced'
  }
}

/**
 * The person came back while what is left of their erasure waits. That still goes, at its time, but what
 * they gave since does not go with it.
 */
export function cameBack(state: SubjectState, mode: Mode, at: Instant): void {
  for (const pending of state.deletions.values()) {
    if (pending.status !== 'deferred') continue
    if (mode === 'enforce' || at >= pending.requestedAt) pending.everything = false
  }
}

/** The lot bears the deletion that was first asked for on it. */
function claim(state: SubjectState, name: Lot, deletion: Reference): void {
  const lot = state.lots.get(name)
  if (lot) lot.deletion ??= deletion
}

/** Where part of a lot is left, another deletion may still be pending on that. */
function reclaim(state: SubjectState, name: Lot): void {
  const lot = state.lots.get(name)
  if (!lot) return
  lot.deletion = null
  for (const [deletion, { lots }] of state.deletions) {
    if (lots.some((contents) => contents.lot === name)) claim(state, name, deletion)
  }
}

import type { CategoryKey, Day, Instant, Lot, PurposeKey } from '../values.ts'
import type { Retention } from './events.ts'
import type { Held, SubjectState } from './state.ts'

/**
 * Opens the lot, or renews it: a lot falls due by the terms of the latest day that put something into
 * it, so that the order in which a past is imported makes no difference.
 */
export function keepLot(
  state: SubjectState,
  { lot, rule, trigger, keep, minimum }: Retention,
  on: Day,
  transient: boolean,
): void {
  const known = state.lots.get(lot)
  if (!known) {
    const clock = { firstOn: on, lastOn: on }
    const terms = { rule, trigger, keep, minimum }
    const fresh = { contents: new Map(), transient, spent: false, deletion: null }
    state.lots.set(lot, { ...terms, ...clock, ...fresh })
    return
  }
  if (on >= known.lastOn) Object.assign(known, { rule, trigger, keep, minimum, lastOn: on })
  if (on < known.firstOn) known.firstOn = on
}

/** The lot holds the category for these purposes too. A transient lot never enters the holdings (S19). */
export function holdItem(
  state: SubjectState,
  lotName: Lot,
  category: CategoryKey,
  purposes: readonly PurposeKey[],
  at: Instant,
): void {
  const lot = state.lots.get(lotName)
  if (!lot) throw new Error(`couldn't fold a collection: it names no retention of lot ${lotName}`)
  const contained = lot.contents.get(category) ?? new Set<PurposeKey>()
  if (contained.size === 0) lot.contents.set(category, contained)
  for (const purpose of purposes) {
    const isNew = !contained.has(purpose)
    contained.add(purpose)
    if (!lot.transient) countHeld(state, category, purpose, isNew, at)
  }
}

function countHeld(
  state: SubjectState,
  category: CategoryKey,
  purpose: PurposeKey,
  isNew: boolean,
  at: Instant,
): void {
  const byPurpose = state.holdings.get(category) ?? new Map<PurposeKey, Held>()
  if (byPurpose.size === 0) state.holdings.set(category, byPurpose)
  const held = byPurpose.get(purpose)
  if (!held) {
    byPurpose.set(purpose, { lots: 1, since: at, until: null })
    return
  }
  if (isNew) held.lots += 1
  held.until = null
  if (at < held.since) held.since = at
}

/** The lot holds the category no longer; a lot that holds nothing is gone. */
export function dropItem(
  state: SubjectState,
  lotName: Lot,
  category: CategoryKey,
  at: Instant,
): void {
  const lot = state.lots.get(lotName)
  const purposes = lot?.contents.get(category)
  if (!lot || !purposes) return
  lot.contents.delete(category)
  if (lot.contents.size === 0) state.lots.delete(lotName)
  if (lot.transient) return
  for (const purpose of purposes) {
    const held = state.holdings.get(category)?.get(purpose)
    if (!held) continue
    held.lots -= 1
    if (held.lots === 0) held.until = at > held.since ? at : held.since
  }
}

import type { ConsentStatus, Standing, SubjectState } from '../subject/state.ts'
import type { PurposeKey, SubjectKind } from '../values.ts'
import { dayOf } from './calendar.ts'
import type { CompiledPolicy } from './compile.ts'
import type { Moment } from './judging.ts'

/**
 * What the person's consent to a purpose was at a moment; null where there was never a word of it. A
 * consent given for a time reads `expired` from the start of its last day in the policy's time zone.
 */
export function consentAt(
  state: SubjectState,
  purpose: PurposeKey,
  moment: Moment,
  policy: CompiledPolicy,
): Standing<ConsentStatus> | null {
  const standing = standingAt(state.consents.get(purpose), moment)
  if (!standing || standing.status !== 'given' || standing.expires === null) return standing
  const over = dayOf(moment.at, policy.timeZone) >= standing.expires
  return over ? { ...standing, status: 'expired' } : standing
}

/** Whether the person had objected to a purpose at a moment; null where they never did. */
export function objectionAt(
  state: SubjectState,
  purpose: PurposeKey,
  moment: Moment,
): Standing<'made' | 'lifted'> | null {
  return standingAt(state.objections.get(purpose), moment)
}

/** S27: an account was closed and none is open at the moment. Without any account nothing has ended. */
export function accountHasEnded(state: SubjectState, { at, mode }: Moment): boolean {
  let closed = false
  for (const { openedAt, closedAt } of state.accounts) {
    if (mode === 'observe') {
      if (openedAt > at) continue
      if (closedAt === null || closedAt > at) return false
    } else if (closedAt === null) return false
    closed = true
  }
  return closed
}

/** Whether the person was known as one of the kinds at the moment. */
export function isOneOf(
  state: SubjectState,
  kinds: ReadonlySet<SubjectKind>,
  { at, mode }: Moment,
): boolean {
  for (const [kind, { since }] of state.kinds) {
    if (kinds.has(kind) && (mode === 'enforce' || since <= at)) return true
  }
  return false
}

/**
 * `enforce`: the last entry, which is what stands now whatever the clocks say (N1; see `SubjectState`).
 * `observe`: the last word at or before the moment.
 */
export function standingAt<S>(
  history: readonly Standing<S>[] | undefined,
  { at, mode }: Moment,
): Standing<S> | null {
  if (!history) return null
  if (mode === 'enforce') return history.at(-1) ?? null
  let low = 0
  let high = history.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (history[middle]!.at <= at) low = middle + 1
    else high = middle
  }
  return history[low - 1] ?? null
}

import { addTo } from '../policy/calendar.ts'
import { assertNever, type Day } from '../values.ts'
import type { HeldLot, SubjectState } from './state.ts'

/**
 * The day a lot's clock started (S35); null while it has not: an account is open.
 * `collection`: the last day that put something in. `last-activity`: the subject's last collection or
 * use. `account-closure`: the last closure; where there never was an account, the last activity.
 */
export function clockStart(state: SubjectState, lot: HeldLot): Day | null {
  switch (lot.trigger) {
    case 'collection':
      return lot.lastOn
    case 'last-activity':
      return state.lastActivityOn
    case 'account-closure': {
      const account = state.accounts.at(-1)
      return account ? account.closedOn : state.lastActivityOn
    }
    default:
      return assertNever(lot.trigger)
  }
}

/** The day on which a lot must go; null while its clock has not started. */
export function dueOn(state: SubjectState, lot: HeldLot): Day | null {
  const start = clockStart(state, lot)
  return start === null ? null : addTo(start, lot.keep)
}

/**
 * Until which day (exclusive) the law asks to keep a lot that is asked to go on the day `on`; null where
 * it may go. With an account still open, the account ends with the request at the latest (S36, S54).
 */
export function minimumUntil(state: SubjectState, lot: HeldLot, on: Day): Day | null {
  if (lot.minimum === null) return null
  const until = addTo(clockStart(state, lot) ?? on, lot.minimum)
  return on < until ? until : null
}

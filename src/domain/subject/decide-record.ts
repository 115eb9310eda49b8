import type { Decision } from '../decision.ts'
import { refuse, listed } from '../policy/refusing.ts'
import type { CategoryKey, Lot } from '../values.ts'
import type { SubjectCommand } from './commands.ts'
import type { CollectedItem, SubjectEvent } from './events.ts'
import { closedTo, NOTHING, recorded, refuseFor, refusedCommand } from './refused.ts'
import type { SubjectState } from './state.ts'

type Command<T extends SubjectCommand['type']> = Extract<SubjectCommand, { type: T }>

const CLOSED_TO_VALUES = new Set<SubjectState['status']>(['unknown', 'fenced', 'erased'])
const CLOSED_TO_ALL = new Set<SubjectState['status']>(['unknown', 'erased'])
const ERASED = new Set<SubjectState['status']>(['erased'])
const CLOSED_TO_NEW = new Set<SubjectState['status']>(['fenced', 'erased'])

/** S21, S39: new values for categories that are held, each into the latest lot that holds it. */
export function decideCorrectData(
  command: Command<'CorrectData'>,
  state: SubjectState,
): Decision<SubjectEvent> {
  const closed = closedTo(state, CLOSED_TO_VALUES)
  if (closed) return refusedCommand(command, closed)
  const { on, source, fields, request } = command
  const latest = latestLots(state)
  const items: CollectedItem[] = []
  const missing: CategoryKey[] = []
  for (const [key, names] of Object.entries(fields)) {
    const category = key as CategoryKey
    const lot = latest.get(category)
    if (lot === undefined) missing.push(category)
    else items.push({ category, fields: [...names], lot })
  }
  if (missing.length > 0) {
    const explanation = `${listed(missing)} is not held on the person; collect it first.`
    return refusedCommand(command, refuse('not_held', {}, explanation))
  }
  if (items.length === 0) return NOTHING
  return recorded({ type: 'DataCorrected', version: 1, data: { on, source, items, request } })
}

/**
 * By category the lot with the latest day. One that a deletion is pending on only where there is no
 * other: the correction then goes with what it corrects.
 */
function latestLots(state: SubjectState): Map<CategoryKey, Lot> {
  const latest = new Map<CategoryKey, { name: Lot; rank: string }>()
  for (const [name, { contents, transient, deletion, lastOn }] of state.lots) {
    if (transient) continue
    const rank = `${deletion === null ? 1 : 0}/${lastOn}`
    for (const category of contents.keys()) {
      const best = latest.get(category)
      if (!best || rank >= best.rank) latest.set(category, { name, rank })
    }
  }
  return new Map([...latest].map(([category, { name }]) => [category, name]))
}

/** An account begins. An observed one that is known already adds nothing. */
export function decideOpenAccount(
  command: Command<'OpenAccount'>,
  state: SubjectState,
): Decision<SubjectEvent> {
  const { on, at, mode, source } = command
  const closed = closedTo(state, mode === 'enforce' ? CLOSED_TO_NEW : ERASED)
  if (closed) return refusedCommand(command, closed)
  const isOpen =
    mode === 'enforce'
      ? state.accounts.at(-1)?.closedAt === null
      : state.accounts.some(
          ({ openedAt, closedAt }) => openedAt <= at && (closedAt === null || at < closedAt),
        )
  if (isOpen && mode === 'observe') return NOTHING
  if (isOpen) {
    return refuseFor(command, 'account_already_open', 'The person has an open account already.')
  }
  return recorded({ type: 'AccountOpened', version: 1, data: { on, mode, source } })
}

/** S27, S35: the account ends, also while an erasure is under way. */
export function decideCloseAccount(
  command: Command<'CloseAccount'>,
  state: SubjectState,
): Decision<SubjectEvent> {
  const closed = closedTo(state, ERASED)
  if (closed) return refusedCommand(command, closed)
  const { on, at, mode, source, reason } = command
  const account =
    mode === 'enforce'
      ? state.accounts.at(-1)
      : state.accounts.findLast(({ openedAt }) => openedAt <= at)
  const isOpen = account?.closedAt === null
  if (mode === 'enforce' && !isOpen) {
    return refuseFor(command, 'account_not_open', 'The person has no open account.')
  }
  // An observed closing is news where the account is open, or where no account was known of by then.
  if (account && !isOpen) return NOTHING
  return recorded({ type: 'AccountClosed', version: 1, data: { on, mode, source, reason } })
}

/** S9, S23, S43: the person was told. */
export function decideNotifySubject(
  command: Command<'NotifySubject'>,
  state: SubjectState,
): Decision<SubjectEvent> {
  const closed = closedTo(state, CLOSED_TO_ALL)
  if (closed) return refusedCommand(command, closed)
  const { on, about, reference, channel } = command
  return recorded({ type: 'SubjectNotified', version: 1, data: { on, about, reference, channel } })
}

/** N10: somebody is about to read the person's values. */
export function decideRecordAccess(
  command: Command<'RecordAccess'>,
  state: SubjectState,
): Decision<SubjectEvent> {
  const closed = closedTo(state, CLOSED_TO_ALL)
  if (closed) return refusedCommand(command, closed)
  const { on, reason, categories, request } = command
  const data = { on, reason, categories: [...categories], request }
  return recorded({ type: 'DataAccessed', version: 1, data })
}

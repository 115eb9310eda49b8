import type { Decider, Decision } from '../decision.ts'
import type { RefusalCode } from '../refusal.ts'
import { record, refuseStep } from '../step-refused.ts'
import { assertNever, type ObligationId } from '../values.ts'
import type { TransferCommand } from './commands.ts'
import type { ManifestSummary, TransferEvent, TransferScope } from './events.ts'

type DataOf<T extends TransferEvent['type']> = Extract<TransferEvent, { type: T }>['data']
type Notice = DataOf<'TransferNoticePosted'>
type Known = Readonly<{
  proposal: DataOf<'TransferProposed'>
  /** The scope as it stands: as proposed, or as scoped last. */
  scope: TransferScope
  notices: readonly Notice[]
}>

/** A merger, acquisition or sale: how far it has come. */
export type TransferState =
  | Readonly<{ status: 'unknown' }>
  | (Known & Readonly<{ status: 'proposed' }>)
  | (Known & Readonly<{ status: 'scoped'; manifest: ManifestSummary }>)
  | (Known & Readonly<{ status: 'executed'; manifest: ManifestSummary }>)
  | (Known & Readonly<{ status: 'abandoned' }>)

const MAY_PASS = 'S8' as ObligationId
const PEOPLE_ARE_TOLD = 'S9' as ObligationId

/** The life of one business transfer (S8, S9, N6). */
export const transferDecider: Decider<TransferState, TransferCommand, TransferEvent, undefined> = {
  initialState: () => ({ status: 'unknown' }),
  decide,
  evolve,
}

function decide(command: TransferCommand, state: TransferState): Decision<TransferEvent> {
  if (command.type === 'ProposeTransfer') return propose(command, state)
  if (state.status === 'unknown') {
    return refused(command, 'not_found', 'No such transfer was proposed.')
  }
  if (command.type === 'AbandonTransfer' && state.status === 'abandoned') return record()
  if (state.status === 'executed' || state.status === 'abandoned') {
    return refused(
      command,
      'wrong_status',
      `The transfer is ${state.status}; it has come to its end.`,
    )
  }
  switch (command.type) {
    case 'ScopeTransfer': {
      const data = { scope: command.scope, manifest: command.manifest }
      return record<TransferEvent>({ type: 'TransferScoped', version: 1, data })
    }
    case 'PostTransferNotice':
      return postNotice(command, state)
    case 'ExecuteTransfer':
      return execute(command, state)
    case 'AbandonTransfer': {
      const data = { reason: command.reason }
      return record<TransferEvent>({ type: 'TransferAbandoned', version: 1, data })
    }
    default:
      return assertNever(command)
  }
}

type Command<T extends TransferCommand['type']> = Extract<TransferCommand, { type: T }>
type Open = Extract<TransferState, { status: 'proposed' | 'scoped' }>

function propose(
  command: Command<'ProposeTransfer'>,
  state: TransferState,
): Decision<TransferEvent> {
  const { title, transaction, acquirer, scope } = command
  const data = { title, transaction, acquirer, scope }
  if (state.status === 'unknown') {
    return record<TransferEvent>({ type: 'TransferProposed', version: 1, data })
  }
  if (canonical(state.proposal) === canonical(data)) return record()
  return refused(command, 'already_exists', 'A transfer of this name was proposed on other terms.')
}

function postNotice(command: Command<'PostTransferNotice'>, state: Open): Decision<TransferEvent> {
  const { channel, property, evidence } = command
  const posted = state.notices.some(
    (notice) =>
      notice.channel === channel && notice.property === property && notice.evidence === evidence,
  )
  if (posted) return record()
  const data = { channel, property, evidence }
  return record<TransferEvent>({ type: 'TransferNoticePosted', version: 1, data })
}

/** S9: everybody was notified, or a site notice is posted, or somebody takes it on in so many words. */
function execute(command: Command<'ExecuteTransfer'>, state: Open): Decision<TransferEvent> {
  const { manifest, override } = command
  if (state.status !== 'scoped' || manifest === null) {
    const explanation = 'It is executed on a manifest; fix the scope first.'
    return refused(command, 'manifest_missing', explanation)
  }
  if (manifest.notNotified > 0 && state.notices.length === 0 && override === null) {
    const people =
      manifest.notNotified === 1 ? '1 person was' : `${manifest.notNotified} people were`
    const explanation = `${people} not notified; notify them, post a site notice, or override it with a reason.`
    return refused(command, 'people_not_notified', explanation)
  }
  return record<TransferEvent>({
    type: 'TransferExecuted',
    version: 1,
    data: { manifest, override: override && { ...override } },
  })
}

/** Independent of the order in which a scope's lists were written down. */
function canonical({ title, transaction, acquirer, scope }: DataOf<'TransferProposed'>): string {
  const lists = Object.entries(scope).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([title, transaction, acquirer, lists])
}

function refused(
  command: TransferCommand,
  code: RefusalCode,
  explanation: string,
): Decision<TransferEvent> {
  const obligation = code === 'people_not_notified' ? PEOPLE_ARE_TOLD : MAY_PASS
  return refuseStep('TransferStepRefused', command, code, explanation, { obligation })
}

function evolve(state: TransferState, event: TransferEvent): TransferState {
  if (event.type === 'TransferProposed') {
    const proposal = event.data
    return { status: 'proposed', proposal, scope: proposal.scope, notices: [] }
  }
  if (state.status === 'unknown') return state
  switch (event.type) {
    case 'TransferScoped':
      return { ...state, status: 'scoped', ...event.data }
    case 'TransferNoticePosted':
      return { ...state, notices: [...state.notices, event.data] }
    case 'TransferExecuted':
      return { ...state, status: 'executed', manifest: event.data.manifest }
    case 'TransferAbandoned': {
      const { proposal, scope, notices } = state
      return { status: 'abandoned', proposal, scope, notices }
    }
    case 'TransferStepRefused':
      return state
    default:
      return assertNever(event)
  }
}

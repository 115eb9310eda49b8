import type { Decider, Decision } from '../decision.ts'
import type { RefusalCode } from '../refusal.ts'
import { record, refuseStep } from '../step-refused.ts'
import { assertNever, type ObligationId } from '../values.ts'
import type { RequestCommand } from './commands.ts'
import type { RequestEvent } from './events.ts'

type Received = Extract<RequestEvent, { type: 'RequestReceived' }>['data']

/** A person's request: how far it has come. `received` holds until the person is known to be the person. */
export type RequestState =
  | Readonly<{ status: 'unknown' }>
  | (Received & Readonly<{ status: 'received' | 'verified' | 'fulfilled' | 'denied' }>)

const PERSON_MAY_ASK = 'S30' as ObligationId
const DENIED_WITH_REASON = 'S23' as ObligationId

/** The life of one request of a person (S23, S28, S30; GDPR Art. 12, 15-21). */
export const requestDecider: Decider<RequestState, RequestCommand, RequestEvent, undefined> = {
  initialState: () => ({ status: 'unknown' }),
  decide,
  evolve,
}

function decide(command: RequestCommand, state: RequestState): Decision<RequestEvent> {
  if (command.type === 'ReceiveRequest') return receive(command, state)
  if (state.status === 'unknown') {
    return refused(command, 'not_found', 'No such request was received.')
  }
  if (state.status === 'fulfilled' || state.status === 'denied') {
    return refused(command, 'wrong_status', `The request is ${state.status}; it is closed.`)
  }
  switch (command.type) {
    case 'VerifyRequest': {
      if (state.status === 'verified') return record()
      const data = { method: command.method, handler: command.handler }
      return record<RequestEvent>({ type: 'RequestVerified', version: 1, data })
    }
    case 'FulfilRequest': {
      if (state.status !== 'verified') {
        const explanation = 'It is not verified that the requester is the person; verify it first.'
        return refused(command, 'not_verified', explanation)
      }
      const { outcome, handler, deletion, digest } = command
      const data = { outcome, handler, deletion, digest }
      return record<RequestEvent>({ type: 'RequestFulfilled', version: 1, data })
    }
    case 'DenyRequest':
      return deny(command)
    default:
      return assertNever(command)
  }
}

type Command<T extends RequestCommand['type']> = Extract<RequestCommand, { type: T }>

function receive(command: Command<'ReceiveRequest'>, state: RequestState): Decision<RequestEvent> {
  const { kind, subject, channel, on, deadline, purpose } = command
  if (state.status !== 'unknown') {
    const same =
      state.kind === kind &&
      state.subject === subject &&
      state.channel === channel &&
      state.purpose === purpose
    if (same) return record()
    return refused(command, 'already_exists', 'A request of this name was received already.')
  }
  if (subject === null) {
    return refused(command, 'subject_unknown', "No such person is in this controller's custody.")
  }
  const data = { kind, subject, channel, on, deadline, purpose }
  return record<RequestEvent>({ type: 'RequestReceived', version: 1, data })
}

/** S23: a request may be denied, also because the person could not be verified, but never without a why. */
function deny(command: Command<'DenyRequest'>): Decision<RequestEvent> {
  const { reason, handler, channel } = command
  if (reason.trim() === '') {
    const explanation = 'A denial needs the reason that the person will be told.'
    return refused(command, 'reason_missing', explanation)
  }
  const data = { reason, handler, channel }
  return record<RequestEvent>({ type: 'RequestDenied', version: 1, data })
}

function refused(
  command: RequestCommand,
  code: RefusalCode,
  explanation: string,
): Decision<RequestEvent> {
  const obligation = code === 'reason_missing' ? DENIED_WITH_REASON : PERSON_MAY_ASK
  return refuseStep('RequestStepRefused', command, code, explanation, { obligation })
}

function evolve(state: RequestState, event: RequestEvent): RequestState {
  if (event.type === 'RequestReceived') return { ...event.data, status: 'received' }
  if (state.status === 'unknown') return state
  switch (event.type) {
    case 'RequestVerified':
      return { ...state, status: 'verified' }
    case 'RequestFulfilled':
      return { ...state, status: 'fulfilled' }
    case 'RequestDenied':
      return { ...state, status: 'denied' }
    case 'RequestStepRefused':
      return state
    default:
      return assertNever(event)
  }
}

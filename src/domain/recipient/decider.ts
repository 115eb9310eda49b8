import type { Decider, Decision, Recorded } from '../decision.ts'
import {
  decideEndpoint,
  evolveEndpoint,
  isEndpointCommand,
  noEndpoint,
  type EndpointState,
} from '../endpoint/decider.ts'
import type { RecipientStanding } from '../judgement.ts'
import type { RefusalCode } from '../refusal.ts'
import { record, refuseStep } from '../step-refused.ts'
import {
  assertNever,
  type Instant,
  type ObligationId,
  type RecipientId,
  type Reference,
} from '../values.ts'
import type { RecipientCommand } from './commands.ts'
import type { RecipientEvent } from './events.ts'

type DataOf<T extends RecipientEvent['type']> = Extract<RecipientEvent, { type: T }>['data']
type Registration = DataOf<'RecipientRegistered'>
type Contracts = ReadonlyMap<Reference, DataOf<'ContractSigned'>>
type Known = Readonly<{
  registration: Registration
  contracts: Contracts
  endpoint: EndpointState
}>

/** A recipient: unknown, registered, or suspended since a moment. */
export type RecipientState =
  | Readonly<{ status: 'unknown' }>
  | (Known & Readonly<{ status: 'registered' }>)
  | (Known & Readonly<{ status: 'suspended'; since: Instant }>)

/** S48: sub-processors are bound by contract; what is out of order with one is refused in its name. */
const BY_CONTRACT = 'S48' as ObligationId

/** What judging a share needs to know of a recipient; null where it is not registered. */
export function recipientStanding(
  state: RecipientState,
  recipient: RecipientId,
): RecipientStanding | null {
  if (state.status === 'unknown') return null
  return {
    recipient,
    recipientClass: state.registration.recipientClass,
    suspendedSince: state.status === 'suspended' ? state.since : null,
    contracts: [...state.contracts.values()],
  }
}

/** The life of one recipient (S12, S48). */
export const recipientDecider: Decider<
  RecipientState,
  RecipientCommand,
  RecipientEvent,
  undefined
> = { initialState: () => ({ status: 'unknown' }), decide, evolve }

function decide(command: RecipientCommand, state: RecipientState): Decision<RecipientEvent> {
  if (command.type === 'RegisterRecipient') return register(command, state)
  if (state.status === 'unknown') {
    return refused(command, 'not_found', 'The recipient is not registered; register it first.')
  }
  if (isEndpointCommand(command)) {
    return decideEndpoint(command, state.endpoint, (code, why) => refused(command, code, why))
  }
  switch (command.type) {
    case 'SignContract':
      return sign(command, state)
    case 'EndContract':
      return end(command, state)
    case 'SuspendRecipient': {
      if (state.status === 'suspended') return record()
      const data = { reason: command.reason }
      return record<RecipientEvent>({ type: 'RecipientSuspended', version: 1, data })
    }
    case 'ReinstateRecipient': {
      if (state.status === 'registered') return record()
      const data = { reason: command.reason }
      return record<RecipientEvent>({ type: 'RecipientReinstated', version: 1, data })
    }
    default:
      return assertNever(command)
  }
}

type Command<T extends RecipientCommand['type']> = Extract<RecipientCommand, { type: T }>

function register(
  command: Command<'RegisterRecipient'>,
  state: RecipientState,
): Decision<RecipientEvent> {
  const { name, recipientClass, country } = command
  if (state.status !== 'unknown') {
    const known = state.registration
    const same =
      known.name === name && known.recipientClass === recipientClass && known.country === country
    if (same) return record()
    return refused(command, 'already_exists', 'The recipient is registered with other particulars.')
  }
  const data = { name, recipientClass, country }
  return record<RecipientEvent>({ type: 'RecipientRegistered', version: 1, data })
}

function sign(command: Command<'SignContract'>, { contracts }: Known): Decision<RecipientEvent> {
  const { reference, from, until } = command
  const purposes = [...new Set(command.purposes)]
  const categories = command.categories === 'any' ? 'any' : [...new Set(command.categories)]
  const data: DataOf<'ContractSigned'> = { reference, from, until, purposes, categories }
  const known = contracts.get(reference)
  if (known) {
    if (JSON.stringify(known) === JSON.stringify(data)) return record()
    const explanation = `A contract ${reference} was signed with other terms; give it a new reference.`
    return refused(command, 'already_exists', explanation)
  }
  if (until !== null && until <= from) {
    return refused(command, 'wrong_status', 'The contract would end before it begins.')
  }
  return record<RecipientEvent>({ type: 'ContractSigned', version: 1, data })
}

/** A contract ends earlier than it would have; to last longer it needs a new one. */
function end(command: Command<'EndContract'>, { contracts }: Known): Decision<RecipientEvent> {
  const { reference, until } = command
  const known = contracts.get(reference)
  if (!known) return refused(command, 'not_found', `No contract ${reference} was signed.`)
  if (known.until === until) return record()
  if (known.until !== null && known.until < until) {
    const explanation = `The contract ends on ${known.until} already; sign a new one to go on.`
    return refused(command, 'wrong_status', explanation)
  }
  return record<RecipientEvent>({ type: 'ContractEnded', version: 1, data: { reference, until } })
}

function refused(
  command: RecipientCommand,
  code: RefusalCode,
  explanation: string,
): Decision<RecipientEvent> {
  return refuseStep('RecipientStepRefused', command, code, explanation, { obligation: BY_CONTRACT })
}

function evolve(
  state: RecipientState,
  event: RecipientEvent,
  { occurredAt }: Recorded,
): RecipientState {
  if (event.type === 'RecipientRegistered') {
    const none = { contracts: new Map(), endpoint: noEndpoint }
    return { status: 'registered', registration: event.data, ...none }
  }
  if (state.status === 'unknown') return state
  const { registration, contracts, endpoint } = state
  switch (event.type) {
    case 'ContractSigned':
      return { ...state, contracts: new Map([...contracts, [event.data.reference, event.data]]) }
    case 'ContractEnded': {
      const { reference, until } = event.data
      const known = contracts.get(reference)
      if (!known) return state
      return { ...state, contracts: new Map([...contracts, [reference, { ...known, until }]]) }
    }
    case 'RecipientSuspended':
      return { ...state, status: 'suspended', since: occurredAt }
    case 'RecipientReinstated':
      return { status: 'registered', registration, contracts, endpoint }
    case 'RecipientStepRefused':
      return state
    case 'EndpointRegistered':
    case 'EndpointSecretRotated':
    case 'EndpointRemoved':
      return { ...state, endpoint: evolveEndpoint(endpoint, event) }
    default:
      return assertNever(event)
  }
}

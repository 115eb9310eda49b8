import type { Decider } from '../decision.ts'
import {
  decideEndpoint,
  evolveEndpoint,
  noEndpoint,
  type EndpointCommand,
  type EndpointState,
} from '../endpoint/decider.ts'
import { refuseStep } from '../step-refused.ts'
import type { SourceEvent } from './events.ts'

/** The endpoint of one source system. */
export const sourceDecider: Decider<EndpointState, EndpointCommand, SourceEvent, undefined> = {
  initialState: () => noEndpoint,
  decide: (command, state) =>
    decideEndpoint(command, state, (code, explanation) =>
      refuseStep('SourceStepRefused', command, code, explanation),
    ),
  evolve: (state, event) =>
    event.type === 'SourceStepRefused' ? state : evolveEndpoint(state, event),
}

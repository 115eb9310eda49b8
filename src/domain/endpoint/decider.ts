import type { RefusalCode } from '../refusal.ts'
import { record } from '../step-refused.ts'
import { assertNever } from '../values.ts'
import type { EndpointEvent, EndpointUrl, Topic } from './events.ts'

/** What can be asked of an endpoint. */
export type EndpointCommand =
  | { type: 'RegisterEndpoint'; url: EndpointUrl; topics: readonly Topic[] }
  | { type: 'RotateEndpointSecret' }
  | { type: 'RemoveEndpoint'; reason: string }

/** The endpoint, if there is one, and how many secrets there ever were. */
export type EndpointState = Readonly<{
  generation: number
  current: Readonly<{ url: EndpointUrl; topics: readonly Topic[] }> | null
}>

/** No endpoint, and there never was one. */
export const noEndpoint: EndpointState = { generation: 0, current: null }

/** Whether it is a command on an endpoint, of those that the stream takes. */
export function isEndpointCommand<Other extends { type: string }>(
  command: Other | EndpointCommand,
): command is EndpointCommand {
  const types: readonly string[] = [
    'RegisterEndpoint',
    'RotateEndpointSecret',
    'RemoveEndpoint',
  ] satisfies EndpointCommand['type'][]
  return types.includes(command.type)
}

/**
 * Decides for whichever stream the endpoint is in; `refused` refuses in that stream's words. Every
 * registration and rotation begins a new secret. Said again, nothing is left to do.
 */
export function decideEndpoint<Refused>(
  command: EndpointCommand,
  { generation, current }: EndpointState,
  refused: (code: RefusalCode, explanation: string) => Refused,
): Refused | { outcome: 'recorded'; events: readonly EndpointEvent[] } {
  switch (command.type) {
    case 'RegisterEndpoint': {
      const { url } = command
      const topics = [...new Set(command.topics)].sort()
      if (current?.url === url && current.topics.join() === topics.join()) return record()
      const data = { url, topics, generation: generation + 1 }
      return record<EndpointEvent>({ type: 'EndpointRegistered', version: 1, data })
    }
    case 'RotateEndpointSecret': {
      if (!current) return refused('not_found', 'There is no endpoint whose secret could change.')
      const data = { generation: generation + 1 }
      return record<EndpointEvent>({ type: 'EndpointSecretRotated', version: 1, data })
    }
    case 'RemoveEndpoint': {
      if (!current) return record()
      const data = { reason: command.reason }
      return record<EndpointEvent>({ type: 'EndpointRemoved', version: 1, data })
    }
    default:
      return assertNever(command)
  }
}

/** The endpoint after the event. */
export function evolveEndpoint(state: EndpointState, event: EndpointEvent): EndpointState {
  switch (event.type) {
    case 'EndpointRegistered': {
      const { url, topics, generation } = event.data
      return { generation, current: { url, topics } }
    }
    case 'EndpointSecretRotated':
      return { ...state, generation: event.data.generation }
    case 'EndpointRemoved':
      return { ...state, current: null }
    default:
      return assertNever(event)
  }
}

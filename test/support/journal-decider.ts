import type { Decider } from '../../src/domain/decision.ts'
import { streamName, type Sealed, type StreamName } from '../../src/domain/envelope.ts'
import type { RecipientEvent } from '../../src/domain/recipient/events.ts'
import {
  ControllerId,
  Day,
  Principal,
  type EventId,
  type Instant,
} from '../../src/domain/values.ts'
import type { Ask, AskMeta } from '../../src/ledger/execute-types.ts'

/**
 * A decider made for tests of the ledger: a journal to which entries are added, with the real events of
 * a recipient's stream. It notices when it is folded wrongly.
 */
export type Journal = { entries: string[]; refused: number; lastRevision: number; ids: EventId[] }

export type JournalCommand =
  | { type: 'Add'; entries: readonly string[] }
  /** Adds the number of entries, so that a decision on an old state shows. */
  | { type: 'Count' }
  | { type: 'AddOnce'; entry: string }
  | { type: 'Refuse' }
  | { type: 'Fail' }
  /** Leads to an event that no schema takes. */
  | { type: 'Break' }

const refusal = {
  code: 'wrong_status',
  obligation: null,
  rule: null,
  explanation: 'The journal takes no such entry.',
} as const

const entry = (reason: string): RecipientEvent => ({
  type: 'RecipientSuspended',
  version: 1,
  data: { reason },
})

export const journalDecider: Decider<Journal, JournalCommand, RecipientEvent, null> = {
  initialState: () => ({ entries: [], refused: 0, lastRevision: -1, ids: [] }),
  decide(command, state) {
    switch (command.type) {
      case 'Add':
        return { outcome: 'recorded', events: command.entries.map(entry) }
      case 'Count':
        return { outcome: 'recorded', events: [entry(String(state.entries.length))] }
      case 'AddOnce':
        return {
          outcome: 'recorded',
          events: state.entries.includes(command.entry) ? [] : [entry(command.entry)],
        }
      case 'Refuse':
        return {
          outcome: 'refused',
          refusals: [refusal],
          events: [
            {
              type: 'RecipientStepRefused',
              version: 1,
              data: { command: 'Refuse', refusals: [refusal] },
            },
          ],
        }
      case 'Fail':
        throw new Error('the decider failed')
      case 'Break':
        return { outcome: 'recorded', events: [entry('two\nlines')] }
    }
  },
  evolve(state, event, { id, revision }) {
    if (revision !== state.lastRevision + 1) throw new Error(`revision ${revision} out of order`)
    state.lastRevision = revision
    state.ids.push(id)
    if (event.type === 'RecipientSuspended') state.entries.push(event.data.reason)
    else state.refused += 1
    return state
  },
}

export const controller = ControllerId.parse('symphony-commerce')

export const meta: AskMeta = {
  controller,
  principal: Principal.parse('job:test'),
  correlation: 'a-conversation',
  causation: null,
  occurredAt: null,
  operation: null,
}

/** A journal's stream. */
export function journal(name: string | number): StreamName {
  return streamName('recipient', controller, String(name))
}

/** A command for a journal, with what else is to be said. */
export function ask(
  stream: StreamName,
  command: JournalCommand,
  more: {
    key?: string
    body?: string
    occurredAt?: Instant
    seal?: (event: RecipientEvent, id: EventId) => Sealed[] | Promise<Sealed[]>
  } = {},
): Ask<Journal, JournalCommand, RecipientEvent, null> {
  const operation = more.key === undefined ? null : { key: more.key, body: more.body ?? 'body' }
  return {
    stream,
    decider: journalDecider,
    prepare: () => ({ command, context: null, policyVersion: Day.parse('2014-06-30') }),
    meta: { ...meta, occurredAt: more.occurredAt ?? null, operation },
    ...(more.seal ? { seal: more.seal } : {}),
  }
}

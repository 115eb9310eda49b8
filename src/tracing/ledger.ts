import { streamParts } from '../domain/envelope.ts'
import type { EventId } from '../domain/values.ts'
import type { EventLog } from '../ledger/event-log.ts'
import type { Ask, Executor } from '../ledger/execute-types.ts'
import type { Attributes } from './attributes.ts'
import { tell, type Scope, type Spans } from './spans.ts'

/** A command that is being decided: its span, and how its appends went. */
type Asked = { scope: Scope; appends: number; conflicts: number }

type AnyAsk = Ask<unknown, unknown, never, unknown>
type AnyExecute = (ask: AnyAsk) => ReturnType<Executor['execute']>

/**
 * Spans of commands and of appends. Commands on one stream that wait together go into one append, which
 * runs where the first of them was asked: so an append finds those it is for by the ids of its events. It is
 * part of the first one's span, and linked to the others'.
 */
export function traceLedger(spans: Spans) {
  const asked = new Map<EventId, Asked>()
  return {
    log: (log: EventLog): EventLog => ({
      append: (stream, expected, records) => {
        const commands = records.flatMap(({ id }) => asked.get(id) ?? [])
        const [first, ...others] = commands
        const options = {
          ...(first ? { parent: first.scope } : {}),
          links: others.map(({ scope }) => scope.span.spanContext()),
          attributes: {
            'custody.stream.kind': streamParts(stream).kind,
            'custody.events': records.length,
          },
        }
        return spans.within('ledger.append', options, async (scope) => {
          for (const command of commands) command.appends += 1
          const appended = await log.append(stream, expected, records)
          tell(scope, { 'custody.outcome': appended.status })
          if (appended.status === 'conflict') {
            for (const command of commands) command.conflicts += 1
          }
          return appended
        })
      },
      readStream: (...question) => log.readStream(...question),
      readAll: (...question) => log.readAll(...question),
      readAt: (positions) => log.readAt(positions),
      head: () => log.head(),
      follow: (...question) => log.follow(...question),
      close: () => log.close(),
    }),

    executor(executor: Executor): Executor {
      const plain: AnyExecute = (ask) => executor.execute(ask)
      const execute = traceExecute(spans, asked, plain)
      const executeMany = async (asks: readonly AnyAsk[]) => {
        const settled = await Promise.allSettled(asks.map(execute))
        return settled.map((one) => {
          if (one.status === 'rejected') throw one.reason
          return one.value
        })
      }
      const load: Executor['load'] = (stream, decider, read) => {
        const attributes = { 'custody.stream.kind': streamParts(stream).kind }
        return spans.within('ledger.load', { attributes }, () =>
          executor.load(stream, decider, read),
        )
      }
      // An ask is handed on with its own decider, command and context: nothing of their types is lost.
      return { execute, executeMany, load } as unknown as Executor
    },
  }
}

function traceExecute(spans: Spans, asked: Map<EventId, Asked>, execute: AnyExecute): AnyExecute {
  return (ask) => {
    const attributes = { 'custody.stream.kind': streamParts(ask.stream).kind }
    return spans.within('ledger.execute', { attributes }, async (scope) => {
      const command: Asked = { scope, appends: 0, conflicts: 0 }
      let id: EventId | null = null
      const { prepare, seal } = ask
      try {
        const answer = await execute({
          ...ask,
          prepare(given) {
            id = given.eventId
            asked.set(id, command)
            return prepare(given)
          },
          // The lane may have been opened by somebody else's command.
          ...(seal ? { seal: (event, of) => spans.run(scope, () => seal(event, of)) } : {}),
        })
        tell(scope, answerOf(answer))
        return answer
      } finally {
        if (id !== null) asked.delete(id)
        tell(scope, {
          'custody.appends': command.appends,
          'custody.conflicts': command.conflicts,
        })
      }
    })
  }
}

function answerOf(answer: Awaited<ReturnType<Executor['execute']>>): Attributes {
  const { outcome } = answer
  if (outcome === 'key_reused') return { 'custody.outcome': outcome }
  return {
    'custody.outcome': outcome,
    'custody.events': answer.events.length,
    'custody.event.type': answer.events[0]?.type,
    'custody.repeated': answer.repeated,
    'custody.refusal.code': outcome === 'refused' ? answer.refusals[0]?.code : null,
  }
}

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { streamParts, type Envelope, type StreamKind } from '../domain/envelope.ts'
import type { EventId, Position, SubjectId } from '../domain/values.ts'
import { decode } from '../ledger/codec.ts'
import type { LogRecord } from '../ledger/event-log.ts'
import { projections } from './all.ts'
import { schemaVersion, versionOf } from './database.ts'
import { learn, type ControllerFacts, type PersonFacts } from './facts.ts'
import { createNames, type Names } from './names.ts'
import { packEventId } from './packing.ts'
import type { AnyProjection, EventType, Folded, Look, Value } from './projection.ts'
import type { RequestRow } from './views.ts'

/** What a batch came to: where the views stand, and the kinds of the streams that it had events of. */
export type Advance = Readonly<{ position: Position; kinds: ReadonlySet<StreamKind> }>

/** Folds batches of records, each in a transaction. */
export type Folding = Readonly<{
  /** The checkpoint, read anew. */
  position: () => Position
  /** Null: another projector moved the checkpoint away from `from`; nothing was written. */
  fold: (from: Position, records: readonly LogRecord[]) => Advance | null
  /** The same inside a transaction of the caller's, who alone writes the file and ends with `settle`. */
  foldInto: (records: readonly LogRecord[]) => void
  /** Writes what was kept in memory, and the checkpoint; `event`: the one that stands there. */
  settle: (position: Position, event: EventId | null) => void
}>

/** @param database a writing connection with the views' tables */
export function createFolding(database: DatabaseSync): Folding {
  const names = createNames(database)
  const steps = projections.map((projection) => prepareProjection(database, projection))
  const byType = new Map<EventType, Step[]>()
  const request = database.prepare(
    'SELECT row FROM request WHERE controller = ? AND key = ? AND ended IS NULL',
  )
  const checkpoint = database.prepare('SELECT position FROM checkpoint WHERE one = 1')
  const move = database.prepare('UPDATE checkpoint SET position = ?, event = ? WHERE one = 1')
  /** Where the remembered names are good for. */
  let remembered: number | null = null

  const position = () => Number(checkpoint.get()?.['position']) as Position

  function stepsOf(type: EventType): Step[] {
    const known = byType.get(type)
    if (known) return known
    const found = steps.filter(({ follows }) => follows === 'everything' || follows.has(type))
    byType.set(type, found)
    return found
  }

  function foldEvent(event: Envelope): void {
    const folded = foldedOf(event, names, (controller, key) => {
      const found = request.get(controller, key)
      return found ? (JSON.parse(String(found['row'])) as RequestRow).subject : null
    })
    for (const { changes, look, writes } of stepsOf(event.type)) {
      for (const [write, parameters] of changes(folded as Folded<never>, look)) {
        writes[write]!.run(...parameters)
      }
    }
  }

  function foldInto(records: readonly LogRecord[]): void {
    for (const record of records) foldEvent(decode(record))
  }

  function settle(reached: Position, event: EventId | null): void {
    names.flush()
    move.run(reached, event && packEventId(event))
  }

  return {
    position,
    foldInto,
    settle,
    fold(from, records) {
      const { position: last, id } = records.at(-1)!
      database.exec('BEGIN IMMEDIATE')
      try {
        if (versionOf(database) !== schemaVersion) {
          throw new Error('the views were taken over by another version of Custody: start again')
        }
        if (position() !== from) {
          database.exec('ROLLBACK')
          return null
        }
        if (remembered !== from) names.forget()
        foldInto(records)
        settle(last, id)
        database.exec('COMMIT')
      } catch (error) {
        remembered = null
        if (database.isTransaction) database.exec('ROLLBACK')
        throw error
      }
      remembered = last
      return { position: last, kinds: new Set(records.map(({ stream }) => kindOf(stream))) }
    },
  }
}

type Step = Readonly<{
  follows: ReadonlySet<EventType> | 'everything'
  changes: AnyProjection['changes']
  look: Look
  writes: Readonly<Record<string, StatementSync>>
}>

function prepareProjection(database: DatabaseSync, projection: AnyProjection): Step {
  const prepare = (sql: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(sql).map(([name, text]) => [name, database.prepare(text)]))
  const lookups = prepare(projection.lookups)
  for (const statement of Object.values(lookups)) statement.setReturnArrays(true)
  const { follows } = projection
  return {
    follows: follows === 'everything' ? follows : new Set<EventType>(follows),
    changes: projection.changes,
    look: (name, ...parameters) =>
      lookups[name]!.all(...parameters) as unknown as readonly (readonly Value[])[],
    writes: prepare(projection.writes),
  }
}

function foldedOf(
  event: Envelope,
  names: Names,
  requester: (controller: number, request: string) => SubjectId | null,
): Folded {
  const { kind, id } = streamParts(event.stream)
  const controller: ControllerFacts = names.controller(event.controller)
  controller.events += 1
  names.controllerChanged(controller)
  let person: PersonFacts | null = null
  let clockMoved = false
  if (kind === 'subject') {
    person = names.person(controller, id as SubjectId)
    clockMoved = learn(person, event, names)
  } else if (kind === 'request') {
    const subject =
      event.type === 'RequestReceived' ? event.data.subject : requester(controller.number, id)
    person = subject && names.person(controller, subject)
  }
  const { position } = event
  const at = Date.parse(event.occurredAt)
  return { event, position, at, stream: { kind, id }, controller, person, clockMoved, names }
}

function kindOf(stream: LogRecord['stream']): StreamKind {
  return streamParts(stream).kind
}

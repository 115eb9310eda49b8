import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { ControllerId, Lot, SubjectId } from '../domain/values.ts'
import {
  peopleOf,
  personNumber,
  type ControllerFacts,
  type FacetFacts,
  type LotFacts,
  type OperationFacts,
  type PersonFacts,
} from './facts.ts'
import { packSubjectId } from './packing.ts'
import type { Table } from './table.ts'
import { createWords, type Words } from './words.ts'

/**
 * The small tables that give numbers to names, and what is known of controllers and people. Numbers are
 * given in the order in which the log first uses a name, so that every fold of one log gives the same.
 */
export const nameTables: readonly Table[] = [
  {
    name: 'controller',
    columns: {
      number: 'count',
      name: 'text',
      subjects: 'count',
      events: 'count',
      last_end: 'position',
      recorded_second: 'count',
    },
    key: ['number'],
    unique: ['name'],
  },
  { name: 'term', columns: { number: 'count', text: 'text' }, key: ['number'], unique: ['text'] },
  {
    name: 'subject',
    columns: {
      number: 'subject',
      pseudonym: 'pseudonym',
      kinds: 'value',
      accounts: { holds: 'text', optional: true },
      last_activity_on: { holds: 'day', optional: true },
    },
    key: ['number'],
  },
  {
    name: 'lot',
    columns: { number: 'count', subject: 'subject', name: 'term' },
    key: ['number'],
    unique: ['subject', 'name'],
  },
  {
    name: 'facet',
    columns: { number: 'count', controller: 'controller', body: 'text', events: 'count' },
    key: ['number'],
    unique: ['controller', 'body'],
  },
]

/** Beside each pseudonym stands the number, which begins with the controller's: one look-up finds both. */
export const nameIndexes = ['CREATE INDEX subject_pseudonym ON subject (pseudonym)']

/**
 * Numbers for names on the writing side, and what is known of whom they name, remembered. Good for as long
 * as nobody else writes the tables; `forget` when somebody did or a transaction was rolled back.
 */
export type Names = Words &
  Readonly<{
    controller: (name: ControllerId) => ControllerFacts
    person: (controller: ControllerFacts, subject: SubjectId) => PersonFacts
    lot: (person: PersonFacts, name: Lot) => LotFacts
    /** The facet of one more event. */
    count: (controller: ControllerFacts, body: string) => number
    /** What is known of these changed, and is to be written with the batch. */
    controllerChanged: (controller: ControllerFacts) => void
    personChanged: (person: PersonFacts) => void
    /** The latest operation of all; null for none, undefined while that is not known. */
    latest: { operation: OperationFacts | null | undefined }
    /** Writes what was learnt of controllers, people and facets. Before the batch commits. */
    flush: () => void
    forget: () => void
  }>

/** How many people and lots are remembered before all are let go of. */
const mostRemembered = 100_000

type Statements = Record<keyof typeof nameStatements, StatementSync>

/** Each statement, so that a test can ask how SQLite goes about it. */
export const nameStatements = {
  controller: `SELECT number, subjects, events, last_end, recorded_second
    FROM controller WHERE name = ?`,
  controllers: 'SELECT coalesce(max(number), -1) + 1 FROM controller',
  promotional: 'SELECT purpose FROM promotional_purpose WHERE controller = ?',
  newController: 'INSERT INTO controller VALUES (?, ?, 0, 0, 0, 0)',
  keepController: `UPDATE controller SET subjects = ?, events = ?, last_end = ?, recorded_second = ?
    WHERE number = ?`,
  person: `SELECT number, kinds, accounts, last_activity_on FROM subject
    WHERE pseudonym = ? AND number BETWEEN ? AND ?`,
  newPerson: 'INSERT INTO subject VALUES (?, ?, ?, NULL, NULL)',
  keepPerson: 'UPDATE subject SET kinds = ?, accounts = ?, last_activity_on = ? WHERE number = ?',
  lot: 'SELECT number FROM lot WHERE subject = ? AND name = ?',
  newLot: 'INSERT INTO lot (subject, name) VALUES (?, ?)',
  facet: 'SELECT number, events FROM facet WHERE controller = ? AND body = ?',
  newFacet: 'INSERT INTO facet (controller, body, events) VALUES (?, ?, 0)',
  keepFacet: 'UPDATE facet SET events = ? WHERE number = ?',
}

/** @param database the writing connection; its tables exist */
export function createNames(database: DatabaseSync): Names {
  const statements = Object.fromEntries(
    Object.entries(nameStatements).map(([name, text]) => [name, database.prepare(text)]),
  ) as Statements
  const words = createWords(database)
  const controllers = new Map<ControllerId, ControllerFacts>()
  const changed = {
    controllers: new Set<ControllerFacts>(),
    people: new Set<PersonFacts>(),
    facets: new Set<FacetFacts>(),
  }
  const latest: Names['latest'] = { operation: undefined }
  let remembered = 0

  function remember(): void {
    remembered += 1
    if (remembered < mostRemembered) return
    keepPeople(statements, changed.people)
    for (const { people } of controllers.values()) people.clear()
    remembered = 0
  }

  return {
    ...words,
    latest,
    controller(name) {
      const known = controllers.get(name)
      if (known) return known
      const controller = readController(statements, name)
      controllers.set(name, controller)
      return controller
    },
    person(controller, subject) {
      const known = controller.people.get(subject)
      if (known) return known
      remember()
      const person = readPerson(statements, words, controller, subject)
      controller.people.set(subject, person)
      return person
    },
    lot(person, name) {
      const known = person.lots.get(name)
      if (known) return known
      remember()
      const lot = readLot(statements, person, words.term(name))
      person.lots.set(name, lot)
      return lot
    },
    count(controller, body) {
      const facet = controller.facets.get(body) ?? readFacet(statements, controller, body)
      controller.facets.set(body, facet)
      facet.events += 1
      changed.facets.add(facet)
      return facet.number
    },
    controllerChanged: (controller) => changed.controllers.add(controller),
    personChanged: (person) => changed.people.add(person),
    flush() {
      keepPeople(statements, changed.people)
      keepControllers(statements, changed.controllers)
      keepFacets(statements, changed.facets)
      boundFacets(controllers)
    },
    forget() {
      words.forget()
      controllers.clear()
      for (const set of Object.values(changed)) set.clear()
      latest.operation = undefined
      remembered = 0
    },
  }
}

function boundFacets(controllers: ReadonlyMap<ControllerId, ControllerFacts>): void {
  for (const { facets } of controllers.values()) {
    if (facets.size > mostRemembered) facets.clear()
  }
}

function keepPeople({ keepPerson }: Statements, people: Set<PersonFacts>): void {
  for (const { number, kindsTerm, accounts, lastActivityOn } of people) {
    const opened = accounts.length === 0 ? null : JSON.stringify(accounts)
    keepPerson.run(kindsTerm, opened, lastActivityOn, number)
  }
  people.clear()
}

function keepControllers({ keepController }: Statements, all: Set<ControllerFacts>): void {
  for (const { number, subjects, events, lastEnd, recordedSecond } of all) {
    keepController.run(subjects, events, lastEnd, recordedSecond, number)
  }
  all.clear()
}

function keepFacets({ keepFacet }: Statements, facets: Set<FacetFacts>): void {
  for (const { number, events } of facets) keepFacet.run(events, number)
  facets.clear()
}

function readController(statements: Statements, name: ControllerId): ControllerFacts {
  const found = statements.controller.get(name)
  const number = Number(found?.['number'] ?? Object.values(statements.controllers.get() ?? {})[0])
  if (!found) statements.newController.run(number, name)
  const promotional = statements.promotional.all(number).map(({ purpose }) => Number(purpose))
  return {
    number,
    name,
    subjects: Number(found?.['subjects'] ?? 0),
    events: Number(found?.['events'] ?? 0),
    lastEnd: Number(found?.['last_end'] ?? 0),
    recordedSecond: Number(found?.['recorded_second'] ?? 0),
    promotional: new Set(promotional),
    people: new Map(),
    facets: new Map(),
  }
}

function readPerson(
  statements: Statements,
  words: Words,
  controller: ControllerFacts,
  subject: SubjectId,
): PersonFacts {
  const pseudonym = packSubjectId(subject)
  const found = statements.person.get(pseudonym, ...peopleOf(controller.number))
  if (found) {
    const { number, kinds, accounts, last_activity_on: lastActivityOn } = found
    return {
      number: Number(number),
      kinds: words.read(Number(kinds)) as string[],
      kindsTerm: Number(kinds),
      accounts: accounts === null ? [] : (JSON.parse(String(accounts)) as PersonFacts['accounts']),
      lastActivityOn: lastActivityOn === null ? null : Number(lastActivityOn),
      whole: false,
      lots: new Map(),
      moving: null,
      erasing: undefined,
    }
  }
  const number = personNumber(controller.number, controller.subjects)
  controller.subjects += 1
  const kindsTerm = words.value([])
  statements.newPerson.run(number, pseudonym, kindsTerm)
  return {
    number,
    kinds: [],
    kindsTerm,
    accounts: [],
    lastActivityOn: null,
    whole: true,
    lots: new Map(),
    moving: [],
    erasing: false,
  }
}

function readLot(statements: Statements, person: PersonFacts, name: number): LotFacts {
  const { number: owner, whole } = person
  const found = whole ? undefined : statements.lot.get(owner, name)
  const number = found ? Number(found['number']) : inserted(statements.newLot.run(owner, name))
  return { number, row: whole ? null : undefined, held: new Set(), heldIsAll: whole }
}

function readFacet(statements: Statements, { number }: ControllerFacts, body: string): FacetFacts {
  const found = statements.facet.get(number, body)
  if (found) return { number: Number(found['number']), events: Number(found['events']) }
  return { number: inserted(statements.newFacet.run(number, body)), events: 0 }
}

function inserted({ lastInsertRowid }: { lastInsertRowid: number | bigint }): number {
  return Number(lastInsertRowid)
}

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { ControllerId, Lot, SubjectId } from '../domain/values.ts'
import { peopleOf, personNumber, type ControllerFacts, type PersonFacts } from './facts.ts'
import { packSubjectId } from './packing.ts'
import type { Table } from './table.ts'

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

/** The words that are the same in every act of one manner, and how many events have been of it. */
export type Facet = { readonly number: number; events: number }

const mostTerms = 200_000
const mostPeople = 50_000
const mostLots = 200_000
const mostFacets = 50_000

/**
 * Numbers for names on the writing side, remembered. Good for as long as nobody else writes the tables;
 * `forget` when somebody did or a transaction was rolled back.
 */
export type Names = Readonly<{
  controller: (name: ControllerId) => ControllerFacts
  person: (controller: ControllerFacts, subject: SubjectId) => PersonFacts
  term: (text: string) => number
  /** A list or tuple as one term. */
  value: (value: unknown) => number
  /** What a term of `value` stands for. The caller's to look at, not to change. */
  read: (term: number) => unknown
  lot: (person: PersonFacts, name: Lot) => number
  /** The facet of one more event. */
  count: (controller: ControllerFacts, body: string) => number
  /** What is known of these changed, and is to be written with the batch. */
  controllerChanged: (controller: ControllerFacts) => void
  personChanged: (person: PersonFacts) => void
  /** Writes what was learnt of controllers, people and facets. Before the batch commits. */
  flush: () => void
  forget: () => void
}>

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
  term: 'SELECT number FROM term WHERE text = ?',
  newTerm: 'INSERT INTO term (text) VALUES (?)',
  text: 'SELECT text FROM term WHERE number = ?',
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
  const controllers = new Map<ControllerId, ControllerFacts>()
  const people = new Map<string, PersonFacts>()
  const terms = new Map<string, number>()
  const values = new Map<number, unknown>()
  const lots = new Map<string, number>()
  const facets = new Map<string, Facet>()
  const changed = {
    controllers: new Set<ControllerFacts>(),
    people: new Set<PersonFacts>(),
    facets: new Set<Facet>(),
  }

  const names: Names = {
    controller(name) {
      const known = controllers.get(name)
      if (known) return known
      const controller = readController(statements, name)
      controllers.set(name, controller)
      return controller
    },
    person(controller, subject) {
      const key = `${controller.number}/${subject}`
      const known = people.get(key)
      if (known) return known
      if (people.size >= mostPeople) {
        keepPeople()
        people.clear()
      }
      const person = readPerson(statements, names, controller, subject)
      people.set(key, person)
      return person
    },
    term(text) {
      const known = terms.get(text)
      if (known !== undefined) return known
      if (terms.size >= mostTerms) terms.clear()
      const found = statements.term.get(text)
      const number = found ? Number(found['number']) : inserted(statements.newTerm.run(text))
      terms.set(text, number)
      return number
    },
    value: (value) => names.term(JSON.stringify(value)),
    read(term) {
      const known = values.get(term)
      if (known !== undefined) return known
      if (values.size >= mostTerms) values.clear()
      const value: unknown = JSON.parse(String(statements.text.get(term)?.['text']))
      values.set(term, value)
      return value
    },
    lot(person, name) {
      const term = names.term(name)
      const key = `${person.number}/${term}`
      const known = lots.get(key)
      if (known !== undefined) return known
      if (lots.size >= mostLots) lots.clear()
      const found = statements.lot.get(person.number, term)
      const number = found
        ? Number(found['number'])
        : inserted(statements.newLot.run(person.number, term))
      lots.set(key, number)
      return number
    },
    count(controller, body) {
      const key = `${controller.number}/${body}`
      const facet = facets.get(key) ?? readFacet(statements, controller, body)
      facets.set(key, facet)
      facet.events += 1
      changed.facets.add(facet)
      return facet.number
    },
    controllerChanged: (controller) => changed.controllers.add(controller),
    personChanged: (person) => changed.people.add(person),
    flush() {
      keepPeople()
      for (const controller of changed.controllers) {
        const { number, subjects, events, lastEnd, recordedSecond } = controller
        statements.keepController.run(subjects, events, lastEnd, recordedSecond, number)
      }
      for (const { number, events } of changed.facets) statements.keepFacet.run(events, number)
      changed.controllers.clear()
      changed.facets.clear()
      if (facets.size > mostFacets) facets.clear()
    },
    forget() {
      for (const map of [controllers, people, terms, values, lots, facets]) map.clear()
      for (const set of Object.values(changed)) set.clear()
    },
  }

  function keepPeople(): void {
    for (const { number, kindsTerm, accounts, lastActivityOn } of changed.people) {
      const opened = accounts.length === 0 ? null : JSON.stringify(accounts)
      statements.keepPerson.run(kindsTerm, opened, lastActivityOn, number)
    }
    changed.people.clear()
  }

  return names
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
  }
}

function readPerson(
  statements: Statements,
  names: Names,
  controller: ControllerFacts,
  subject: SubjectId,
): PersonFacts {
  const pseudonym = packSubjectId(subject)
  const found = statements.person.get(pseudonym, ...peopleOf(controller.number))
  if (found) {
    const { number, kinds, accounts, last_activity_on: lastActivityOn } = found
    return {
      number: Number(number),
      kinds: names.read(Number(kinds)) as string[],
      kindsTerm: Number(kinds),
      accounts: accounts === null ? [] : JSON.parse(String(accounts)),
      lastActivityOn: lastActivityOn === null ? null : Number(lastActivityOn),
    }
  }
  const number = personNumber(controller.number, controller.subjects)
  controller.subjects += 1
  const kindsTerm = names.value([])
  statements.newPerson.run(number, pseudonym, kindsTerm)
  return { number, kinds: [], kindsTerm, accounts: [], lastActivityOn: null }
}

function readFacet(statements: Statements, { number }: ControllerFacts, body: string): Facet {
  const found = statements.facet.get(number, body)
  if (found) return { number: Number(found['number']), events: Number(found['events']) }
  return { number: inserted(statements.newFacet.run(number, body)), events: 0 }
}

function inserted({ lastInsertRowid }: { lastInsertRowid: number | bigint }): number {
  return Number(lastInsertRowid)
}

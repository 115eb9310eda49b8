import type { Reference, SubjectId } from '../domain/values.ts'
import type { Reader } from './reader.ts'
import { defineProjection, unchanged } from './projection.ts'
import { insertInto, type Table } from './table.ts'

/** The first time each person was told of a transfer, a request or a policy (S9, S23, S43). */
const table: Table = {
  name: 'notice',
  columns: { subject: 'subject', about: 'term', reference: 'term', told: 'position' },
  key: ['subject', 'about', 'reference'],
}

export const notices = defineProjection<'SubjectNotified', 'tell', never>({
  name: 'notices',
  tables: [table],
  indexes: [],
  follows: ['SubjectNotified'],
  writes: { tell: insertInto(table, 'OR IGNORE') },
  lookups: {},
  changes({ event, person, position, names }) {
    if (!person) return unchanged
    const { about, reference } = event.data
    return [['tell', [person.number, names.term(about), names.term(reference), position]]]
  },
})

export const noticeReads = {
  told: 'SELECT told FROM notice WHERE subject = ? AND about = ? AND reference = ?',
} as const

/** The position at which a person was first told of it; null where that has not happened. */
export function toldAt(
  reader: Reader,
  controller: number,
  subject: SubjectId,
  about: string,
  reference: Reference,
): number | null {
  const words = [reader.term(about), reader.term(reference)]
  const person = reader.person(controller, subject)
  if (person === null || words.includes(null)) return null
  const found = reader.first(noticeReads.told, person, ...words)
  return found ? Number(found[0]) : null
}

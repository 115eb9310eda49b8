import type { Instant, SubjectId } from '../domain/values.ts'
import { peopleOf } from './facts.ts'
import { packInstant } from './packing.ts'
import type { Reader } from './reader.ts'

/** Behind every moment that an instant can name. */
const END_OF_TIME = Number.MAX_SAFE_INTEGER

/** The moment in milliseconds; without one, the end of what is known. */
export function momentOf(moment: Instant | undefined): number {
  return moment === undefined ? END_OF_TIME : packInstant(moment)
}

/**
 * The numbers of the people that a question is about: one, or all of the controller's. Null where the
 * controller has no such person.
 */
export function peopleAsked(
  reader: Reader,
  controller: number,
  subject: SubjectId | undefined,
): [first: number, last: number] | null {
  if (subject === undefined) return peopleOf(controller)
  const person = reader.person(controller, subject)
  return person === null ? null : [person, person]
}

/** True where an interval row of the controller (?2) ended behind the position (?1). Asked once. */
export const somethingEndedBehind = '(SELECT last_end FROM controller WHERE number = ?2) > ?1'

import type { SubjectReference } from '../application/lines.ts'
import type { Caller, Services } from '../application/services.ts'
import { dayOf } from '../domain/policy/calendar.ts'
import { assertNever, type Day, type Instant, type Reference } from '../domain/values.ts'
import type { Question } from './question.ts'

/** A question as people ask it: by identifiers, and without what goes without saying. */
export type Asked =
  | Readonly<{
      kind: 'subject'
      subject: SubjectReference
      /** Null: today. */
      day: Day | null
      sense: 'recorded' | 'occurred'
    }>
  | Readonly<{ kind: 'transfer'; transfer: Reference; asOf: Day | null }>
  | Readonly<{ kind: 'period'; from: Day; until: Day }>
  | Readonly<{ kind: 'audit'; report: 'promotional' | 'disclosures' }>
  | Readonly<{ kind: 'audit'; report: 'refusals'; from: Day | null; until: Day | null }>

/** What a question is looked up in. */
export type Desk = Readonly<{
  services: Pick<Services, 'subjects' | 'policies'>
  now: () => Instant
}>

/** The whole question. Null: no such person is in the controller's custody. */
export async function wholeQuestion(
  { services, now }: Desk,
  caller: Caller,
  asked: Asked,
): Promise<Question | null> {
  const zone = await services.policies.timeZone(caller)
  switch (asked.kind) {
    case 'subject': {
      const subject = await services.subjects.find(caller, asked.subject)
      if (!subject) return null
      const { day, sense } = asked
      return { kind: 'subject', subject, day: day ?? dayOf(now(), zone), zone, sense }
    }
    case 'transfer': {
      const { transfer, asOf } = asked
      return { kind: 'transfer', transfer, asOf: asOf ?? dayOf(now(), zone) }
    }
    case 'period':
      return { ...asked, zone }
    case 'audit':
      return { from: null, until: null, ...asked, zone }
    default:
      return assertNever(asked)
  }
}

import { z } from 'zod'
import { Day, Reference, SubjectId, TimeZone } from '../domain/values.ts'
import type { Bundle } from '../proof/bundle.ts'

const Person = z.strictObject({
  kind: z.literal('subject'),
  subject: SubjectId,
  day: Day,
  zone: TimeZone,
  sense: z.enum(['recorded', 'occurred']),
})
const Transfer = z.strictObject({
  kind: z.literal('transfer'),
  transfer: Reference,
  asOf: Day,
})
const Period = z.strictObject({
  kind: z.literal('period'),
  from: Day,
  until: Day,
  zone: TimeZone,
})
const Audit = z.strictObject({
  kind: z.literal('audit'),
  report: z.enum(['refusals', 'promotional', 'disclosures']),
  from: Day.nullable(),
  until: Day.nullable(),
  zone: TimeZone,
})

/**
 * What a bundle answers, whole: with the time zone in which days are counted, so that a stranger can derive
 * the report again. `subject`: all about one person; `transfer`: what would pass; `period`: everything that
 * was recorded on these days, both inclusive; `audit`: a report over the whole history, `refusals` of what
 * happened on the days from `from` to `until`.
 */
export const Question = z.discriminatedUnion('kind', [Person, Transfer, Period, Audit])
export type Question = z.infer<typeof Question>

/** A question as a bundle spells it: its parameters by name. */
export function spellQuestion({ kind, ...parameters }: Question): Bundle['question'] {
  const sorted = Object.entries(parameters).sort(([one], [other]) => (one < other ? -1 : 1))
  return { kind, parameters: Object.fromEntries(sorted) }
}

/**
 * Reads a question back.
 *
 * @returns null for what is none of ours
 */
export function readQuestion({ kind, parameters }: Bundle['question']): Question | null {
  const parsed = Question.safeParse({ ...parameters, kind })
  if (!parsed.success || 'kind' in parameters) return null
  const { data: question } = parsed
  if (question.kind === 'audit' && question.report !== 'refusals') {
    return question.from === null && question.until === null ? question : null
  }
  return question
}

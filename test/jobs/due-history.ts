import { expect } from 'vitest'
import type { LineInput } from '../../src/application/lines.ts'
import { Reference } from '../../src/domain/values.ts'
import type { RetentionJob } from '../../src/jobs/retention.ts'
import { everyRow } from '../../src/reports/pages.ts'
import type { Stack } from '../support/stack.ts'
import { asOf, runJob } from './run-job.ts'

export const matter = Reference.parse('matter-7')

const at = (day: number) => new Date(Date.UTC(2014, 6, 1 + (day % 300), 16)).toJSON()

function leftDetails(address: string, kind: 'prospect' | 'applicant', day: number): LineInput {
  return {
    type: 'collect',
    mode: 'observe',
    source: 'crm',
    subject: { identifiers: [{ scheme: 'email', value: address }] },
    occurredAt: at(day),
    property: 'www.symphonycommerce.com',
    channel: 'web-form',
    kind,
    purposes: ['contact-prospect'],
    selfIdentified: true,
    values: { 'user.contact.email': { address } },
  }
}

/** Asked something on several days: each day's question is a lot of its own. */
function asked(address: string, day: number): LineInput {
  return {
    type: 'collect',
    mode: 'observe',
    source: 'help-desk',
    subject: { identifiers: [{ scheme: 'email', value: address }] },
    occurredAt: at(day),
    property: 'www.symphonycommerce.com',
    channel: 'live-chat',
    kind: 'chat-visitor',
    purposes: ['chat-reply'],
    values: { 'user.contact.email': { address } },
  }
}

/** How many people of each sort are due: prospects with one lot, visitors with three, applicants with one. */
export type Due = Readonly<{ prospects: number; visitors: number; applicants: number }>

/** Puts people with something due into the ledger, and the applicants under a hold. */
export async function fillWithDue({ custody, caller, say }: Stack, due: Due): Promise<void> {
  const many = (count: number, lines: (number: number) => readonly LineInput[]) =>
    Array.from({ length: count }, (_, number) => lines(number)).flat()
  const outcomes = await say(
    ...many(due.prospects, (n) => [leftDetails(`prospect-${n}@example.org`, 'prospect', n)]),
    ...many(due.visitors, (n) =>
      [n, n + 1, n + 2].map((day) => asked(`visitor-${n}@example.org`, day)),
    ),
    ...many(due.applicants, (n) => [leftDetails(`applicant-${n}@example.org`, 'applicant', n)]),
  )
  for (const outcome of outcomes) expect(outcome).toMatchObject({ outcome: 'recorded' })
  await custody.services.holds.place(caller, {
    matter,
    title: 'Applicants against the company',
    ground: 'legal-claim',
    scope: { kinds: ['applicant' as never] },
    document: 'notice 7',
  })
  await custody.caughtUp()
}

/** Runs the job on the stack's real services. */
export function run({ custody, caller }: Stack, over: Partial<RetentionJob> = {}) {
  return runJob(custody, caller, over)
}

/** Everything of one type in the audit trail. */
export function trail({ custody, caller }: Stack, type: string) {
  const { views } = custody
  const position = views.position()
  return [...everyRow((paging) => views.audit(caller.controller, position, { type }, paging))]
}

/** The lots that are due and not yet gone. */
export function stillDue({ custody, caller }: Stack) {
  const { views } = custody
  const position = views.position()
  return [
    ...everyRow((paging) => views.retention(caller.controller, position, { dueBy: asOf }, paging)),
  ]
}

import type { Downstream, Topic } from '../../src/domain/endpoint/events.ts'
import { EndpointUrl } from '../../src/domain/endpoint/events.ts'
import { RecipientId, Reference, type Instant, type SubjectId } from '../../src/domain/values.ts'
import { runNotifying, type NotifyingJob } from '../../src/jobs/notifying.ts'
import type { Custody } from '../../src/main.ts'
import type { Caller } from '../../src/application/services.ts'
import type { Stack } from '../support/stack.ts'

export const mailer = { kind: 'recipient', id: 'mailworks' } as Downstream
export const crm = { kind: 'source', id: 'crm' } as Downstream
export const topics: readonly Topic[] = ['person.erased', 'consent.withdrawn', 'objection.made']

/** Registers the endpoint, and the recipient where it is one; answers the secret. */
export async function register(stack: Stack, to: Downstream, url: string): Promise<string> {
  const { custody, caller } = stack
  const { recipients, endpoints } = custody.services
  if (to.kind === 'recipient') {
    const recipient = RecipientId.parse(to.id)
    const particulars = { name: 'Mailworks Ltd', recipientClass: 'email-processor', country: 'IE' }
    await recipients.register(caller, { recipient, ...particulars })
  }
  const step = { downstream: to, url: EndpointUrl.parse(url), topics }
  const outcome = await endpoints.register(caller, step)
  if (outcome.outcome !== 'recorded') throw new Error(JSON.stringify(outcome))
  return String(outcome.secret)
}

/** A person whose address the CRM collected and Mailworks was given. */
export async function someone(stack: Stack, name: string): Promise<SubjectId> {
  const about = {
    mode: 'observe' as const,
    source: 'crm',
    subject: { identifiers: [{ scheme: 'email' as const, value: `${name}@example.org` }] },
    property: 'www.symphonycommerce.com',
    occurredAt: '2014-07-02T09:00:00.000Z',
  }
  const outcomes = await stack.say(
    {
      ...about,
      type: 'collect',
      ...{ channel: 'web-form', kind: 'prospect', selfIdentified: true },
      purposes: ['contact-prospect', 'promotional-mail'],
      values: { 'user.contact.email': { address: `${name}@example.org` } },
    },
    {
      ...about,
      type: 'share',
      ...{ categories: ['user.contact.email'], purpose: 'promotional-mail' },
      ...{ recipient: 'mailworks', document: 'Batch 7' },
    },
  )
  for (const outcome of outcomes) {
    if (outcome.outcome !== 'recorded') throw new Error(JSON.stringify(outcome))
  }
  return (outcomes[0] as { subject: SubjectId }).subject
}

/** Erases the person, all of it. */
export async function erase({ custody, caller }: Stack, subject: SubjectId): Promise<void> {
  const { outcome } = await custody.services.deletions.request(caller, {
    subject,
    deletion: Reference.parse(`erase-${subject.slice(0, 8)}`),
    cause: 'request',
    scope: { everything: true },
    request: null,
    at: null,
  })
  if (outcome !== 'deleted') throw new Error(outcome)
  await custody.caughtUp()
}

/** Runs the job on the real services, as `custody serve` does. */
export function notify(custody: Custody, caller: Caller, over: Partial<NotifyingJob> = {}) {
  const { services, views, deliver, now } = custody
  return runNotifying({ services, views, caller, deliver, now, random: () => 0, ...over })
}

/** A clock that a test moves, from the present. */
export function movingClock() {
  let milliseconds = Date.now()
  return {
    now: () => new Date(milliseconds).toJSON() as Instant,
    forward: (seconds: number) => void (milliseconds += seconds * 1_000),
  }
}

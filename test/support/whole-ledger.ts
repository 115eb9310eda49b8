import { afterAll, beforeAll, expect } from 'vitest'
import type { LineInput } from '../../src/application/lines.ts'
import type { LineOutcome } from '../../src/application/services.ts'
import { RecipientId, Reference, SubjectId, type Day } from '../../src/domain/values.ts'
import type { AuditRow } from '../../src/projections/views.ts'
import { openStack, type Stack } from './stack.ts'

type Loose = Record<string, unknown>

/** What a line came to, and the rows of the audit trail that it led to. */
export type Told = Readonly<{
  outcome: string
  code: string | null
  obligation: string | null
  flagged: readonly string[]
  subject: SubjectId | null
  event: string
  trail: readonly AuditRow[]
}>

/** What an account holder gives at registration. */
export const registration = {
  type: 'collect',
  channel: 'web-form',
  kind: 'account-holder',
  purposes: [
    'account-management',
    'account-contact',
    'service-announcements',
    'promotional-mail',
    'product-updates',
  ],
  values: {
    'user.name': { full: 'Ann Example' },
    'user.contact.email': { address: 'ann@example.org' },
  },
}

/** What a prospect gives. */
export const prospectDetails = {
  type: 'collect',
  channel: 'web-form',
  kind: 'prospect',
  purposes: ['contact-prospect'],
  selfIdentified: true,
  values: {
    'user.name': { full: 'Ann Example' },
    'user.company': { name: 'Example Ltd' },
    'user.contact.email': { address: 'ann@example.org' },
  },
}

/** A use of the email address. */
export const mail = (purpose: string, more: Loose = {}) => ({
  type: 'use',
  purpose,
  categories: ['user.contact.email'],
  ...more,
})

let people = 0

/** One person of whom the whole ledger is told. */
export class Someone {
  readonly stack: Stack
  readonly identifiers: { scheme: 'email'; value: string }[]

  constructor(stack: Stack) {
    this.stack = stack
    people += 1
    this.identifiers = [{ scheme: 'email', value: `person-${people}@example.org` }]
  }

  /** Asks whether it may be: enforced, and so as of now. */
  asks(line: Loose): Promise<Told> {
    return tell(this.stack, { ...this.about(line), mode: 'enforce' })
  }

  /** A source system reports that it happened. */
  reports(occurredAt: string, line: Loose): Promise<Told> {
    return tell(this.stack, { ...this.about(line), mode: 'observe', occurredAt })
  }

  async subject(): Promise<SubjectId> {
    const { custody, caller } = this.stack
    const found = await custody.services.subjects.find(caller, { identifiers: this.identifiers })
    return SubjectId.parse(found)
  }

  /** The categories that are held on the person now, as the inventory has them. */
  async held(): Promise<string[]> {
    const { custody, caller } = this.stack
    await custody.caughtUp()
    const position = custody.views.position()
    const filter = { subject: await this.subject() }
    const page = custody.views.inventory(caller.controller, { position }, filter, first)
    return [...new Set(page.rows.map(({ category }) => category as string))].sort()
  }

  /** All values that can still be opened, by category. */
  async opened(): Promise<Record<string, unknown>> {
    const { custody, caller } = this.stack
    const step = { request: null, reason: 'inspection' } as const
    const subject = { subject: await this.subject() }
    const found = await custody.services.subjects.export(caller, { subject, ...step })
    return Object.fromEntries(found!.items.map(({ category, values }) => [category, values]))
  }

  private about(line: Loose): Loose {
    return { subject: { identifiers: this.identifiers }, ...line }
  }
}

export const first = { limit: 1000, cursor: null }

/** Records a line; acts are on the example's site unless they say otherwise. */
export async function tell(stack: Stack, line: Loose): Promise<Told> {
  const acts = ['collect', 'use', 'share', 'log', 'use-aggregate', 'share-aggregate']
  const site = acts.includes(String(line['type'])) ? { property: 'www.symphonycommerce.com' } : {}
  const [outcome] = await stack.say({ source: 'shop', ...site, ...line } as unknown as LineInput)
  return toldOf(stack, outcome!)
}

async function toldOf(stack: Stack, outcome: LineOutcome): Promise<Told> {
  if (outcome.outcome !== 'recorded' && outcome.outcome !== 'refused') {
    throw new Error(JSON.stringify(outcome))
  }
  const refusal = outcome.outcome === 'refused' ? outcome.refusals[0]! : null
  const ids = new Set<string>(outcome.events.map(({ id }) => id))
  const trail = await auditTrail(stack)
  return {
    outcome: outcome.outcome,
    code: refusal?.code ?? null,
    obligation: refusal?.obligation ?? null,
    flagged: outcome.flagged.map(({ code, obligation }) => `${code} ${obligation}`),
    subject: outcome.subject,
    event: String(outcome.events[0]?.id),
    trail: trail.filter(({ event }) => ids.has(event)),
  }
}

/** The audit trail of the controller. */
export async function auditTrail({ custody, caller }: Stack): Promise<readonly AuditRow[]> {
  await custody.caughtUp()
  return custody.views.audit(caller.controller, custody.views.position(), {}, first).rows
}

/** It may be, and the trail says on what it stands. */
export function expectPermitted(told: Told, type: string, ...obligations: string[]): void {
  expect(told).toMatchObject({ outcome: 'recorded', flagged: [] })
  expect(told.trail[0]).toMatchObject({
    ...{ type, outcome: 'permitted', code: null },
    ...{ policyVersion: '2014-06-30', principal: 'token:test' },
  })
  expect(told.trail[0]!.obligations).toEqual(expect.arrayContaining(obligations))
  // A use stands on its purpose; collecting and sharing stand on a rule too.
  if (!type.endsWith('Used')) expect(told.trail[0]!.rules).not.toEqual([])
}

/** It may not be; nothing but the attempt is recorded, with the promise that it would have broken. */
export function expectRefused(told: Told, code: string, obligation: string): void {
  expect(told).toMatchObject({ outcome: 'refused', code, obligation })
  expect(told.trail).toHaveLength(1)
  expect(told.trail[0]!.type).toMatch(/Refused$/)
  expect(told.trail[0]).toMatchObject({ outcome: 'refused', code })
  expect(told.trail[0]!.obligations).toContain(obligation)
}

/** It happened: it is recorded as what it was, and flagged as breaking the promise. */
export function expectFlagged(told: Told, type: string, code: string, obligation: string): void {
  expect(told.outcome).toBe('recorded')
  expect(told.flagged).toContain(`${code} ${obligation}`)
  expect(told.trail[0]).toMatchObject({ type, outcome: 'violated' })
  expect(told.trail[0]!.codes).toContain(code)
  expect(told.trail[0]!.obligations).toContain(obligation)
}

/** A recipient with a contract for these purposes; without any it has none. */
export async function registerRecipient(
  { custody, caller }: Stack,
  name: string,
  recipientClass: string,
  ...purposes: string[]
): Promise<void> {
  const { recipients } = custody.services
  const recipient = RecipientId.parse(name)
  await recipients.register(caller, { recipient, name, recipientClass, country: 'US' })
  if (purposes.length === 0) return
  await recipients.signContract(caller, {
    recipient,
    reference: Reference.parse(`contract-${name}`),
    from: '2014-07-01' as Day,
    until: null,
    purposes: purposes as never,
    categories: 'any',
  })
}

/** A whole ledger for the tests of a file, opened before them and removed after. */
export function wholeLedger(options: Parameters<typeof openStack>[0] = {}): {
  readonly stack: Stack
  someone(): Someone
} {
  let stack: Stack
  beforeAll(async () => {
    stack = await openStack(options)
  }, 120_000)
  afterAll(() => stack.dispose())
  return {
    get stack() {
      return stack
    },
    someone: () => new Someone(stack),
  }
}

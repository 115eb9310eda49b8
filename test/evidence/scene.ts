import { expect } from 'vitest'
import type { Asked } from '../../src/evidence/ask.ts'
import type { Evidence, NoEvidence, ToDisclose } from '../../src/evidence/make.ts'
import { derive } from '../../src/evidence/derive.ts'
import { verifyEvidence, type Derive } from '../../src/evidence/verify.ts'
import type { CategoryKey, Day, EventId } from '../../src/domain/values.ts'
import { Reference } from '../../src/domain/values.ts'
import type { Bundle } from '../../src/proof/bundle.ts'
import { parseVerifierKey } from '../../src/proof/note.ts'
import type { PinnedLog } from '../../src/proof/verify-bundle.ts'
import type { Stack } from '../support/stack.ts'
import {
  mail,
  prospectDetails,
  registerRecipient,
  registration,
  Someone,
  type Told,
} from '../support/whole-ledger.ts'

/** What a ledger was told for these tests. */
export type Scene = Readonly<{
  stack: Stack
  /** Ann's stream has every sort of act; Ben is a prospect. */
  ann: Someone
  ben: Someone
  collected: Told
  log: PinnedLog
  make(asked: Asked, disclose?: readonly ToDisclose[]): Promise<Evidence | NoEvidence>
  /** Makes a bundle; it must be possible. */
  cut(asked: Asked, disclose?: readonly ToDisclose[]): Promise<Evidence>
  askAnn(): Promise<Asked>
}>

export const transfer = Reference.parse('project-northwind')

/** Two people, a recipient, a request and a transfer that is scoped. */
export async function tellStory(stack: Stack): Promise<Scene> {
  const { custody, caller } = stack
  const { services } = custody
  await registerRecipient(stack, 'northwind', 'acquirer')
  const ann = new Someone(stack)
  const collected = await ann.asks(registration)
  await ann.asks(mail('promotional-mail', { optOutOffered: true }))
  await ann.asks({ type: 'object', purpose: 'promotional-mail', channel: 'email' })
  await ann.asks(mail('promotional-mail', { optOutOffered: true }))
  await ann.reports('2015-03-01T10:00:00.000Z', mail('promotional-mail', { optOutOffered: true }))
  const ben = new Someone(stack)
  await ben.asks(prospectDetails)
  await services.requests.receive(caller, {
    request: Reference.parse('request-1'),
    kind: 'access',
    subject: { identifiers: ann.identifiers },
    channel: 'email' as never,
    purpose: null,
  })
  const scope = { everything: true } as const
  await services.transfers.propose(caller, {
    ...{ transfer, title: 'Sale of the platform', transaction: 'sale-of-assets', scope },
    acquirer: 'northwind' as never,
  })
  await services.transfers.scope(caller, { transfer, scope })
  await custody.caughtUp()
  const { origin, verifierKey } = await custody.notary.identity(caller.controller)
  const make: Scene['make'] = (asked, disclose = []) =>
    custody.evidence.make(caller, asked, disclose)
  return {
    ...{ stack, ann, ben, collected, make },
    log: { origin, keys: [parseVerifierKey(verifierKey)!] },
    async cut(asked, disclose) {
      const made = await make(asked, disclose)
      if (!made.ok) throw new Error(`${made.problem}: ${made.message}`)
      return made
    },
    askAnn: async () => ({
      kind: 'subject',
      subject: { subject: await ann.subject() },
      day: '2026-01-01' as Day,
      sense: 'occurred',
    }),
  }
}

export const askTransfer: Asked = { kind: 'transfer', transfer, asOf: '2026-01-01' as Day }
export const askRefusals: Asked = { kind: 'audit', report: 'refusals', from: null, until: null }

/** The box of a category that Ann's registration sealed. */
export function boxOf(scene: Scene, category: string): ToDisclose {
  return { event: scene.collected.event as EventId, category: category as CategoryKey }
}

/** The bundle, changed, spelt as a bundle is. */
export function changed(text: string, change: (bundle: Mutable<Bundle>) => void): string {
  const bundle = JSON.parse(text) as Mutable<Bundle>
  change(bundle)
  return `${JSON.stringify(bundle)}\n`
}

export type Mutable<T> = T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T

/** Derives as ever, and remembers what came of the same bundle without its report and page. */
export function createRemembering(): Derive {
  const known = new Map<string, ReturnType<Derive>>()
  return (bundle, size) => {
    const underived = { ...bundle, report: '', page: '' }
    const key = JSON.stringify([underived, size])
    const found = known.get(key) ?? derive(underived, size)
    known.set(key, found)
    return found
  }
}

/** Expects it to be refused, and answers why: the code and the place. */
export async function expectRefused(text: string | Uint8Array, log: PinnedLog, how?: Derive) {
  const checked = await verifyEvidence(text, log, how)
  expect(checked.ok, 'it must be refused').toBe(false)
  const problem = checked.ok ? null : checked.problem
  expect(problem?.where).toMatch(/^(?:\$|character )/)
  expect(problem?.message).not.toBe('')
  return problem!
}

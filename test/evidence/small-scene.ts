import { Day, Reference, type Instant } from '../../src/domain/values.ts'
import type { Evidence } from '../../src/evidence/make.ts'
import { parseVerifierKey } from '../../src/proof/note.ts'
import type { PinnedLog } from '../../src/proof/verify-bundle.ts'
import { smallDocument } from '../support/small-policy.ts'
import { openStack, type Stack } from '../support/stack.ts'

/** A ledger under the small policy, of which one person has ordered something. */
export async function openShop(): Promise<Stack> {
  const stack = await openStack({ policy: false, controller: 'shop' })
  const { caller, custody } = stack
  const { policies } = custody.services
  const published = '2014-06-01T16:00:00.000Z' as Instant
  await policies.publish(caller, JSON.stringify(smallDocument), published)
  const step = { policy: Reference.parse('small'), version: Day.parse('2014-06-30') }
  const notice = { channel: 'email' as never, on: Day.parse('2014-06-01'), evidence: null }
  await policies.giveNotice(caller, { ...step, ...notice })
  await policies.bringIntoEffect(caller, step)
  await order(stack, 'cy@shop.example')
  return stack
}

const shop = { source: 'shop', property: 'www.shop.example' } as const

/** Somebody gives name and email, and is told of offers so many times. */
export async function order(stack: Stack, address: string, offers = 1): Promise<void> {
  const subject = { identifiers: [{ scheme: 'email', value: address }] }
  const about = { ...shop, subject, mode: 'enforce' } as const
  const told = await stack.say(
    {
      ...{ type: 'collect', ...about, channel: 'form', kind: 'customer' },
      ...{ purposes: ['offers'], values: { name: { full: 'Cy Small' }, email: { address } } },
    } as never,
    ...Array.from(
      { length: offers },
      () => ({ type: 'use', ...about, purpose: 'offers', categories: ['email'] }) as never,
    ),
  )
  const wrong = told.find(({ outcome }) => outcome !== 'recorded')
  if (wrong) throw new Error(JSON.stringify(wrong))
}

/** Evidence about a person of the shop, with one value disclosed, and the log by which it is verified. */
export async function cutShop(
  { custody, caller }: Stack,
  address: string,
): Promise<Readonly<{ made: Evidence; log: PinnedLog }>> {
  const reference = { identifiers: [{ scheme: 'email', value: address } as const] }
  const subject = await custody.services.subjects.find(caller, reference)
  if (!subject) throw new Error('nobody')
  const day = Day.parse('2030-01-01')
  const asked = { kind: 'subject', subject: { subject }, day, sense: 'occurred' } as const
  await custody.caughtUp()
  const position = custody.views.position()
  const paging = { limit: 10, cursor: null }
  const { rows } = custody.views.inventory(caller.controller, { position }, { subject }, paging)
  const event = rows[0]!.collection
  const made = await custody.evidence.make(caller, asked, [{ event, category: 'name' as never }])
  if (!made.ok) throw new Error(made.message)
  const { origin, verifierKey } = await custody.notary.identity(caller.controller)
  return { made, log: { origin, keys: [parseVerifierKey(verifierKey)!] } }
}

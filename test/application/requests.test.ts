import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Reference } from '../../src/domain/values.ts'
import { openStack, type Stack } from '../support/stack.ts'
import { auditTrail, mail, registration, Someone } from '../support/whole-ledger.ts'

let stack: Stack
beforeAll(async () => {
  stack = await openStack()
}, 120_000)
afterAll(() => stack.dispose())

type Kind = 'access' | 'export' | 'correction' | 'erasure' | 'objection'
let count = 0

async function asked(person: Someone, kind: Kind, purpose: string | null = null, name?: string) {
  const request = Reference.parse(name ?? `request-${(count += 1)}`)
  const outcome = await stack.custody.services.requests.receive(stack.caller, {
    ...{ request, kind, channel: 'email' as never, purpose: purpose as never },
    subject: { identifiers: person.identifiers },
  })
  return { request, outcome }
}

async function verified(person: Someone, kind: Kind, purpose: string | null = null, name?: string) {
  const { request } = await asked(person, kind, purpose, name)
  const step = { request, method: 'reply', handler: 'support' }
  await stack.custody.services.requests.verify(stack.caller, step)
  return request
}

const fulfil = (request: Reference) =>
  stack.custody.services.requests.fulfil(stack.caller, {
    ...{ request, outcome: 'Done', handler: 'support' },
  })

async function known(): Promise<Someone> {
  const ann = new Someone(stack)
  await ann.asks(registration)
  return ann
}

async function row(request: Reference) {
  await stack.custody.caughtUp()
  return stack.custody.views.request(stack.caller.controller, request)
}

describe('a request of a person', () => {
  it('is received, verified and fulfilled, with the deadline that the policy promises', async () => {
    const request = await verified(await known(), 'access')
    const received = await row(request)
    expect(received).toMatchObject({ status: 'verified', kind: 'access', closedAt: null })
    const days = (Date.parse(received!.deadline) - Date.parse(received!.receivedAt)) / 86_400_000
    expect(Math.abs(days - 30)).toBeLessThan(1.5)
    const done = await fulfil(request)
    expect(done).toMatchObject({ outcome: 'recorded' })
    expect(done.export!.items.map(({ values }) => values)).toEqual(
      Object.values(registration.values),
    )
    expect(await row(request)).toMatchObject({ status: 'fulfilled' })
  })

  it('of somebody who is not in custody is refused', async () => {
    const { outcome } = await asked(new Someone(stack), 'access')
    expect(outcome).toMatchObject({ outcome: 'refused', refusals: [{ code: 'subject_unknown' }] })
  })

  it('is not fulfilled before it is verified, and nothing is done then', async () => {
    const ann = await known()
    const { request } = await asked(ann, 'erasure')
    const done = await fulfil(request)
    expect(done).toMatchObject({ outcome: 'refused', refusals: [{ code: 'not_verified' }] })
    expect(await ann.held()).toHaveLength(2)
  })

  it('is denied only with a reason, and then not fulfilled any more', async () => {
    const ann = await known()
    const request = await verified(ann, 'erasure')
    const denial = { request, handler: 'support', channel: 'email' as never }
    const { requests } = stack.custody.services
    const without = await requests.deny(stack.caller, { ...denial, reason: '' })
    expect(without).toMatchObject({ outcome: 'refused', refusals: [{ code: 'reason_missing' }] })
    const reason = 'The sender is not the holder of the account'
    expect(await requests.deny(stack.caller, { ...denial, reason })).toMatchObject({
      outcome: 'recorded',
    })
    expect(await row(request)).toMatchObject({ status: 'denied', reason })
    expect(await fulfil(request)).toMatchObject({ outcome: 'refused' })
    expect(await ann.held()).toHaveLength(2)
  })

  it('for an objection objects, and use is refused from then on', async () => {
    const ann = await known()
    expect(await fulfil(await verified(ann, 'objection', 'promotional-mail'))).toMatchObject({
      outcome: 'recorded',
    })
    const told = await ann.asks(mail('promotional-mail', { optOutOffered: true }))
    expect(told).toMatchObject({ outcome: 'refused', code: 'objection_stands' })
  })

  it('for an objection that the policy refuses is not fulfilled, and says why', async () => {
    const ann = await known()
    const request = await verified(ann, 'objection', 'service-announcements')
    const done = await fulfil(request)
    expect(done).toMatchObject({
      outcome: 'refused',
      refusals: [{ code: 'objection_not_possible', obligation: 'S27' }],
    })
    expect(await row(request)).toMatchObject({ status: 'verified' })
  })

  it('for erasure deletes what no law asks to keep, and the rest when its day has come', async () => {
    const ann = await known()
    await ann.asks({
      ...{ type: 'collect', channel: 'commerce-platform', kind: 'account-holder' },
      ...{ purposes: ['fulfil-order'], values: { 'user.purchase.history': { order: 'one mug' } } },
    })
    const subject = await ann.subject()
    expect(await fulfil(await verified(ann, 'erasure'))).toMatchObject({ outcome: 'recorded' })
    expect(await ann.opened()).toEqual({ 'user.purchase.history': { order: 'one mug' } })
    const { custody, caller } = stack
    const later = new Date()
    later.setFullYear(later.getFullYear() + 8)
    await custody.caughtUp()
    expect(await custody.services.deletions.resume(caller, null, 100)).toEqual([])
    const resumed = await custody.services.deletions.resume(caller, later.toJSON() as never, 100)
    expect(resumed).toMatchObject([{ subject, outcome: 'deleted' }])
    expect(await custody.vault.holds(caller.controller, subject)).toBe(false)
  })

  it('for erasure is done whatever its name is, also with the longest', async () => {
    const ann = await known()
    const name = `${'a'.repeat(55)}-${'b'.repeat(8)}`
    const subject = await ann.subject()
    const request = await verified(ann, 'erasure', null, name)
    expect(await fulfil(request)).toMatchObject({ outcome: 'recorded' })
    expect(await stack.custody.vault.holds(stack.caller.controller, subject)).toBe(false)
  })

  it('is fulfilled once, however often it is asked to be', async () => {
    const request = await verified(await known(), 'erasure')
    const done = [await fulfil(request), await fulfil(request)]
    expect(done[0]!.outcome).toBe('recorded')
    const trail = await auditTrail(stack)
    const own = trail.filter(({ stream }) => stream.endsWith(`/${request}`))
    expect(own.filter(({ type }) => type === 'RequestFulfilled')).toHaveLength(1)
  })
})

describe('an export', () => {
  it('holds what was collected and what was corrected, and the correction last', async () => {
    const ann = await known()
    const values = { 'user.contact.email': { address: 'ann.new@example.org' } }
    const told = await ann.asks({ type: 'correct', values })
    expect(told.outcome).toBe('recorded')
    const done = await fulfil(await verified(ann, 'export'))
    const items = done.export!.items.filter(({ category }) => category === 'user.contact.email')
    expect(items.map((item) => [item.values, item.corrected])).toEqual([
      [{ address: 'ann@example.org' }, false],
      [{ address: 'ann.new@example.org' }, true],
    ])
  })
})

import { describe, expect, it } from 'vitest'
import { Reference } from '../../src/domain/values.ts'
import {
  auditTrail,
  first,
  mail,
  registration,
  wholeLedger,
  type Someone,
} from '../support/whole-ledger.ts'

const ledger = wholeLedger()

async function asks(person: Someone, name: string, kind: 'export' | 'erasure') {
  const { custody, caller } = ledger.stack
  const { requests } = custody.services
  const request = Reference.parse(name)
  const subject = { identifiers: person.identifiers }
  await requests.receive(caller, {
    request,
    kind,
    subject,
    channel: 'email' as never,
    purpose: null,
  })
  await requests.verify(caller, { request, method: 'reply', handler: 'support' })
  return requests.fulfil(caller, { request, outcome: 'done', handler: 'support' })
}

describe('S30, N10: a person can export or delete their data at any time', () => {
  it('exports what is held, and that it was read stands in the trail', async () => {
    const ann = ledger.someone()
    await ann.asks(registration)
    const done = await asks(ann, 'r-export', 'export')
    const found = done.export!.items.map(({ category, values }) => [category, values])
    expect(Object.fromEntries(found)).toEqual(registration.values)
    const trail = await auditTrail(ledger.stack)
    const subject = await ann.subject()
    const own = trail.filter((row) => row.subject === subject).map(({ type }) => type)
    expect(own).toEqual([
      'DataCollected',
      'RequestReceived',
      'RequestVerified',
      'DataAccessed',
      'RequestFulfilled',
    ])
  })

  it('erases all of it: no value opens, nobody is found, and the trail stays', async () => {
    const ann = ledger.someone()
    await ann.asks(registration)
    const subject = await ann.subject()
    expect((await asks(ann, 'r-erasure', 'erasure')).outcome).toBe('recorded')
    const { custody, caller } = ledger.stack
    expect(await custody.vault.holds(caller.controller, subject)).toBe(false)
    expect(
      await custody.services.subjects.find(caller, { identifiers: ann.identifiers }),
    ).toBeNull()
    await custody.caughtUp()
    const position = custody.views.position()
    expect(
      custody.views.inventory(caller.controller, { position }, { subject }, first).rows,
    ).toEqual([])
    const trail = custody.views.audit(caller.controller, position, { subject }, first)
    expect(trail.rows.map(({ type }) => type)).toEqual([
      'DataCollected',
      'RequestReceived',
      'RequestVerified',
      'DeletionRequested',
      'DataDeleted',
      'SubjectErased',
      'RequestFulfilled',
    ])
  })

  it('refuses what is asked of the erased pseudonym, and makes somebody new of who comes back', async () => {
    const ann = ledger.someone()
    await ann.asks(registration)
    const before = await ann.subject()
    await asks(ann, 'r-again', 'erasure')
    const told = await ann.asks({ ...mail('account-contact'), subject: { subject: before } })
    expect(told).toMatchObject({ outcome: 'refused', code: 'subject_erased' })
    await ann.asks(registration)
    expect(await ann.subject()).not.toBe(before)
  })

  it('still knows what was held on a day before, though nobody can open it', async () => {
    const ann = ledger.someone()
    await ann.reports('2015-01-01T12:00:00.000Z', registration)
    const subject = await ann.subject()
    await asks(ann, 'r-past', 'erasure')
    const { custody, caller } = ledger.stack
    await custody.caughtUp()
    const asOf = { position: custody.views.position(), moment: '2016-01-01T00:00:00.000Z' as never }
    const held = custody.views.inventory(caller.controller, asOf, { subject }, first)
    expect(held.rows.map(({ category }) => category).sort()).toEqual([
      'user.contact.email',
      'user.name',
    ])
  })
})

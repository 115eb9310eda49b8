import { describe, expect, it } from 'vitest'
import { runRetention } from '../../src/jobs/retention.ts'
import { Reference, type Day } from '../../src/domain/values.ts'
import {
  auditTrail,
  first,
  prospectDetails,
  registration,
  wholeLedger,
} from '../support/whole-ledger.ts'

const ledger = wholeLedger()

async function retention(asOf: string) {
  const { custody, caller } = ledger.stack
  await custody.caughtUp()
  const { services, views } = custody
  const recordRun = services.runs.record.bind(services.runs)
  const job = { services, views, caller, dryRun: false, asOf: asOf as Day, recordRun }
  return (await runRetention(job)).summary
}

const order = {
  ...{ type: 'collect', channel: 'commerce-platform', kind: 'account-holder' },
  ...{ purposes: ['fulfil-order', 'billing'] },
  values: { 'user.purchase.history': { order: 'one mug' } },
}

describe('S36: kept longer for the law, court orders, rights, misuse and safety', () => {
  it('defers what a hold covers, deletes the rest, and takes it up when the hold is released', async () => {
    const { custody, caller } = ledger.stack
    const [kept, gone] = [ledger.someone(), ledger.someone()]
    await kept.reports('2015-01-10T20:00:00.000Z', { ...prospectDetails, kind: 'applicant' })
    await gone.reports('2015-01-10T20:00:00.000Z', prospectDetails)
    const matter = Reference.parse('hartwell')
    await custody.services.holds.place(caller, {
      ...{ matter, title: 'Hartwell v. Symphony', ground: 'legal-claim', document: 'Complaint' },
      scope: { kinds: ['applicant' as never] },
    })
    expect(await retention('2017-01-10')).toMatchObject({
      deleted: 1,
      deferred: 1,
      deferredBy: { hartwell: 1 },
    })
    expect(await gone.opened()).toEqual({})
    expect(Object.keys(await kept.opened())).toHaveLength(3)
    await custody.services.holds.release(caller, { matter, reason: 'settled' })
    expect(await retention('2017-01-10')).toMatchObject({ deleted: 1, resumed: 1 })
    expect(await kept.opened()).toEqual({})
    const subject = await kept.subject()
    const trail = (await auditTrail(ledger.stack)).filter((row) => row.subject === subject)
    expect(trail.map(({ type }) => type).filter((type) => type !== 'DataAccessed')).toEqual([
      'DataCollected',
      'DeletionRequested',
      'DeletionDeferred',
      'DeletionResumed',
      'DataDeleted',
    ])
  })

  it('keeps an order that is asked to be erased until the tax law lets it go', async () => {
    const { custody, caller } = ledger.stack
    const ann = ledger.someone()
    await ann.asks(registration)
    await ann.asks(order)
    const subject = await ann.subject()
    const done = await custody.services.deletions.request(caller, {
      ...{ subject, deletion: Reference.parse('erase-ann'), cause: 'request' },
      ...{ scope: { everything: true }, request: null, at: null },
    })
    expect(done).toMatchObject({ outcome: 'deleted', deleted: 1 })
    await custody.caughtUp()
    const position = custody.views.position()
    const [left] = custody.views.pendingDeletions(caller.controller, position, first).rows
    const year = Number(new Date().toJSON().slice(0, 4))
    expect(left).toMatchObject({ subject, holds: [] })
    expect(left!.until).toMatch(new RegExp(`^(?:${year + 6}|${year + 7})-`))
    expect(Object.keys(await ann.opened())).toEqual(['user.purchase.history'])
  })
})

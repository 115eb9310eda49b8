import { describe, expect, it } from 'vitest'
import { runRetention } from '../../src/jobs/retention.ts'
import type { Day } from '../../src/domain/values.ts'
import {
  expectRefused,
  first,
  mail,
  prospectDetails,
  registration,
  wholeLedger,
  type Someone,
} from '../support/whole-ledger.ts'

const ledger = wholeLedger()

async function retention(asOf: string, dryRun = false) {
  const { custody, caller } = ledger.stack
  await custody.caughtUp()
  const { services, views } = custody
  return runRetention({
    ...{ services, views, caller, dryRun, asOf: asOf as Day },
    recordRun: (by, run) => services.runs.record(by, run),
  })
}

async function dueOn(person: Someone): Promise<(string | null)[]> {
  const { custody, caller } = ledger.stack
  await custody.caughtUp()
  const filter = { subject: await person.subject() }
  const page = custody.views.retention(caller.controller, custody.views.position(), filter, first)
  return page.rows.map(({ dueOn }) => dueOn)
}

describe('S35: kept while the account is active or as needed', () => {
  it('keeps an account for as long as it is open, and a month from the day it was closed', async () => {
    const ann = ledger.someone()
    await ann.reports('2015-01-10T12:00:00.000Z', registration)
    await ann.reports('2015-01-10T12:00:00.000Z', { type: 'open-account' })
    expect(await dueOn(ann)).toEqual([null])
    await retention('2035-01-01')
    expect(await ann.held()).toEqual(['user.contact.email', 'user.name'])
    await ann.reports('2016-02-01T03:00:00.000Z', { type: 'close-account', reason: 'asked to' })
    // It was still 31 January in San Francisco.
    expect(await dueOn(ann)).toEqual(['2016-03-01'])
    await retention('2016-02-29')
    expect(await ann.held()).toHaveLength(2)
    await retention('2016-03-01')
    expect(await ann.held()).toEqual([])
    expect(await ann.opened()).toEqual({})
  })

  it('begins the clock of a prospect anew with each act, and deletes two years after the last', async () => {
    const ann = ledger.someone()
    await ann.reports('2015-01-10T20:00:00.000Z', prospectDetails)
    expect(await dueOn(ann)).toEqual(['2017-01-10'])
    await ann.reports('2016-02-29T20:00:00.000Z', mail('contact-prospect'))
    expect(await dueOn(ann)).toEqual(['2018-02-28'])
    expect((await retention('2018-02-27')).summary.deleted).toBe(0)
    const run = await retention('2018-02-28')
    expect(run.summary).toMatchObject({ deleted: 1, subjects: 1 })
    expectRefused(await ann.asks(mail('contact-prospect')), 'not_held', 'S40')
    const { custody, caller } = ledger.stack
    const filter = { subject: await ann.subject() }
    const trail = custody.views.audit(caller.controller, custody.views.position(), filter, first)
    expect(trail.rows.map(({ type }) => type)).toEqual([
      'DataCollected',
      'DataUsed',
      'DeletionRequested',
      'DataDeleted',
      'ActRefused',
    ])
  })
})

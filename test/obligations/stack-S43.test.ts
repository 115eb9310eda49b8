import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { dayOf } from '../../src/domain/policy/calendar.ts'
import { Day, Reference, type Instant, type TimeZone } from '../../src/domain/values.ts'
import { examplePolicyFile } from '../support/stack.ts'
import {
  auditTrail,
  expectPermitted,
  mail,
  registration,
  wholeLedger,
} from '../support/whole-ledger.ts'

const ledger = wholeLedger()
const policy = Reference.parse('symphony-commerce-privacy')
/** In the time zone of the policy. */
const today = dayOf(new Date().toJSON() as Instant, 'America/Los_Angeles' as TimeZone)

/** The example policy as a later version. */
function version(day: string, from = day): string {
  return readFileSync(examplePolicyFile, 'utf8')
    .replace("version: '2014-06-30'", `version: '${day}'`)
    .replace("effective: '2014-06-30'", `effective: '${from}'`)
}

const notice = (day: string, on: string) => ({
  ...{ policy, version: Day.parse(day), on: Day.parse(on) },
  ...{ channel: 'email' as never, evidence: 'mailing' },
})

describe('S43: a change is announced before it takes effect', () => {
  it('refuses to bring a version into effect that nobody was told of', async () => {
    const { custody, caller } = ledger.stack
    const { policies } = custody.services
    expect((await policies.publish(caller, version('2015-01-01'), null)).outcome).toBe('recorded')
    const step = { policy, version: Day.parse('2015-01-01') }
    const refused = await policies.bringIntoEffect(caller, step)
    expect(refused).toMatchObject({
      outcome: 'refused',
      refusals: [{ code: 'notice_missing', obligation: 'S43' }],
    })
    const trail = await auditTrail(ledger.stack)
    expect(trail.at(-1)).toMatchObject({
      type: 'PolicyStepRefused',
      code: 'notice_missing',
      obligations: ['S43'],
    })
  })

  it('refuses it on the day of the notice, and lets a late notice put off the day of effect', async () => {
    const { custody, caller } = ledger.stack
    const { policies } = custody.services
    const step = { policy, version: Day.parse('2015-01-01') }
    await policies.giveNotice(caller, notice('2015-01-01', today))
    expect(await policies.bringIntoEffect(caller, step)).toMatchObject({
      outcome: 'refused',
      refusals: [{ code: 'notice_missing' }],
    })
    await policies.giveNotice(caller, notice('2015-01-01', '2015-01-01'))
    expect((await policies.bringIntoEffect(caller, step)).outcome).toBe('recorded')
    await custody.caughtUp()
    const known = custody.views.policies(caller.controller, custody.views.position())
    expect(known.map(({ version, status, from, until }) => [version, status, from, until])).toEqual(
      [
        ['2014-06-30', 'retired', '2014-06-30', '2015-01-02'],
        ['2015-01-01', 'in-force', '2015-01-02', null],
      ],
    )
  })

  it('judges each act by the version of its day, also when it is told of late', async () => {
    const ann = ledger.someone()
    const before = await ann.reports('2014-12-31T20:00:00.000Z', registration)
    expectPermitted(before, 'DataCollected', 'S26')
    const after = await ann.reports('2015-01-02T20:00:00.000Z', mail('account-contact'))
    expect(after.trail[0]).toMatchObject({ outcome: 'permitted', policyVersion: '2015-01-01' })
    const late = await ann.reports('2015-01-01T21:00:00.000Z', mail('account-contact'))
    expect(late.trail[0]).toMatchObject({ outcome: 'permitted', policyVersion: '2014-06-30' })
  })

  it('refuses a version before its day, however early it was announced', async () => {
    const { custody, caller } = ledger.stack
    const { policies } = custody.services
    const next = `${Number(today.slice(0, 4)) + 1}-01-01`
    await policies.publish(caller, version(next), null)
    await policies.giveNotice(caller, notice(next, today))
    const refused = await policies.bringIntoEffect(caller, { policy, version: Day.parse(next) })
    expect(refused).toMatchObject({
      outcome: 'refused',
      refusals: [{ code: 'not_yet_effective', obligation: 'S43' }],
    })
  })

  it('refuses a version that is older than those before it', async () => {
    const { custody, caller } = ledger.stack
    const refused = await custody.services.policies.publish(caller, version('2014-01-01'), null)
    expect(refused).toMatchObject({ outcome: 'refused', refusals: [{ code: 'version_not_newer' }] })
  })
})

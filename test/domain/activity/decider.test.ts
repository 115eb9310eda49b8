import { describe, expect, it } from 'vitest'
import type { ActivityCommand, RunCommand } from '../../../src/domain/activity/commands.ts'
import { activityDecider, runDecider } from '../../../src/domain/activity/decider.ts'
import { activityEventData, type ActivityEvent } from '../../../src/domain/activity/events.ts'
import { Act } from '../../../src/domain/judgement.ts'
import { given, nthEventId, recorded, refusalsOf } from '../../support/given.ts'
import { symphonyPolicy } from '../../support/policy-file.ts'
import { command as subjectCommand, mailFor } from '../../support/subject-words.ts'

const context = { policy: symphonyPolicy(), recipient: null, transferUnderWay: false }
const base = { on: '2014-07-01', source: 'web' }

function event<T extends ActivityEvent['type']>(type: T, data: object): ActivityEvent {
  return { type, version: 1, data: activityEventData[type].parse({ ...base, ...data }) } as never
}
const record = (act: Act, mode = 'enforce') =>
  ({
    type: 'RecordActivity',
    ...base,
    at: '2014-07-01T19:00:00.000Z',
    eventId: nthEventId(0),
    mode,
    act,
    records: 250,
  }) as unknown as ActivityCommand

const property = 'www.symphonycommerce.com'
const logs = Act.parse({
  act: 'collect',
  property,
  categories: ['user.device.ip-address', 'user.behavior.pages'],
  channel: 'web-server-log',
  kind: 'visitor',
  purposes: ['site-improvement'],
})
const figures = Act.parse({
  act: 'use',
  property,
  categories: ['system.usage-figures'],
  purpose: 'aggregated-statistics',
})
const named = Act.parse({ ...figures, categories: ['user.name'] })

describe('acts tied to nobody', () => {
  it('S14 are recorded with how many records they stand for, and their authority', () => {
    const authority = {
      policyVersion: '2014-06-30',
      rules: ['server-logs'],
      obligations: ['S14'],
      basis: 'legitimate-interest',
      consent: null,
    }
    expect(given(activityDecider).when(record(logs), context)).toEqual(
      recorded(
        event('LogCollected', {
          mode: 'enforce',
          act: logs,
          records: 250,
          judgement: { outcome: 'permitted', authority },
        }),
      ),
    )
  })

  it('S5 are permitted to use and to share figures', () => {
    const { property: on, categories, purpose } = figures as Extract<Act, { act: 'use' }>
    const share = Act.parse({ act: 'share', property: on, categories, purpose, recipient: 'press' })
    const press = {
      recipient: 'press' as never,
      recipientClass: 'press',
      suspendedSince: null,
      contracts: [],
    }
    expect(given(activityDecider).when(record(figures), context).events).toMatchObject([
      { type: 'AggregateUsed', data: { judgement: { authority: { obligations: ['S5'] } } } },
    ])
    const shared = given(activityDecider).when(record(share), { ...context, recipient: press })
    expect(shared.events).toMatchObject([
      { type: 'AggregateShared', data: { recipientClass: 'press' } },
    ])
  })

  it('S5 are refused what identifies, and flagged where it happened', () => {
    const asked = given(activityDecider).when(record(named), context)
    expect(refusalsOf(asked)).toContain('identifying_in_aggregate S5')
    expect(asked.events).toEqual([
      event('ActivityRefused', {
        attempted: named,
        refusals: asked.outcome === 'refused' && asked.refusals,
      }),
    ])
    expect(given(activityDecider).when(record(named, 'observe'), context).events).toMatchObject([
      { type: 'AggregateUsed', data: { judgement: { outcome: 'violated' } } },
    ])
  })
})

describe('an attempt on somebody who is not in custody', () => {
  const refuse = (attempted: object) =>
    ({
      type: 'RefuseUnknown',
      ...base,
      at: '2014-07-01T19:00:00.000Z',
      eventId: nthEventId(0),
      attempted,
    }) as unknown as ActivityCommand
  const refusals = [
    {
      code: 'subject_unknown',
      obligation: null,
      rule: null,
      explanation: "No such person is in this controller's custody.",
    },
  ]

  it.each([
    ['an act', { type: 'RecordAct', act: mailFor('offers') }, mailFor('offers')],
    ['a word', { type: 'WithdrawConsent' }, { act: 'command', command: 'WithdrawConsent' }],
  ])('is refused and recorded without them: %s', (_, asked, attempted) => {
    const command = refuse(subjectCommand(asked as never))
    expect(given(activityDecider).when(command, context)).toEqual({
      outcome: 'refused',
      refusals,
      events: [event('ActivityRefused', { attempted, refusals })],
    })
  })
})

describe('a run of a job', () => {
  const outcome = {
    job: 'retention',
    run: 'r-1',
    asOf: '2014-07-01',
    outcome: { deleted: 3 },
    note: null,
  }
  const asked = { type: 'RecordRun', ...outcome } as unknown as RunCommand
  const ran = {
    type: 'JobRan',
    version: 1,
    data: activityEventData.JobRan.parse(outcome),
  } as ActivityEvent

  it('says once what came of it', () => {
    expect(given(runDecider).when(asked, undefined)).toEqual(recorded(ran))
    expect(given(runDecider, ran).when(asked, undefined)).toEqual(recorded())
  })
})

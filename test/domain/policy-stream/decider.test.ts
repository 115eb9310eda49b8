import { describe, expect, it } from 'vitest'
import type { PolicyCommand } from '../../../src/domain/policy/commands.ts'
import {
  policyDecider,
  policyTimeline,
  versionInForce,
} from '../../../src/domain/policy/decider.ts'
import { policyEventData, type PolicyEvent } from '../../../src/domain/policy/events.ts'
import { Day } from '../../../src/domain/values.ts'
import { given, recorded, refusalsOf } from '../../support/given.ts'
import { parsed } from '../../support/policy-file.ts'
import { smallDocument } from '../../support/small-policy.ts'

const nothing = recorded()
const DIGEST = 'a'.repeat(64)

function event<T extends PolicyEvent['type']>(type: T, data: object): PolicyEvent {
  return { type, version: 1, data: policyEventData[type].parse(data) } as PolicyEvent
}

const published = (version: string, digest = DIGEST) =>
  event('PolicyPublished', {
    version,
    effective: version,
    document: `version: ${version}`,
    digest,
    notice: { channels: ['email'], before: 'P7D', obligation: 'P1' },
  })
const announced = (version: string, on: string, channel = 'email') =>
  event('PolicyNoticeGiven', { version, channel, on, evidence: null })
const tookEffect = (version: string, from = version) => event('PolicyTookEffect', { version, from })

const publish = (version: string, digest = DIGEST): PolicyCommand => ({
  type: 'PublishPolicy',
  policy: parsed({ ...smallDocument, version, effective: version }),
  document: `version: ${version}`,
  digest,
})
const ask = (command: object) => command as PolicyCommand
const bring = (version: string, on: string) => ask({ type: 'BringPolicyIntoEffect', version, on })
const notice = (version: string, on: string, channel = 'email') =>
  ask({ type: 'GivePolicyNotice', version, channel, on, evidence: null })

const first = '2014-06-30'
const second = '2015-01-01'
const inForce = given(
  policyDecider,
  published(first),
  announced(first, '2014-06-23'),
  tookEffect(first),
)

describe('publishing a policy', () => {
  it('is recorded with the document, its digest and its own terms of notice', () => {
    expect(given(policyDecider).when(publish(first), undefined)).toEqual(recorded(published(first)))
  })

  it('again adds nothing, and with another text is refused', () => {
    const known = given(policyDecider, published(first))
    expect(known.when(publish(first), undefined)).toEqual(nothing)
    const other = known.when(publish(first, 'b'.repeat(64)), undefined)
    expect(refusalsOf(other)).toEqual(['already_exists P1'])
  })

  it('must go forward', () => {
    const decision = given(policyDecider, published(second)).when(publish(first), undefined)
    const refusals = [
      {
        code: 'version_not_newer',
        obligation: 'P1',
        rule: null,
        explanation: 'The version must be later than 2015-01-01, the latest one published.',
      },
    ]
    expect(decision).toEqual({
      outcome: 'refused',
      refusals,
      events: [event('PolicyStepRefused', { version: first, command: 'PublishPolicy', refusals })],
    })
  })
})

describe('giving notice', () => {
  it('is recorded once for a channel and day', () => {
    const known = given(policyDecider, published(first))
    expect(known.when(notice(first, '2014-06-20'), undefined)).toEqual(
      recorded(announced(first, '2014-06-20')),
    )
    const told = known.and(announced(first, '2014-06-20'))
    expect(told.when(notice(first, '2014-06-20'), undefined)).toEqual(nothing)
    expect(told.when(notice(first, '2014-06-21'), undefined).events).toHaveLength(1)
  })

  it('is refused of a version that was never published', () => {
    const decision = given(policyDecider).when(notice(first, '2014-06-20'), undefined)
    expect(refusalsOf(decision)).toEqual(['not_found'])
  })
})

describe('bringing a policy into effect', () => {
  const known = given(policyDecider, published(first))

  it('takes effect on its day when it was announced long enough before', () => {
    const told = known.and(announced(first, '2014-06-23'))
    expect(told.when(bring(first, first), undefined)).toEqual(recorded(tookEffect(first)))
    expect(told.when(bring(first, '2014-09-01'), undefined)).toEqual(recorded(tookEffect(first)))
  })

  it('is refused before its day', () => {
    const told = known.and(announced(first, '2014-06-01'))
    const decision = told.when(bring(first, '2014-06-29'), undefined)
    expect(refusalsOf(decision)).toEqual(['not_yet_effective P1'])
  })

  it.each([
    ['without any notice', []],
    ['with a notice over another channel', [announced(first, '2014-06-01', 'post')]],
    ['with a notice that is still to come', [announced(first, '2014-07-01')]],
    ['with a notice too short before', [announced(first, '2014-06-24')]],
  ])('is refused %s', (_, notices) => {
    const decision = known.and(...notices).when(bring(first, first), undefined)
    expect(refusalsOf(decision)).toEqual(['notice_missing P1'])
  })

  it('takes effect later where the notice came late', () => {
    const told = known.and(announced(first, '2014-06-24'))
    expect(told.when(bring(first, '2014-07-01'), undefined)).toEqual(
      recorded(tookEffect(first, '2014-07-01')),
    )
  })

  it('adds nothing when it is in effect', () => {
    expect(inForce.when(bring(first, second), undefined)).toEqual(nothing)
  })

  it('retires the version before it from the same day', () => {
    const next = inForce.and(published(second), announced(second, '2014-12-01'))
    expect(next.when(bring(second, second), undefined)).toEqual(
      recorded(
        event('PolicyRetired', {
          version: first,
          from: second,
          reason: 'superseded by version 2015-01-01',
        }),
        tookEffect(second),
      ),
    )
  })

  it('is refused to an older version, and to one that was retired', () => {
    const skipped = given(
      policyDecider,
      published(first),
      published(second),
      announced(first, '2014-06-01'),
      tookEffect(second),
    )
    expect(refusalsOf(skipped.when(bring(first, second), undefined))).toEqual([
      'version_not_newer P1',
    ])
    const retired = inForce.and(
      event('PolicyRetired', { version: first, from: second, reason: 'x' }),
    )
    expect(refusalsOf(retired.when(bring(first, second), undefined))).toEqual(['wrong_status'])
  })
})

describe('retiring a policy', () => {
  const retire = (version: string, from: string) =>
    ask({ type: 'RetirePolicy', version, from, reason: 'sold' })

  it('ends it from a day on, once', () => {
    const retired = event('PolicyRetired', { version: first, from: second, reason: 'sold' })
    expect(inForce.when(retire(first, second), undefined)).toEqual(recorded(retired))
    expect(inForce.and(retired).when(retire(first, second), undefined)).toEqual(nothing)
  })

  it('is refused where it is not in force, or from before it was', () => {
    const known = given(policyDecider, published(first))
    expect(refusalsOf(known.when(retire(first, second), undefined))).toEqual(['wrong_status'])
    expect(refusalsOf(inForce.when(retire(first, '2014-06-29'), undefined))).toEqual([
      'wrong_status',
    ])
    expect(refusalsOf(inForce.when(retire(second, second), undefined))).toEqual(['not_found'])
  })
})

describe('the timeline of a policy', () => {
  const superseded = inForce.and(
    published(second),
    event('PolicyRetired', { version: first, from: second, reason: 'superseded' }),
    tookEffect(second),
    published('2016-01-01'),
  )

  it('lists what is or was in force', () => {
    expect(policyTimeline(superseded.state)).toEqual([
      { version: first, from: first, until: second },
      { version: second, from: second, until: null },
    ])
  })

  it.each([
    ['2014-06-29', null],
    ['2014-06-30', first],
    ['2014-12-31', first],
    ['2015-01-01', second],
    ['2030-01-01', second],
  ])('says which version acts of %s are judged by: %s', (day, version) => {
    expect(versionInForce(policyTimeline(superseded.state), Day.parse(day))).toBe(version)
  })

  it('has a gap where a version was retired without another', () => {
    const ended = inForce.and(event('PolicyRetired', { version: first, from: second, reason: 'x' }))
    expect(versionInForce(policyTimeline(ended.state), Day.parse(second))).toBeNull()
  })
})

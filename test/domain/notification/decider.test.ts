import { describe, expect, it } from 'vitest'
import {
  notificationDecider,
  type DeliveryResult,
  type NotificationCommand,
} from '../../../src/domain/notification/decider.ts'
import {
  Notice,
  notificationEventData,
  type NotificationEvent,
} from '../../../src/domain/notification/events.ts'
import type { Instant } from '../../../src/domain/values.ts'
import { given, nthEventId, recorded, refusalsOf } from '../../support/given.ts'

const notice = Notice.parse({
  cause: nthEventId(7),
  subject: '0123456789abcdef0123456789abcdef',
  topic: 'person.erased',
  downstream: { kind: 'recipient', id: 'mailer' },
})
const noon = '2014-07-01T12:00:00.000Z' as Instant
const failure = {
  delivered: false,
  code: 'rejected',
  status: 503,
  retryAfterSeconds: null,
} as const

const event = (type: NotificationEvent['type'], data: object) =>
  ({
    type,
    version: 1,
    data: notificationEventData[type].parse({ notice, ...data }),
  }) as NotificationEvent
const report = (
  attempt: number,
  result: DeliveryResult,
  more: { jitter?: number } = {},
): NotificationCommand => ({
  type: 'ReportDelivery',
  notice,
  attempt,
  at: noon,
  result,
  jitter: 0,
  ...more,
})
const retry: NotificationCommand = { type: 'RetryNotification', notice, reason: 'mended' }
const failed = (attempt: number) =>
  event('NotificationFailed', { attempt, code: 'rejected', status: 503, next: noon })
const confirmed = event('NotificationConfirmed', { attempt: 1, status: 204 })
const abandoned = (attempts: number) =>
  event('NotificationAbandoned', { attempts, code: 'rejected', status: 503 })
const fresh = given(notificationDecider)
const failedTo = (attempts: number) =>
  fresh.and(...Array.from({ length: attempts }, (_, index) => failed(index + 1)))

/** How long the next attempt is put off, in seconds; null where there is none. */
function putOff(attempts: number, result: DeliveryResult = failure, jitter = 0): number | null {
  const decision = failedTo(attempts).when(report(attempts + 1, result, { jitter }), undefined)
  const [first] = decision.events
  if (first?.type !== 'NotificationFailed') return null
  return (Date.parse(first.data.next) - Date.parse(noon)) / 1000
}

describe('a notification', () => {
  it('is confirmed once, whoever delivered it', () => {
    const success = report(1, { delivered: true, status: 204 })
    expect(fresh.when(success, undefined)).toEqual(recorded(confirmed))
    expect(fresh.and(confirmed).when(success, undefined)).toEqual(recorded())
    expect(fresh.and(confirmed).when(report(1, failure), undefined)).toEqual(recorded())
  })

  it('is confirmed also where another process failed at the same attempt, or gave it up', () => {
    const success = report(1, { delivered: true, status: 204 })
    expect(failedTo(1).when(success, undefined)).toEqual(recorded(confirmed))
    expect(fresh.and(abandoned(10)).when(success, undefined)).toEqual(recorded(confirmed))
  })

  it('fails once at each attempt, however many processes made it', () => {
    expect(fresh.when(report(1, failure), undefined)).toMatchObject({
      events: [{ type: 'NotificationFailed', data: { attempt: 1, code: 'rejected', status: 503 } }],
    })
    expect(failedTo(1).when(report(1, failure), undefined)).toEqual(recorded())
    expect(fresh.and(abandoned(10)).when(report(11, failure), undefined)).toEqual(recorded())
  })

  it('is put off longer each time and given up with the tenth attempt', () => {
    const hour = 3_600
    expect(Array.from({ length: 10 }, (_, attempts) => putOff(attempts))).toEqual([
      ...[5, 300, 1_800, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour],
      null,
    ])
    expect(failedTo(9).when(report(10, failure), undefined)).toEqual(recorded(abandoned(10)))
  })

  it('is put off by up to a tenth more, so that many do not come at once', () => {
    expect(putOff(1, failure, 0.5)).toBe(315)
    expect(putOff(1, failure, 1)).toBe(330)
  })

  it('waits as long as the receiver asks, but never beyond a day, nor less than its turn', () => {
    expect(putOff(0, { ...failure, retryAfterSeconds: 600 })).toBe(600)
    expect(putOff(0, { ...failure, retryAfterSeconds: 1 })).toBe(5)
    expect(putOff(0, { ...failure, retryAfterSeconds: 1e9 })).toBe(86_400)
  })

  it('is given up at once where the receiver wants no more', () => {
    const gone = { ...failure, code: 'gone', status: 410 } as const
    expect(fresh.when(report(1, gone), undefined)).toEqual(
      recorded(event('NotificationAbandoned', { attempts: 1, code: 'gone', status: 410 })),
    )
  })
})

describe('trying a notification again', () => {
  const retried = event('NotificationRetried', { reason: 'mended' })

  it('takes it up with all its attempts', () => {
    const given = failedTo(9).and(abandoned(10))
    expect(given.when(retry, undefined)).toEqual(recorded(retried))
    const again = given.and(retried)
    expect(again.when(report(11, failure), undefined)).toMatchObject({
      events: [
        { type: 'NotificationFailed', data: { attempt: 11, next: '2014-07-01T12:00:05.000Z' } },
      ],
    })
    expect(again.when(report(20, failure), undefined)).toEqual(recorded(abandoned(20)))
  })

  it('also goes before its turn, and changes nothing where it is due', () => {
    expect(failedTo(1).when(retry, undefined)).toEqual(recorded(retried))
    expect(failedTo(1).and(retried).when(retry, undefined)).toEqual(recorded())
    expect(fresh.when(retry, undefined)).toEqual(recorded())
  })

  it('is refused where it was confirmed, or is not known', () => {
    expect(refusalsOf(fresh.and(confirmed).when(retry, undefined))).toEqual(['wrong_status'])
    const unknown = { ...retry, notice: null } as NotificationCommand
    expect(refusalsOf(fresh.when(unknown, undefined))).toEqual(['not_found'])
  })
})

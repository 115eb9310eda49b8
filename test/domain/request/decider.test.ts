import { describe, expect, it } from 'vitest'
import type { RequestCommand } from '../../../src/domain/request/commands.ts'
import { requestDecider } from '../../../src/domain/request/decider.ts'
import { requestEventData, type RequestEvent } from '../../../src/domain/request/events.ts'
import { given, recorded, refusalsOf } from '../../support/given.ts'

function event<T extends RequestEvent['type']>(type: T, data: object): RequestEvent {
  return { type, version: 1, data: requestEventData[type].parse(data) } as RequestEvent
}
const ask = (type: RequestCommand['type'], data: object) =>
  ({ type, ...data }) as unknown as RequestCommand

const erasure = {
  kind: 'erasure',
  subject: '0123456789abcdef0123456789abcdef',
  channel: 'email',
  on: '2014-07-01',
  deadline: '2014-07-31',
  purpose: null,
}
const verification = { method: 'answered a mail', handler: 'privacy desk' }
const fulfilment = {
  outcome: 'erased',
  handler: 'privacy desk',
  deletion: 'request.r-1',
  digest: null,
}
const denial = {
  reason: 'The post was quoted by others.',
  handler: 'privacy desk',
  channel: 'email',
}

const received = given(requestDecider, event('RequestReceived', erasure))
const verified = received.and(event('RequestVerified', verification))
const fulfilled = verified.and(event('RequestFulfilled', fulfilment))
const denied = received.and(event('RequestDenied', denial))

describe('a person’s request', () => {
  it('is received with its deadline, once', () => {
    expect(given(requestDecider).when(ask('ReceiveRequest', erasure), undefined)).toEqual(
      recorded(event('RequestReceived', erasure)),
    )
    const later = ask('ReceiveRequest', { ...erasure, on: '2014-07-02', deadline: '2014-08-01' })
    expect(received.when(later, undefined)).toEqual(recorded())
    const other = ask('ReceiveRequest', { ...erasure, kind: 'export' })
    expect(refusalsOf(received.when(other, undefined))).toEqual(['already_exists S30'])
  })

  it('of somebody who is not in custody is refused, and the attempt recorded', () => {
    const refusals = [
      {
        code: 'subject_unknown',
        obligation: 'S30',
        rule: null,
        explanation: "No such person is in this controller's custody.",
      },
    ]
    const command = ask('ReceiveRequest', { ...erasure, subject: null })
    expect(given(requestDecider).when(command, undefined)).toEqual({
      outcome: 'refused',
      refusals,
      events: [event('RequestStepRefused', { command: 'ReceiveRequest', refusals })],
    })
  })

  it('is fulfilled only once the person is known to be the person', () => {
    const fulfil = ask('FulfilRequest', fulfilment)
    expect(refusalsOf(received.when(fulfil, undefined))).toEqual(['not_verified S30'])
    expect(verified.when(fulfil, undefined)).toEqual(
      recorded(event('RequestFulfilled', fulfilment)),
    )
    expect(verified.when(ask('VerifyRequest', verification), undefined)).toEqual(recorded())
  })

  it('may be denied, only with a reason (S23)', () => {
    const deny = ask('DenyRequest', denial)
    expect(verified.when(deny, undefined)).toEqual(recorded(event('RequestDenied', denial)))
    expect(received.when(deny, undefined)).toEqual(recorded(event('RequestDenied', denial)))
    const mute = ask('DenyRequest', { ...denial, reason: ' ' })
    expect(refusalsOf(received.when(mute, undefined))).toEqual(['reason_missing S23'])
  })

  it('is closed once', () => {
    const steps = [
      ask('VerifyRequest', verification),
      ask('FulfilRequest', fulfilment),
      ask('DenyRequest', denial),
    ]
    for (const step of steps) {
      expect(refusalsOf(fulfilled.when(step, undefined))).toEqual(['wrong_status S30'])
      expect(refusalsOf(denied.when(step, undefined))).toEqual(['wrong_status S30'])
      expect(refusalsOf(given(requestDecider).when(step, undefined))).toEqual(['not_found S30'])
    }
  })
})

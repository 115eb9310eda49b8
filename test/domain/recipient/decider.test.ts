import { describe, expect, it } from 'vitest'
import type { RecipientCommand } from '../../../src/domain/recipient/commands.ts'
import { recipientDecider, recipientStanding } from '../../../src/domain/recipient/decider.ts'
import { endpointEventData } from '../../../src/domain/endpoint/events.ts'
import { recipientEventData, type RecipientEvent } from '../../../src/domain/recipient/events.ts'
import { RecipientId } from '../../../src/domain/values.ts'
import { given, recorded, refusalsOf } from '../../support/given.ts'

const nothing = recorded()
const shapes = { ...recipientEventData, ...endpointEventData }
const mailer = RecipientId.parse('mailer')

function event<T extends RecipientEvent['type']>(type: T, data: object): RecipientEvent {
  return { type, version: 1, data: shapes[type].parse(data) } as RecipientEvent
}
const ask = (type: RecipientCommand['type'], data: object) =>
  ({ type, ...data }) as unknown as RecipientCommand

const particulars = { name: 'Mailer Inc.', recipientClass: 'email-processor', country: 'US' }
const contract = {
  reference: 'c-1',
  from: '2014-01-01',
  until: null,
  purposes: ['email-processing'],
  categories: ['user.contact.email'],
}
const registered = given(recipientDecider, event('RecipientRegistered', particulars))
const signed = registered.and(event('ContractSigned', contract))

describe('a recipient', () => {
  it('is registered once, and not with other particulars', () => {
    const register = ask('RegisterRecipient', particulars)
    expect(given(recipientDecider).when(register, undefined)).toEqual(
      recorded(event('RecipientRegistered', particulars)),
    )
    expect(registered.when(register, undefined)).toEqual(nothing)
    const other = ask('RegisterRecipient', { ...particulars, recipientClass: 'public' })
    const refusals = [
      {
        code: 'already_exists',
        obligation: 'S48',
        rule: null,
        explanation: 'The recipient is registered with other particulars.',
      },
    ]
    expect(registered.when(other, undefined)).toEqual({
      outcome: 'refused',
      refusals,
      events: [event('RecipientStepRefused', { command: 'RegisterRecipient', refusals })],
    })
  })

  it('that is not registered can do nothing', () => {
    for (const command of [
      ask('SignContract', contract),
      ask('EndContract', { reference: 'c-1', until: '2015-01-01' }),
      ask('SuspendRecipient', { reason: 'breach' }),
      ask('ReinstateRecipient', { reason: 'mended' }),
    ]) {
      expect(refusalsOf(given(recipientDecider).when(command, undefined))).toEqual([
        'not_found S48',
      ])
    }
  })

  it('is suspended and reinstated, each once', () => {
    const suspend = ask('SuspendRecipient', { reason: 'breach' })
    const suspended = event('RecipientSuspended', { reason: 'breach' })
    expect(registered.when(suspend, undefined)).toEqual(recorded(suspended))
    expect(registered.and(suspended).when(suspend, undefined)).toEqual(nothing)
    const reinstate = ask('ReinstateRecipient', { reason: 'mended' })
    const reinstated = event('RecipientReinstated', { reason: 'mended' })
    expect(registered.when(reinstate, undefined)).toEqual(nothing)
    expect(registered.and(suspended).when(reinstate, undefined)).toEqual(recorded(reinstated))
    expect(recipientStanding(registered.and(suspended, reinstated).state, mailer)).toMatchObject({
      suspendedSince: null,
    })
  })
})

describe('a contract', () => {
  it('is signed once under its reference', () => {
    const sign = ask('SignContract', contract)
    expect(registered.when(sign, undefined)).toEqual(recorded(event('ContractSigned', contract)))
    expect(signed.when(sign, undefined)).toEqual(nothing)
    const other = ask('SignContract', { ...contract, purposes: ['billing'] })
    expect(refusalsOf(signed.when(other, undefined))).toEqual(['already_exists S48'])
  })

  it('does not end before it begins', () => {
    const command = ask('SignContract', { ...contract, until: '2014-01-01' })
    expect(refusalsOf(registered.when(command, undefined))).toEqual(['wrong_status S48'])
  })

  it('is ended once, and never made to last longer', () => {
    const end = (until: string) => ask('EndContract', { reference: 'c-1', until })
    const ended = event('ContractEnded', { reference: 'c-1', until: '2015-01-01' })
    expect(signed.when(end('2015-01-01'), undefined)).toEqual(recorded(ended))
    const over = signed.and(ended)
    expect(over.when(end('2015-01-01'), undefined)).toEqual(nothing)
    expect(refusalsOf(over.when(end('2016-01-01'), undefined))).toEqual(['wrong_status S48'])
    expect(over.when(end('2014-06-01'), undefined).outcome).toBe('recorded')
    const unknown = ask('EndContract', { reference: 'c-2', until: '2015-01-01' })
    expect(refusalsOf(over.when(unknown, undefined))).toEqual(['not_found S48'])
  })
})

describe('the standing of a recipient', () => {
  it('is what judging a share asks for', () => {
    const state = signed.and(
      event('ContractEnded', { reference: 'c-1', until: '2015-01-01' }),
      event('ContractSigned', { ...contract, reference: 'c-2', categories: 'any' }),
      [event('RecipientSuspended', { reason: 'breach' }), '2014-08-01T10:00:00.000Z'],
    ).state
    expect(recipientStanding(state, mailer)).toEqual({
      recipient: 'mailer',
      recipientClass: 'email-processor',
      suspendedSince: '2014-08-01T10:00:00.000Z',
      contracts: [
        { ...contract, until: '2015-01-01' },
        { ...contract, reference: 'c-2', categories: 'any' },
      ],
    })
    expect(recipientStanding(given(recipientDecider).state, mailer)).toBeNull()
  })
})

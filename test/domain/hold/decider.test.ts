import { describe, expect, it } from 'vitest'
import type { HoldCommand } from '../../../src/domain/hold/commands.ts'
import { holdDecider } from '../../../src/domain/hold/decider.ts'
import { holdEventData, type HoldEvent } from '../../../src/domain/hold/events.ts'
import { given, recorded, refusalsOf } from '../../support/given.ts'

function event<T extends HoldEvent['type']>(type: T, data: object): HoldEvent {
  return { type, version: 1, data: holdEventData[type].parse(data) } as HoldEvent
}
const terms = {
  title: 'Doe v. Shop',
  ground: 'court-order',
  scope: { kinds: ['customer'], categories: ['orders'] },
  document: 'Order 14-1234',
}
const place = (more: object = {}) =>
  ({ type: 'PlaceHold', ...terms, ...more }) as unknown as HoldCommand
const release: HoldCommand = { type: 'ReleaseHold', reason: 'settled' }
const placed = given(holdDecider, event('HoldPlaced', terms))
const released = placed.and(event('HoldReleased', { reason: 'settled' }))

describe('S36 a legal hold', () => {
  it('is placed with its matter’s ground, scope and document', () => {
    expect(given(holdDecider).when(place(), undefined)).toEqual(
      recorded(event('HoldPlaced', terms)),
    )
  })

  it('is placed once, however its scope is written down', () => {
    expect(placed.when(place(), undefined)).toEqual(recorded())
    const turned = place({ scope: { categories: ['orders'], kinds: ['customer'] } })
    expect(placed.when(turned, undefined)).toEqual(recorded())
  })

  it('is not placed on other terms, nor again after its release', () => {
    const wider = placed.when(place({ scope: { everything: true } }), undefined)
    const refusals = [
      {
        code: 'already_exists',
        obligation: 'S36',
        rule: null,
        explanation: 'A hold with other terms is placed in this matter.',
      },
    ]
    expect(wider).toEqual({
      outcome: 'refused',
      refusals,
      events: [event('HoldStepRefused', { command: 'PlaceHold', refusals })],
    })
    expect(refusalsOf(released.when(place(), undefined))).toEqual(['already_exists S36'])
  })

  it('is released once, and only where it was placed', () => {
    expect(placed.when(release, undefined)).toEqual(
      recorded(event('HoldReleased', { reason: 'settled' })),
    )
    expect(released.when(release, undefined)).toEqual(recorded())
    expect(refusalsOf(given(holdDecider).when(release, undefined))).toEqual(['not_found S36'])
  })
})

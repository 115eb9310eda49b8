import { describe, expect, it } from 'vitest'
import type { TransferCommand } from '../../../src/domain/transfer/commands.ts'
import { transferDecider } from '../../../src/domain/transfer/decider.ts'
import { transferEventData, type TransferEvent } from '../../../src/domain/transfer/events.ts'
import { given, recorded, refusalsOf } from '../../support/given.ts'

function event<T extends TransferEvent['type']>(type: T, data: object): TransferEvent {
  return { type, version: 1, data: transferEventData[type].parse(data) } as TransferEvent
}
const ask = (type: TransferCommand['type'], data: object) =>
  ({ type, ...data }) as unknown as TransferCommand

const proposal = {
  title: 'Shop joins Mall',
  transaction: 'merger',
  acquirer: 'mall',
  scope: { kinds: ['customer'], categories: ['orders'] },
}
const manifest = (notNotified: number) => ({
  position: 1_000,
  subjects: 10,
  items: 30,
  excluded: 2,
  notNotified,
  digest: 'a'.repeat(64),
})
const scope = { everything: true }
const override = { reason: 'closing day', approver: 'general counsel' }
const site = { channel: 'site-notice', property: 'www.shop.example', evidence: 'screenshot 3' }

const proposed = given(transferDecider, event('TransferProposed', proposal))
const scoped = proposed.and(event('TransferScoped', { scope, manifest: manifest(3) }))
const executed = scoped.and(event('TransferExecuted', { manifest: manifest(0), override: null }))
const abandoned = scoped.and(event('TransferAbandoned', { reason: 'no agreement' }))
const execute = (notNotified: number | null, more: object = {}) =>
  ask('ExecuteTransfer', {
    manifest: notNotified === null ? null : manifest(notNotified),
    override: null,
    ...more,
  })

describe('S8 a business transfer', () => {
  it('is proposed once, however its scope is written down', () => {
    const propose = ask('ProposeTransfer', proposal)
    expect(given(transferDecider).when(propose, undefined)).toEqual(
      recorded(event('TransferProposed', proposal)),
    )
    const turned = { categories: ['orders'], kinds: ['customer'] }
    expect(scoped.when(ask('ProposeTransfer', { ...proposal, scope: turned }), undefined)).toEqual(
      recorded(),
    )
    const other = ask('ProposeTransfer', { ...proposal, acquirer: 'bazaar' })
    expect(refusalsOf(scoped.when(other, undefined))).toEqual(['already_exists S8'])
  })

  it('is scoped on a manifest, and may be scoped anew', () => {
    const fix = ask('ScopeTransfer', { scope, manifest: manifest(3) })
    const fixed = event('TransferScoped', { scope, manifest: manifest(3) })
    expect(proposed.when(fix, undefined)).toEqual(recorded(fixed))
    expect(scoped.when(fix, undefined)).toEqual(recorded(fixed))
    expect(scoped.state).toMatchObject({ status: 'scoped', scope })
  })

  it('is not executed without a manifest', () => {
    expect(refusalsOf(proposed.when(execute(0), undefined))).toEqual(['manifest_missing S8'])
    expect(refusalsOf(scoped.when(execute(null), undefined))).toEqual(['manifest_missing S8'])
  })

  it('comes to one end, executed or abandoned', () => {
    const abandon = ask('AbandonTransfer', { reason: 'no agreement' })
    expect(scoped.when(abandon, undefined)).toEqual(
      recorded(event('TransferAbandoned', { reason: 'no agreement' })),
    )
    expect(abandoned.when(abandon, undefined)).toEqual(recorded())
    const steps = [
      ask('ScopeTransfer', { scope, manifest: manifest(0) }),
      ask('PostTransferNotice', site),
      execute(0),
    ]
    for (const step of steps) {
      expect(refusalsOf(executed.when(step, undefined))).toEqual(['wrong_status S8'])
      expect(refusalsOf(abandoned.when(step, undefined))).toEqual(['wrong_status S8'])
      expect(refusalsOf(given(transferDecider).when(step, undefined))).toEqual(['not_found S8'])
    }
    expect(refusalsOf(executed.when(abandon, undefined))).toEqual(['wrong_status S8'])
  })
})

describe('S9 people are told of a transfer', () => {
  it('before it is executed: otherwise it is refused, and the attempt recorded', () => {
    const refusals = [
      {
        code: 'people_not_notified',
        obligation: 'S9',
        rule: null,
        explanation:
          '3 people were not notified; notify them, post a site notice, or override it with a reason.',
      },
    ]
    expect(scoped.when(execute(3), undefined)).toEqual({
      outcome: 'refused',
      refusals,
      events: [event('TransferStepRefused', { command: 'ExecuteTransfer', refusals })],
    })
  })

  it('each of them', () => {
    expect(scoped.when(execute(0), undefined)).toEqual(
      recorded(event('TransferExecuted', { manifest: manifest(0), override: null })),
    )
  })

  it('or all at once by a notice on the site, posted once', () => {
    const post = ask('PostTransferNotice', site)
    const posted = event('TransferNoticePosted', site)
    expect(scoped.when(post, undefined)).toEqual(recorded(posted))
    expect(scoped.and(posted).when(post, undefined)).toEqual(recorded())
    expect(scoped.and(posted).when(execute(3), undefined)).toEqual(
      recorded(event('TransferExecuted', { manifest: manifest(3), override: null })),
    )
  })

  it('or somebody takes it on, by name and with a reason', () => {
    expect(scoped.when(execute(3, { override }), undefined)).toEqual(
      recorded(event('TransferExecuted', { manifest: manifest(3), override })),
    )
  })
})

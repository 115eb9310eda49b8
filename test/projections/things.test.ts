import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { START } from '../../src/domain/values.ts'
import { pseudonym, saying, symphony } from '../support/envelopes.ts'
import { acme } from '../support/random-history.ts'
import { openScene, type Scene } from '../support/views-on.ts'

const all = { limit: 100, cursor: null }

let scene: Scene
beforeEach(() => {
  scene = openScene()
})
afterEach(() => scene.dispose())

const tell = (...said: Parameters<typeof saying>) => scene.tell(saying(...said))

describe('things with a life of their own', () => {
  it('are holds, in force and released', async () => {
    const hold = {
      title: 'Suit',
      ground: 'legal-claim',
      scope: { everything: true },
      document: 'D1',
    }
    const placed = await tell(['hold', 'm1'], 'HoldPlaced', hold)
    const released = await tell(['hold', 'm1'], 'HoldReleased', { reason: 'settled' })
    const views = await scene.views()
    expect(views.holds(symphony, START)).toEqual([])
    expect(views.holds(symphony, placed)).toEqual([
      {
        matter: 'm1',
        ...hold,
        began: placed,
        beganAt: '2014-07-01T12:00:00.000Z',
        ended: null,
        endedAt: null,
      },
    ])
    expect(views.holds(symphony, released)).toMatchObject([{ matter: 'm1', ended: released }])
    expect(views.holds(acme, released)).toEqual([])
  })

  it('are requests, as they stood and as they stand', async () => {
    const received = await tell(['request', 'r1'], 'RequestReceived', {
      kind: 'erasure',
      subject: pseudonym(1),
      channel: 'email',
      on: '2014-07-01',
      deadline: '2014-07-31',
      purpose: null,
    })
    await tell(['request', 'r1'], 'RequestVerified', { method: 'call', handler: 'desk' })
    const denied = { reason: 'not possible', handler: 'desk', channel: 'email' }
    const last = await tell(['request', 'r1'], 'RequestDenied', denied, { at: '2014-07-09' })
    const views = await scene.views()
    expect(views.requests(symphony, received, all).rows).toEqual([
      {
        request: 'r1',
        kind: 'erasure',
        subject: pseudonym(1),
        channel: 'email',
        status: 'received',
        receivedAt: '2014-07-01T12:00:00.000Z',
        deadline: '2014-07-31',
        closedAt: null,
        reason: null,
        purpose: null,
      },
    ])
    expect(views.request(symphony, 'r1' as never)).toMatchObject({
      status: 'denied',
      closedAt: '2014-07-09T12:00:00.000Z',
      reason: 'not possible',
    })
    expect(views.request(symphony, 'r2' as never)).toBeNull()
    expect(views.request(acme, 'r1' as never)).toBeNull()
    const trail = views.audit(symphony, last, { subject: pseudonym(1) }, all).rows
    expect(trail.map(({ type, stream }) => [type, stream])).toEqual([
      ['RequestReceived', 'request-symphony-commerce/r1'],
      ['RequestVerified', 'request-symphony-commerce/r1'],
      ['RequestDenied', 'request-symphony-commerce/r1'],
    ])
  })

  it('are policy versions, from publication to retirement', async () => {
    const version = '2014-06-30'
    const notice = { channels: ['email'], before: 'P0D', obligation: 'S43' }
    const published = await tell(['policy', 'privacy'], 'PolicyPublished', {
      version,
      effective: version,
      document: 'policy: privacy',
      digest: 'a'.repeat(64),
      notice,
    })
    const given = { version, channel: 'email', on: '2014-06-16', evidence: null }
    const announced = await tell(['policy', 'privacy'], 'PolicyNoticeGiven', given)
    const effect = { version, from: '2014-06-30' }
    const inForce = await tell(['policy', 'privacy'], 'PolicyTookEffect', effect)
    const retired = { version, from: '2015-01-01', reason: 'replaced' }
    const last = await tell(['policy', 'privacy'], 'PolicyRetired', retired)
    const views = await scene.views()
    const status = (position: number) =>
      views.policies(symphony, position as never).map((row) => [row.status, row.from, row.until])
    expect(status(published)).toEqual([['published', null, null]])
    expect(status(announced)).toEqual([['announced', null, null]])
    expect(status(inForce)).toEqual([['in-force', '2014-06-30', null]])
    expect(status(last)).toEqual([['retired', '2014-06-30', '2015-01-01']])
  })

  it('are recipients, with the contracts that were signed and not ended', async () => {
    const mailer = ['recipient', 'mailer'] as const
    const registered = { name: 'Mailer Inc.', recipientClass: 'email-processor', country: 'US' }
    await tell(mailer, 'RecipientRegistered', registered)
    const contract = { from: '2014-07-01', until: null, purposes: ['news'], categories: 'any' }
    await tell(mailer, 'ContractSigned', { reference: 'c1', ...contract })
    const two = await tell(mailer, 'ContractSigned', { reference: 'c2', ...contract })
    await tell(mailer, 'ContractEnded', { reference: 'c1', until: '2015-01-01' })
    const last = await tell(mailer, 'RecipientSuspended', { reason: 'breach' })
    const views = await scene.views()
    expect(views.recipients(symphony, two)).toEqual([
      { recipient: 'mailer', ...registered, suspended: false, contracts: 2 },
    ])
    expect(views.recipients(symphony, last)).toMatchObject([{ suspended: true, contracts: 1 }])
  })

  it('are business transfers', async () => {
    const t1 = ['transfer', 't1'] as const
    const scope = { everything: true }
    const proposal = { title: 'Sale', transaction: 'merger', acquirer: 'acme', scope }
    const proposed = await tell(t1, 'TransferProposed', proposal)
    const figures = { position: proposed, subjects: 2, items: 3, excluded: 1, notNotified: 0 }
    const manifest = { ...figures, digest: 'a'.repeat(64) }
    await tell(t1, 'TransferScoped', { scope, manifest })
    const posted = { channel: 'web-site', property: 'www.example.org', evidence: 'shot' }
    const last = await tell(t1, 'TransferNoticePosted', posted)
    const views = await scene.views()
    expect(views.transfers(symphony, proposed)).toMatchObject([
      { status: 'proposed', manifest: null, sitePosted: false },
    ])
    expect(views.transfers(symphony, last)).toMatchObject([
      { transfer: 't1', status: 'notified', manifest, sitePosted: true },
    ])
    expect(views.transfer(symphony, 't1' as never)).toMatchObject({ status: 'notified' })
    expect(views.transfer(symphony, 't2' as never)).toBeNull()
  })
})

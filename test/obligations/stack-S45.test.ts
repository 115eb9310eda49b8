import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LineInput } from '../../src/application/lines.ts'
import { Line } from '../../src/application/lines.ts'
import type { Caller } from '../../src/application/services.ts'
import {
  ControllerId,
  Day,
  Reference,
  type RecipientId,
  type SubjectId,
} from '../../src/domain/values.ts'
import { auditReport } from '../../src/reports/audit.ts'
import { takeManifest } from '../../src/reports/manifest.ts'
import { openStack, publishExample, type Stack } from '../support/stack.ts'
import { first, registerRecipient, registration, Someone } from '../support/whole-ledger.ts'

const acmeId = ControllerId.parse('acme-store')
const identifiers = [{ scheme: 'email' as const, value: 'ann@example.org' }]
const matter = Reference.parse('matter-1')
const request = Reference.parse('request-1')
const transfer = Reference.parse('transfer-1')
const policy = Reference.parse('acme-store-privacy')
const version = Day.parse('2014-06-30')

let stack: Stack
/** Speaks for the store; the stack's own caller speaks for the platform. */
let acme: Caller
let theirs: SubjectId
let ours: SubjectId

const order: LineInput = {
  ...{ type: 'collect', mode: 'enforce', source: 'shop', subject: { identifiers } },
  ...{ property: 'www.acme-store.example', channel: 'checkout', kind: 'shopper' },
  ...{ purposes: ['fulfil-order'], voluntaryAct: 'checkout' },
  values: { 'user.contact.email': { address: 'ann@example.org' } },
}

/** One data directory of two controllers, who know the same person. The platform has one of everything. */
beforeAll(async () => {
  stack = await openStack({ policy: false })
  const { custody, caller } = stack
  const { services } = custody
  acme = { ...caller, controller: acmeId }
  await services.policies.publish(
    acme,
    readFileSync('policies/acme-store-2014-06-30.yaml', 'utf8'),
    null,
  )
  const notice = { channel: 'email' as never, on: Day.parse('2014-06-01'), evidence: null }
  await services.policies.giveNotice(acme, { policy, version, ...notice })
  await services.policies.bringIntoEffect(acme, { policy, version })
  await publishExample(stack)
  await registerRecipient(stack, 'northwind', 'acquirer')

  const ann = new Someone(stack)
  ann.identifiers.splice(0, 1, ...identifiers)
  const held = await ann.asks(registration)
  expect(held.outcome).toBe('recorded')
  ours = held.subject!
  await ann.asks({ type: 'give-consent', purpose: 'diagnosis-and-improvement', channel: 'email' })
  await ann.asks({
    ...{ type: 'use', purpose: 'promotional-mail', optOutOffered: true },
    categories: ['user.contact.email'],
  })
  await ann.asks({
    ...{ type: 'share', purpose: 'legal-disclosure', recipient: 'northwind' },
    ...{ ground: 'legal-process', document: 'Order 7', approver: 'counsel' },
    categories: ['user.contact.email'],
  })
  await services.holds.place(caller, {
    ...{ matter, title: 'A matter', ground: 'court-order', document: 'Order' },
    scope: { everything: true },
  })
  await services.deletions.request(caller, {
    ...{
      subject: ours,
      deletion: Reference.parse('d-1'),
      cause: 'request',
      request: null,
      at: null,
    },
    scope: { categories: ['user.name' as never] },
  })
  const asked = { request, kind: 'access', purpose: null, channel: 'email' as never } as const
  await services.requests.receive(caller, { ...asked, subject: { subject: ours } })
  const scope = { everything: true } as const
  const proposal = { transfer, title: 'A sale', transaction: 'sale-of-assets', scope } as const
  await services.transfers.propose(caller, { ...proposal, acquirer: 'northwind' as RecipientId })
  await services.transfers.scope(caller, { transfer, scope })
  await custody.caughtUp()
}, 120_000)
afterAll(() => stack.dispose())

describe('S45: each customer is a controller of its own, and no query crosses controllers', () => {
  it('knows one person of two controllers under two pseudonyms', async () => {
    const { recording } = stack.custody.services
    const told = await recording.record(acme, Line.parse(order), null)
    if (told.outcome !== 'recorded') throw new Error(JSON.stringify(told))
    expect(told.flagged).toEqual([])
    theirs = told.subject!
    expect(theirs).not.toBe(ours)
    const { subjects } = stack.custody.services
    expect(await subjects.find(acme, { identifiers })).toBe(theirs)
    expect(await subjects.find(stack.caller, { identifiers })).toBe(ours)
    expect(await subjects.find(acme, { subject: ours })).toBeNull()
  })

  it('answers nothing of the one to the other, whichever view is asked', async () => {
    const { custody, caller } = stack
    await custody.caughtUp()
    const { views } = custody
    const position = views.position()
    const asOf = { position }
    const everything = { everything: true } as const
    const today = Day.parse('2030-01-01')
    const questions = {
      inventory: (of) => views.inventory(of, asOf, { subject: ours }, first).rows,
      standings: (of) => views.standings(of, asOf, { subject: ours }, first).rows,
      retention: (of) => views.retention(of, position, { subject: ours }, first).rows,
      disclosures: (of) => views.disclosures(of, asOf, { subject: ours }, first).rows,
      audit: (of) => views.audit(of, position, { subject: ours }, first).rows,
      holds: (of) => views.holds(of, position),
      requests: (of) => views.requests(of, position, first).rows,
      request: (of) => [views.request(of, request)].filter((row) => row !== null),
      pendingDeletions: (of) => views.pendingDeletions(of, position, first).rows,
      promotionalUses: (of) => views.promotionalUses(of, position, { subject: ours }, first).rows,
      recipients: (of) => views.recipients(of, position),
      transfers: (of) => views.transfers(of, position),
      transfer: (of) => [views.transfer(of, transfer)].filter((row) => row !== null),
      kindsOf: (of) => views.kindsOf(of, ours),
      manifest: (of) =>
        [...views.transferItems(of, position, everything, today)].filter(
          ({ subject }) => subject === ours,
        ),
    } satisfies Record<string, (of: ControllerId) => readonly unknown[]>
    for (const [name, ask] of Object.entries(questions)) {
      expect(ask(caller.controller).length, `${name} of its own controller`).toBeGreaterThan(0)
      expect(ask(acmeId), `${name} of the other`).toEqual([])
    }
  })

  it('counts, lists and reports only its own', async () => {
    const { custody, caller } = stack
    await custody.caughtUp()
    const { views } = custody
    const position = views.position()
    expect(views.counts(acmeId).subjects).toBe(1)
    const trail = views.audit(acmeId, position, {}, first).rows
    expect(trail.length).toBe(views.counts(acmeId).events)
    expect(trail.every(({ stream }) => /^[a-z]+-acme-store\//.test(stream))).toBe(true)
    expect(
      views.inventory(acmeId, { position }, {}, first).rows.map(({ subject }) => subject),
    ).toEqual([theirs])
    expect(views.policies(acmeId, position).map((row) => row.policy)).toEqual([policy])
    expect(views.policies(caller.controller, position).map((row) => row.policy)).toEqual([
      'symphony-commerce-privacy',
    ])
    const summary = views.auditSummary(acmeId, position)
    expect(summary.map(({ type }) => type)).not.toContain('DataShared')
    const period = { zone: 'UTC' as never, from: null, until: null }
    expect(JSON.stringify(auditReport(views, acmeId, position, period).figures)).not.toBe(
      JSON.stringify(auditReport(views, caller.controller, position, period).figures),
    )
    const manifest = takeManifest(views, acmeId, position, { everything: true }, version, transfer)
    expect(manifest.summary.subjects).toBe(1)
  })

  it('lets no service of the one touch what is of the other', async () => {
    const { custody } = stack
    const { services, views } = custody
    const before = views.audit(stack.caller.controller, views.position(), {}, first).rows.length
    const subject = { subject: ours }
    expect(
      await services.subjects.export(acme, { subject, request: null, reason: 'inspection' }),
    ).toBeNull()
    const use = {
      ...{ type: 'use', mode: 'enforce', source: 'shop', subject, purpose: 'fulfil-order' },
      ...{ property: 'www.acme-store.example', categories: ['user.contact.email'] },
    } as unknown as LineInput
    const used = await services.recording.record(acme, Line.parse(use), null)
    expect(used).toMatchObject({ outcome: 'refused', refusals: [{ code: 'subject_unknown' }] })
    const erased = await services.deletions.request(acme, {
      ...{
        subject: ours,
        deletion: Reference.parse('d-2'),
        cause: 'request',
        request: null,
        at: null,
      },
      scope: { everything: true },
    })
    expect(erased.outcome).toBe('refused')
    expect(await services.deletions.resume(acme, null, 100)).toEqual([])
    const released = await services.holds.release(acme, { matter, reason: 'not mine' })
    expect(released).toMatchObject({ outcome: 'refused', refusals: [{ code: 'not_found' }] })
    const verified = await services.requests.verify(acme, { request, method: 'x', handler: 'y' })
    expect(verified.outcome).toBe('refused')
    const executed = await services.transfers.execute(acme, { transfer, override: null })
    expect(executed.outcome).toBe('refused')
    const share = { ...use, type: 'share', recipient: 'northwind' } as unknown as LineInput
    const shared = await services.recording.record(
      acme,
      Line.parse({ ...share, subject: { subject: theirs } }),
      null,
    )
    expect(shared).toMatchObject({ outcome: 'refused', refusals: [{ code: 'recipient_unknown' }] })
    await custody.caughtUp()
    expect(views.audit(stack.caller.controller, views.position(), {}, first).rows.length).toBe(
      before,
    )
    expect(
      views.inventory(
        stack.caller.controller,
        { position: views.position() },
        { subject: ours },
        first,
      ).rows,
    ).not.toEqual([])
  })

  it('keeps a key of the one and a body of the other apart', async () => {
    const { recording } = stack.custody.services
    const operation = { key: 'the-same-key', body: 'body' }
    const line = Line.parse(order)
    const mine = await recording.record(acme, line, operation)
    const asked = { ...registration, mode: 'enforce', source: 'shop', subject: { identifiers } }
    const own = { ...asked, property: 'www.symphonycommerce.com' } as unknown as LineInput
    const other = await recording.record(stack.caller, Line.parse(own), {
      ...operation,
      body: 'another',
    })
    expect([mine.outcome, other.outcome]).toEqual(['recorded', 'recorded'])
  })

  it('refuses a policy of the one from the other', async () => {
    const { policies } = stack.custody.services
    const document = readFileSync('policies/acme-store-2014-06-30.yaml', 'utf8')
    expect(await policies.publish(stack.caller, document, null)).toMatchObject({
      ...{ outcome: 'invalid', field: 'controller.id' },
    })
  })

  it('opens nothing of the one with a token of the other', async () => {
    const { access } = stack.custody.services
    const step = { token: Reference.parse('crm'), role: 'officer', label: 'crm' } as const
    const { secret } = await access.issue(acme, step)
    expect(await access.identify(secret!)).toMatchObject({ controller: acmeId })
    const forged = secret!.replace('custody_acme-store_', 'custody_symphony-commerce_')
    expect(await access.identify(forged)).toBeNull()
  })

  it('refuses to collect for a visitor who volunteered nothing, by its own policy', async () => {
    const { recording } = stack.custody.services
    const told = await recording.record(
      acme,
      Line.parse({ ...order, voluntaryAct: undefined }),
      null,
    )
    expect(told).toMatchObject({
      outcome: 'refused',
      refusals: [{ code: 'voluntary_act_missing', obligation: 'S46' }],
    })
    const observed = {
      ...order,
      mode: 'observe',
      occurredAt: '2015-01-01T12:00:00.000Z',
      voluntaryAct: undefined,
    }
    const flagged = await recording.record(acme, Line.parse(observed), null)
    expect(flagged).toMatchObject({
      outcome: 'recorded',
      flagged: [{ code: 'voluntary_act_missing' }],
    })
  })
})

import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Line, type LineInput } from '../../src/application/lines.ts'
import { Reference } from '../../src/domain/values.ts'
import { verifyLedger } from '../../src/notary/verify.ts'
import { dumpViews } from '../../src/projections/dump.ts'
import { parseVerifierKey } from '../../src/proof/note.ts'
import { fillWithDue, run, stillDue, trail } from '../jobs/due-history.ts'
import { openCluster, type Cluster } from '../support/cluster.ts'
import { postgresMissing } from '../support/postgres.ts'
import { openStack, symphony, type Stack } from '../support/stack.ts'
import { registerRecipient } from '../support/whole-ledger.ts'

if (postgresMissing) console.log(postgresMissing)

const email = (value: string) => ({ identifiers: [{ scheme: 'email' as const, value }] })

const details = (value: string): LineInput => ({
  type: 'collect',
  mode: 'observe',
  source: 'crm',
  subject: email(value),
  property: 'www.symphonycommerce.com',
  channel: 'web-form',
  kind: 'prospect',
  purposes: ['contact-prospect'],
  selfIdentified: true,
  values: { 'user.contact.email': { address: value } },
})

const share = (value: string): LineInput => ({
  ...{ type: 'share', mode: 'enforce', source: 'crm', subject: email(value) },
  ...{ property: 'www.symphonycommerce.com', recipient: 'mailbird', purpose: 'email-processing' },
  categories: ['user.contact.email'],
})

const dumpOf = ({ configuration }: Stack) => [...dumpViews(configuration.viewsFile)]

describe.skipIf(postgresMissing !== null)('two nodes on one event store and one vault', () => {
  let cluster: Cluster
  let one: Stack
  let other: Stack
  beforeAll(async () => {
    cluster = await openCluster({ nodes: 2 })
    ;[one, other] = cluster.nodes as [Stack, Stack]
  }, 60_000)
  afterAll(() => cluster?.dispose())

  it('show on each what was written on the other, once its position is waited for', async () => {
    const [written] = await one.say(details('ada@example.org'))
    if (written?.outcome !== 'recorded') throw new Error(JSON.stringify(written))
    await other.custody.views.waitFor(written.position, 10_000)
    const { services } = other.custody
    expect(await services.subjects.find(other.caller, email('ADA@example.org'))).toBe(
      written.subject,
    )
    const held = other.custody.views.inventory(
      symphony,
      { position: written.position },
      { subject: written.subject! },
      { limit: 10, cursor: null },
    )
    expect(held.rows).toHaveLength(1)
  })

  it('make one subject of a person whom both meet at the same moment', async () => {
    const both = await Promise.all([one.say(details('bo@b.org')), other.say(details('bo@b.org'))])
    const subjects = both.flat().map((said) => ('subject' in said ? said.subject : said))
    expect(new Set(subjects).size).toBe(1)
  })

  it('share a suspension at once: it is acknowledged on one, and the next act on the other fails', async () => {
    await registerRecipient(one, 'mailbird', 'email-processor', 'email-processing')
    await other.say(details('cy@example.org'))
    const [permitted] = await other.say(share('cy@example.org'))
    expect(permitted).toMatchObject({ outcome: 'recorded' })
    const recipient = 'mailbird' as never
    await one.custody.services.recipients.suspend(one.caller, { recipient, reason: 'a breach' })
    const [refused] = await other.say(share('cy@example.org'))
    expect(refused).toMatchObject({ outcome: 'refused' })
  })

  it('give the first answer to a key that comes again on the other, without waiting', async () => {
    const line = Line.parse(details('di@example.org'))
    const operation = { key: 'again', body: 'the very bytes' }
    const first = await one.custody.services.recording.record(one.caller, line, operation)
    const again = await other.custody.services.recording.record(other.caller, line, operation)
    expect(again).toEqual({ ...first, repeated: true })
    const otherBody = { ...operation, body: 'other bytes' }
    const reused = await other.custody.services.recording.record(other.caller, line, otherBody)
    expect(reused).toEqual({ outcome: 'key_reused' })
  })

  it('open the cursors that the other sealed', () => {
    expect(one.custody.cursorKey).toEqual(other.custody.cursorKey)
    expect(one.custody.cursorKey).toHaveLength(32)
  })

  it('sign one history: no two roots for a size, however both sign at once', async () => {
    const roots = new Map<number, string>()
    for (let turn = 0; turn < 15; turn += 1) {
      const [one0, other0] = [one, other].map((node) =>
        node.say(details(`e${turn}@example.org`), details(`f${turn}@example.org`)),
      )
      const signing = [one, other].map(({ custody }) => custody.notary.checkpoint(symphony))
      await Promise.all([one0, other0])
      for (const signed of await Promise.all(signing)) {
        if (!signed) continue
        const root = signed.root.toString('base64')
        expect(roots.get(signed.size) ?? root).toBe(root)
        roots.set(signed.size, root)
      }
    }
    expect(roots.size).toBeGreaterThan(3)
    const identity = await one.custody.notary.identity(symphony)
    expect(await other.custody.notary.identity(symphony)).toEqual(identity)
    const { configuration } = one
    const verification = await verifyLedger({
      ledger: configuration.ledger,
      notaryPath: configuration.notaryFile,
      keys: [parseVerifierKey(identity.verifierKey)!],
      pinned: true,
      kept: [],
    })
    expect(verification).toMatchObject({ ok: true, keys: 'pinned', findings: [] })
    expect(verification.trees[0]!.checkpoints).toBeGreaterThanOrEqual(roots.size)
  })

  it('fold the same views, and so does a node that was away', async () => {
    const third = await cluster.join('away')
    await third.close()
    await one.say(...Array.from({ length: 40 }, (_, n) => details(`g${n}@example.org`)))
    const back = await third.reopen()
    try {
      for (const node of [one, other, back]) await node.custody.caughtUp()
      expect(dumpOf(back)).toEqual(dumpOf(one))
      expect(dumpOf(other)).toEqual(dumpOf(one))
    } finally {
      await back.close()
    }
  })

  it('lend a new node their views, which goes on from there', async () => {
    await one.custody.caughtUp()
    const configuration = cluster.configurationOf('newcomer')
    mkdirSync(dirname(configuration.viewsFile), { recursive: true })
    await one.custody.copyViews(configuration.viewsFile)
    const lent = dumpOf({ configuration } as Stack)
    expect(lent).toEqual(dumpOf(one))
    await other.say(details('hal@example.org'))
    const newcomer = await cluster.join('newcomer')
    expect(dumpOf(newcomer).length).toBeGreaterThan(lent.length)
    await one.custody.caughtUp()
    expect(dumpOf(newcomer)).toEqual(dumpOf(one))
    await newcomer.close()
  })

  it('do not believe views of another ledger: they fold their own', async () => {
    const embedded = await openStack()
    await embedded.say(details('ivy@example.org'))
    await embedded.custody.caughtUp()
    const configuration = cluster.configurationOf('misled')
    mkdirSync(dirname(configuration.viewsFile), { recursive: true })
    await embedded.custody.copyViews(configuration.viewsFile)
    await embedded.dispose()
    const misled = await cluster.join('misled')
    await one.custody.caughtUp()
    expect(dumpOf(misled)).toEqual(dumpOf(one))
    await misled.close()
  })
})

describe.skipIf(postgresMissing !== null)('jobs on two nodes at once', () => {
  const PEOPLE = { prospects: 12, visitors: 6, applicants: 5 }
  let cluster: Cluster
  let one: Stack
  let other: Stack
  beforeAll(async () => {
    cluster = await openCluster({ nodes: 2 })
    ;[one, other] = cluster.nodes as [Stack, Stack]
    await fillWithDue(one, PEOPLE)
    await other.custody.caughtUp()
  }, 60_000)
  afterAll(() => cluster?.dispose())

  it('do each deletion of the retention job once, and none that is on hold', async () => {
    await Promise.all([run(one), run(other)])
    for (const node of [one, other]) {
      await node.custody.caughtUp()
      const lots = stillDue(node)
      expect(lots).toHaveLength(PEOPLE.applicants)
      expect(lots.every(({ deferred }) => deferred)).toBe(true)
    }
    const people = PEOPLE.prospects + PEOPLE.visitors
    expect(trail(one, 'DataDeleted')).toHaveLength(people)
    expect(trail(one, 'DeletionRequested')).toHaveLength(people + PEOPLE.applicants)
    expect(trail(one, 'ActRefused')).toEqual([])
    const before = await one.custody.log.head()
    await Promise.all([run(one), run(other)])
    expect(await one.custody.log.head()).toBe(before)
  }, 60_000)

  it('erase a person once whom both are asked to erase, and neither seals for them again', async () => {
    const who = email('applicant-0@example.org')
    const matter = Reference.parse('matter-7')
    await other.custody.services.holds.release(other.caller, { matter, reason: 'settled' })
    await one.custody.caughtUp()
    const subject = (await one.custody.services.subjects.find(one.caller, who))!
    const asked = ([one, other] as const).map(({ custody, caller }) =>
      custody.services.deletions.request(caller, {
        ...{ subject, deletion: Reference.parse('please'), cause: 'request' as const },
        ...{ scope: { everything: true as const }, request: null, at: null },
      }),
    )
    const outcomes = (await Promise.all(asked)).map(({ outcome }) => outcome)
    expect(outcomes).toContain('deleted')
    await one.custody.caughtUp()
    const erased = trail(one, 'SubjectErased').filter((row) => row.subject === subject)
    expect(erased).toHaveLength(1)
    for (const { custody } of [one, other]) {
      expect(await custody.vault.holds(symphony, subject)).toBe(false)
    }
    const [again] = await other.say(details('applicant-0@example.org'))
    expect(again).toMatchObject({ outcome: 'recorded' })
    expect(again && 'subject' in again && again.subject).not.toBe(subject)
  }, 60_000)

  it('resume on one what the other had begun', async () => {
    const { deletions } = one.custody.services
    await other.custody.caughtUp()
    const resumed = await Promise.all([
      deletions.resume(one.caller, null, 100),
      other.custody.services.deletions.resume(other.caller, null, 100),
    ])
    await one.custody.caughtUp()
    expect(stillDue(one).filter(({ deferred }) => deferred)).toEqual([])
    const done = trail(one, 'DataDeleted').map(({ subject }) => subject)
    expect(new Set(done).size).toBe(done.length)
    expect(resumed.flat().length).toBeGreaterThan(0)
  }, 60_000)
})

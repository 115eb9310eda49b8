import { afterEach, describe, expect, it } from 'vitest'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configure } from '../../src/config.ts'
import { streamParts, type Envelope } from '../../src/domain/envelope.ts'
import { Reference, START, SubjectId, type Day } from '../../src/domain/values.ts'
import { runRetention } from '../../src/jobs/retention.ts'
import { decode } from '../../src/ledger/codec.ts'
import type { EventReader } from '../../src/ledger/event-log.ts'
import { openLedgerReader } from '../../src/ledger/place.ts'
import { openCustody } from '../../src/main.ts'
import { dumpViews } from '../../src/projections/dump.ts'
import { open } from '../../src/vault/sealing.ts'
import { runCli, type Place } from '../support/run-cli.ts'
import { ledgerSettings } from '../support/event-store-of.ts'
import { openStack, type Stack } from '../support/stack.ts'
import { first, prospectDetails, registration, Someone } from '../support/whole-ledger.ts'

const LONG_MS = 180_000
const asOf = '2017-07-01' as Day
const opened: Stack[] = []
afterEach(async () => {
  for (const stack of opened.splice(0).reverse()) await stack.dispose()
})

async function stackWithPolicy(): Promise<Stack> {
  const stack = await openStack()
  opened.push(stack)
  return stack
}

async function retention({ custody, caller }: Stack) {
  await custody.caughtUp()
  const { services, views } = custody
  const recordRun = services.runs.record.bind(services.runs)
  return (await runRetention({ services, views, caller, asOf, dryRun: false, recordRun })).summary
}

async function everything({ custody }: { custody: { log: EventReader } }): Promise<Envelope[]> {
  const all: Envelope[] = []
  for (;;) {
    const page = await custody.log.readAll(all.at(-1)?.position ?? START, 5000)
    if (page.length === 0) return all
    all.push(...page.map(decode))
  }
}

/** Tries to open every sealed value of the ledger; what is deleted must not open, and all else must. */
async function expectOnlyDeletedIsShut({ custody, caller }: Pick<Stack, 'custody' | 'caller'>) {
  const events = await everything({ custody })
  const gone = new Set(
    events.flatMap(({ type, stream, data }) =>
      type === 'DataDeleted' ? data.lots.map(({ lot }) => `${stream} ${lot}`) : [],
    ),
  )
  const counts = { shut: 0, open: 0 }
  for (const { id, stream, sealed } of events) {
    if (sealed.length === 0) continue
    const subject = SubjectId.parse(streamParts(stream).id)
    const keys = await custody.vault.openKeys(caller.controller, subject, sealed)
    for (const [index, box] of sealed.entries()) {
      const key = keys[index] ?? null
      if (gone.has(`${stream} ${box.lot}`)) {
        expect(key).toBeNull()
        counts.shut += 1
      } else {
        expect(key).not.toBeNull()
        const place = { controller: caller.controller, subject, eventId: id }
        expect(open(place, key!, box)).toMatchObject({ ok: true })
        counts.open += 1
      }
    }
  }
  return counts
}

describe('retention from the command line', () => {
  let directory: string
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  it(
    'changes nothing in a dry run, and in two processes at once deletes each lot once',
    { timeout: LONG_MS },
    async () => {
      directory = mkdtempSync(join(tmpdir(), 'custody-retention-'))
      const place: Place = {
        data: join(directory, 'data'),
        rootKeyFile: join(directory, 'root.key'),
      }
      const environment = {
        ...{ CUSTODY_DATA: place.data, CUSTODY_ROOT_KEY_FILE: place.rootKeyFile },
        ...ledgerSettings(place.data),
      }
      const configuration = configure(environment)
      await fill(configuration)

      const before = [...dumpViews(configuration.viewsFile)]
      const dry = await runCli(place, ['retention', 'run', '--as-of', asOf, '--dry-run', '--json'])
      expect(dry.code, dry.err).toBe(0)
      expect(JSON.parse(dry.out)).toMatchObject({ figures: { deleted: 120 } })
      const reader = await openLedgerReader(configuration.ledger)
      expect(
        (await everything({ custody: { log: reader } })).map(({ type }) => type),
      ).not.toContain('DeletionRequested')
      await reader.close()
      expect([...dumpViews(configuration.viewsFile)]).toEqual(before)

      const run = () => runCli(place, ['retention', 'run', '--as-of', asOf, '--json'])
      const ended = await Promise.all([run(), run()])
      for (const { code, err } of ended) expect(code, err).toBe(0)
      const figures = ended.map(
        ({ out }) => (JSON.parse(out) as { figures: { deleted: number } }).figures,
      )
      expect(figures[0]!.deleted + figures[1]!.deleted).toBeGreaterThanOrEqual(120)

      const custody = await openCustody(configuration)
      try {
        const deleted = (await everything({ custody })).flatMap(({ type, stream, data }) =>
          type === 'DataDeleted' ? data.lots.map(({ lot }) => `${stream} ${lot}`) : [],
        )
        expect(deleted).toHaveLength(120)
        expect(new Set(deleted).size).toBe(120)
        const { controller } = configuration
        const caller = { controller, principal: 'cli:test' as never, correlation: 'test' }
        const counts = await expectOnlyDeletedIsShut({ custody, caller })
        expect(counts).toEqual({ shut: 360, open: 20 })
        const digests = [...dumpViews(configuration.viewsFile)]
        await custody.rebuild(() => undefined)
        expect([...dumpViews(configuration.viewsFile)]).toEqual(digests)
      } finally {
        await custody.close()
      }
    },
  )

  /** 120 prospects whose time is over, and 10 account holders whose is not. */
  async function fill(configuration: ReturnType<typeof configure>): Promise<void> {
    const stack = await openStack({ configuration })
    try {
      const people = Array.from({ length: 130 }, () => new Someone(stack))
      const at = '2015-01-10T20:00:00.000Z'
      await Promise.all(
        people.map(async (person, index) => {
          await person.reports(at, index < 120 ? prospectDetails : registration)
          if (index >= 120) await person.reports(at, { type: 'open-account' })
        }),
      )
    } finally {
      await stack.dispose()
    }
  }
})

describe('a hold', () => {
  const referral = {
    ...{ type: 'collect', channel: 'web-form', kind: 'referred-person' },
    ...{ purposes: ['referral-mail'], providedBy: 'customer-7' },
    values: { 'user.contact.email': { address: 'friend@example.org' } },
  }

  async function erase({ custody, caller }: Stack, subject: SubjectId, name: string) {
    return custody.services.deletions.request(caller, {
      ...{ subject, deletion: Reference.parse(name), cause: 'request', request: null, at: null },
      scope: { everything: true },
    })
  }

  it(
    'is honoured on every path: retention, request and transient; its release resumes all of them',
    { timeout: LONG_MS },
    async () => {
      const stack = await stackWithPolicy()
      const { custody, caller } = stack
      const [due, asked, friend, free] = Array.from({ length: 4 }, () => new Someone(stack))
      await due!.reports('2015-01-10T20:00:00.000Z', prospectDetails)
      await asked!.reports('2015-01-10T20:00:00.000Z', registration)
      await asked!.reports('2015-01-10T20:00:00.000Z', { type: 'open-account' })
      const { event } = await friend!.reports('2017-06-30T20:00:00.000Z', referral)
      await free!.reports('2015-01-10T20:00:00.000Z', prospectDetails)
      const held = await Promise.all([due!, asked!, friend!].map((person) => person.subject()))
      const matter = Reference.parse('inquiry')
      await custody.services.holds.place(caller, {
        ...{ matter, title: 'An inquiry', ground: 'misuse-investigation', document: 'Memorandum' },
        scope: { subjects: held },
      })

      const mailed = await friend!.asks({
        ...{ type: 'use', purpose: 'referral-mail', collection: event },
        categories: ['user.contact.email'],
      })
      expect(mailed.outcome).toBe('recorded')
      expect(await retention(stack)).toMatchObject({ deleted: 1, deferredBy: { inquiry: 1 } })
      expect(await erase(stack, held[1]!, 'erase-asked')).toMatchObject({
        ...{ outcome: 'deferred', deleted: 0, holds: ['inquiry'] },
      })
      for (const person of [due!, asked!, friend!]) {
        expect(Object.keys(await person.opened()).length).toBeGreaterThan(0)
      }
      expect(await free!.opened()).toEqual({})
      // What waits is not taken up while the hold is in force, and says so where the views are behind.
      for (const { outcome } of await custody.services.deletions.resume(caller, null, 100)) {
        expect(outcome).toBe('waiting')
      }
      await custody.caughtUp()
      expect(await custody.services.deletions.resume(caller, null, 100)).toEqual([])

      await custody.services.holds.release(caller, { matter, reason: 'closed' })
      await custody.caughtUp()
      await retention(stack)
      expect(await due!.opened()).toEqual({})
      expect(await friend!.opened()).toEqual({})
      expect(await custody.vault.holds(caller.controller, held[1]!)).toBe(false)
      await custody.caughtUp()
      const { rows } = custody.views.pendingDeletions(
        caller.controller,
        custody.views.position(),
        first,
      )
      expect(rows).toEqual([])
      await expectOnlyDeletedIsShut(stack)
    },
  )

  it(
    'that another node has acknowledged is honoured by a deletion asked for the moment after',
    { timeout: LONG_MS },
    async () => {
      const stack = await stackWithPolicy()
      const beside = await stack.openBeside()
      try {
        for (let round = 0; round < 5; round += 1) {
          const ann = new Someone(stack)
          await ann.reports('2015-01-10T20:00:00.000Z', prospectDetails)
          const subject = await ann.subject()
          const { holds } = beside.custody.services
          const matter = Reference.parse(`matter-${round}`)
          await holds.place(beside.caller, {
            ...{ matter, title: 'A matter', ground: 'court-order', document: 'Order' },
            scope: { subjects: [subject] },
          })
          const outcome = await erase(stack, subject, `erase-${round}`)
          expect(outcome).toMatchObject({ outcome: 'deferred', holds: [matter] })
          expect(Object.keys(await ann.opened())).toHaveLength(3)
        }
      } finally {
        await beside.close()
      }
    },
  )
})

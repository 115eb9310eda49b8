import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compareWords, type Model, modelOf } from '../support/views-model.ts'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { Position } from '../../src/domain/values.ts'
import { decode } from '../../src/ledger/codec.ts'
import type { EventReader } from '../../src/ledger/event-log.ts'
import { openViewsDatabase } from '../../src/projections/database.ts'
import { dumpViews } from '../../src/projections/dump.ts'
import { createProjector } from '../../src/projections/projector.ts'
import { rebuild } from '../../src/projections/rebuild.ts'
import { openViews } from '../../src/projections/sqlite-views.ts'
import type { AsOf, Page, Paging, Views } from '../../src/projections/views.ts'
import { expectSameLines } from '../support/same-lines.ts'
import { createChronicle, instant, pseudonym } from '../support/envelopes.ts'
import { MemoryEventLog } from '../support/memory-log.ts'
import { categories, controllers, purposes, randomHistory } from '../support/random-history.ts'
import { randomFrom, seed } from '../support/seed.ts'

const events = 2_000
const random = randomFrom(seed())
const upTo = (n: number) => Math.floor(random() * n)
const pick = <T>(list: readonly T[]): T => list[upTo(list.length)]!

let directory: string
let log: MemoryEventLog
let positions: Position[]
let grown: string
let views: Views
let model: Model

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'custody-history-'))
  log = new MemoryEventLog()
  const chronicle = createChronicle(log)
  for (const told of randomHistory(random, events)) await chronicle.tell(told)
  const records = await log.readAll(0 as Position, events * 2)
  positions = records.map(({ position }) => position)
  model = modelOf(records.map(decode))
  grown = join(directory, 'grown.db')
  await grow(grown)
  views = openViews({ path: grown })
})
afterAll(() => {
  views.close()
  rmSync(directory, { recursive: true, force: true })
})

/** Folds in pieces of random size, with transactions that fail in the middle and processes that begin anew. */
async function grow(path: string): Promise<void> {
  let database = openViewsDatabase(path)
  let reader: EventReader = log
  for (;;) {
    const projector = createProjector({ reader, database, batch: 1 + upTo(200) })
    const from = projector.position()
    try {
      await projector.catchUp((from + upTo(20_000)) as Position)
    } catch (error) {
      expect(String(error)).toMatch(/UnreadableEvent/)
    }
    if (projector.position() === (await log.head())) break
    reader = random() < 0.3 ? spoiling(log) : log
    if (random() < 0.2) {
      database.close()
      database = openViewsDatabase(path)
    }
  }
  database.close()
}

/** The log, but the last record of a page cannot be read. */
function spoiling(log: MemoryEventLog): EventReader {
  const spoilt = Object.create(log) as MemoryEventLog
  spoilt.readAll = async (after, limit) => {
    const page = await log.readAll(after, limit)
    const last = page.at(-1)
    return last ? [...page.slice(0, -1), { ...last, body: '{}' }] : page
  }
  return spoilt
}

/** A page after another, of random size, to the end. */
function every<Row>(ask: (paging: Paging) => Page<Row>, limit = () => 1 + upTo(40)): Row[] {
  const rows: Row[] = []
  let cursor: string | null = null
  do {
    const size = limit()
    const page = ask({ limit: size, cursor })
    expect(page.rows.length).toBeLessThanOrEqual(size)
    if (page.next !== null) expect(page.rows.length).toBe(size)
    rows.push(...page.rows)
    cursor = page.next
  } while (cursor !== null)
  return rows
}

const whole = () => 1_000_000
const randomAsOf = (): AsOf => {
  const position = pick(positions)
  const day = `20${14 + upTo(5)}-0${1 + upTo(9)}-1${upTo(9)}`
  return random() < 0.5 ? { position } : { position, moment: instant(day) }
}

describe('views of a random history', () => {
  it('are the same to the byte whether they grew in pieces or were rebuilt', async () => {
    const fresh = join(directory, 'fresh.db')
    const { events: folded } = await rebuild({ reader: log, path: fresh })
    expect(folded).toBe(positions.length)
    const dump = [...dumpViews(fresh)]
    expect(dump.length).toBeGreaterThan(events)
    expectSameLines([...dumpViews(grown)], dump)
  })

  it('replace a file that others have open, who then see the new one', async () => {
    const before = [...dumpViews(grown)]
    const position = views.position()
    await rebuild({ reader: log, path: grown })
    expect(views.position()).toBe(position)
    expectSameLines([...dumpViews(grown)], before)
  })

  it('hold as of any position and moment what a plain model holds', () => {
    for (let round = 0; round < 30; round += 1) {
      const controller = pick(controllers)
      const asOf = randomAsOf()
      const filter = {
        ...(random() < 0.5 ? { subject: pseudonym(upTo(40)) } : {}),
        ...(random() < 0.3 ? { category: pick(categories) as never } : {}),
        ...(random() < 0.3 ? { kind: 'prospect' as never } : {}),
      }
      const rows = every((paging) => views.inventory(controller, asOf, filter, paging))
      const found = rows.map(({ subject, category, lot, began }) =>
        [subject, category, lot, began].join(' '),
      )
      expect(found.sort()).toEqual(model.inventory(controller, asOf, filter))
      const summary = views.inventorySummary(controller, asOf)
      expect(summary).toEqual(model.inventorySummary(controller, asOf))
    }
  })

  it('say as of any position and moment what stood, as the domain does', () => {
    for (let round = 0; round < 30; round += 1) {
      const controller = pick(controllers)
      const asOf = randomAsOf()
      const filter = {
        ...(random() < 0.5 ? { subject: pseudonym(upTo(40)) } : {}),
        ...(random() < 0.3 ? { purpose: pick(purposes) as never } : {}),
        ...(random() < 0.3 ? { matter: pick(['consent', 'objection'] as const) } : {}),
      }
      const rows = every((paging) => views.standings(controller, asOf, filter, paging))
      const found = rows.map(({ subject, matter, purpose, status, began }) =>
        [subject, matter, purpose, status, began].join(' '),
      )
      expect(found.sort()).toEqual(model.standings(controller, asOf, filter))
    }
  })

  it('say which lots are due and which deletions pend, as the domain does', () => {
    for (let round = 0; round < 20; round += 1) {
      const controller = pick(controllers)
      const position = pick(positions)
      const filter = random() < 0.5 ? { subject: pseudonym(upTo(40)) } : {}
      const rows = every((paging) => views.retention(controller, position, filter, paging))
      const found = rows.map(({ subject, lot, categories, kinds, dueOn, deletion, deferred }) =>
        [subject, lot, categories, kinds, dueOn, deletion, deferred].join(' '),
      )
      expect(found.sort()).toEqual(model.retention(controller, position, filter))
      const pending = every((paging) => views.pendingDeletions(controller, position, paging))
      const seen = pending.map(({ subject, deletion, status, holds, until, lots }) =>
        [subject, deletion, status, holds, until, [...lots].sort()].join(' '),
      )
      expect(seen.sort()).toEqual(model.pendingDeletions(controller, position))
    }
  })

  it('give the same rows whatever the size of a page', () => {
    const position = positions.at(-1 - upTo(50))!
    for (const controller of controllers) {
      const lists: ((paging: Paging) => Page<unknown>)[] = [
        (paging) => views.inventory(controller, { position }, {}, paging),
        (paging) =>
          views.inventory(controller, { position }, { category: 'name' as never }, paging),
        (paging) => views.standings(controller, { position }, {}, paging),
        (paging) => views.retention(controller, position, {}, paging),
        (paging) => views.retention(controller, position, { dueBy: '2016-06-01' as never }, paging),
        (paging) => views.retention(controller, position, { rule: 'marketing' as never }, paging),
        (paging) => views.disclosures(controller, { position }, {}, paging),
        (paging) =>
          views.disclosures(controller, { position }, { recipient: 'mailer' as never }, paging),
        (paging) => views.audit(controller, position, {}, paging),
        (paging) => views.audit(controller, position, { code: 'on_hold' }, paging),
        (paging) => views.audit(controller, position, { type: 'DataUsed' }, paging),
        (paging) => views.audit(controller, position, { subject: pseudonym(3) }, paging),
        (paging) => views.audit(controller, position, { from: instant('2015-01-01') }, paging),
        (paging) => views.requests(controller, position, paging),
        (paging) => views.pendingDeletions(controller, position, paging),
        (paging) => views.promotionalUses(controller, position, {}, paging),
      ]
      for (const [index, list] of lists.entries()) {
        const rows = every(list, whole)
        expect(every(list), `list ${index}`).toEqual(rows)
        if (rows.length < 100)
          expect(
            every(list, () => 1),
            `list ${index}`,
          ).toEqual(rows)
        expect(rows.length, `list ${index}`).toBeGreaterThan(0)
      }
    }
  })

  it('filter the trail as a plain filter would, and count it', () => {
    for (let round = 0; round < 15; round += 1) {
      const controller = pick(controllers)
      const position = pick(positions)
      const trail = every((paging) => views.audit(controller, position, {}, paging), whole)
      expect(trail.map((row) => row.position)).toEqual(model.positions(controller, position))
      const filter = pick([
        { type: 'DataUsed' },
        { outcome: 'refused' as const },
        { outcome: 'violated' as const, from: instant('2015-01-01'), until: instant('2016-01-01') },
        { code: 'consent_missing' },
        { obligation: 'S6' },
        { purpose: 'newsletter' as never },
        { recipient: 'court' as never },
        { principal: 'import:1' as never, subject: pseudonym(upTo(40)) },
      ])
      const rows = every((paging) => views.audit(controller, position, filter, paging))
      expect(rows).toEqual(trail.filter((row) => compareWords(row, filter)))
      const summary = views.auditSummary(controller, position)
      expect(summary.reduce((sum, { events }) => sum + events, 0)).toBe(trail.length)
      for (const { type, outcome, code, events } of summary) {
        const same = trail.filter(
          (it) => it.type === type && it.outcome === outcome && it.code === code,
        )
        expect(same.length).toBe(events)
      }
    }
  })

  it('know which position was reached when, as recorded', () => {
    for (let round = 0; round < 200; round += 1) {
      const controller = pick(controllers)
      const moment = new Date(Date.parse('2018-01-01') + upTo(events * 400)).toJSON()
      expect(views.positionAt(controller, moment as never)).toBe(
        model.positionAt(controller, moment),
      )
    }
  })

  it('answer nothing of one controller to another', () => {
    const position = positions.at(-1)!
    const [one, other] = controllers as [(typeof controllers)[0], (typeof controllers)[0]]
    const rows = (controller: typeof one) =>
      every((paging) => views.audit(controller, position, {}, paging), whole)
    const events = new Set(rows(one).map(({ event }) => event))
    expect(rows(other).some(({ event }) => events.has(event))).toBe(false)
    expect(views.counts(one).events + views.counts(other).events).toBe(positions.length)
    expect(
      views.inventory('nobody' as never, { position }, {}, { limit: 5, cursor: null }),
    ).toEqual({
      rows: [],
      next: null,
    })
  })
})

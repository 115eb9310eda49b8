import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventLog } from '../../src/ledger/event-log.ts'
import { openSqliteEventLog } from '../../src/ledger/sqlite/event-log.ts'
import { openViewsDatabase, schemaVersion, versionOf } from '../../src/projections/database.ts'
import { dumpViews } from '../../src/projections/dump.ts'
import { startProjectorThread } from '../../src/projections/projector-thread.ts'
import { createProjector } from '../../src/projections/projector.ts'
import { rebuild } from '../../src/projections/rebuild.ts'
import { openViews } from '../../src/projections/sqlite-views.ts'
import { ViewsBehind } from '../../src/projections/views.ts'
import { openDatabase } from '../../src/sqlite/open.ts'
import { createChronicle, pseudonym, saying, symphony, used } from '../support/envelopes.ts'
import { randomHistory } from '../support/random-history.ts'
import { expectSameLines } from '../support/same-lines.ts'
import { randomFrom, seed } from '../support/seed.ts'

let directory: string
let ledgerPath: string
let viewsPath: string
let log: EventLog
let chronicle: ReturnType<typeof createChronicle>

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'custody-projector-'))
  ledgerPath = join(directory, 'ledger.db')
  viewsPath = join(directory, 'views.db')
  log = await openSqliteEventLog({ path: ledgerPath })
  chronicle = createChronicle(log)
})
afterEach(async () => {
  await log.close()
  rmSync(directory, { recursive: true, force: true })
})

const use = (n: number) =>
  chronicle.tell(saying(['subject', pseudonym(n)], 'DataUsed', used('2014-07-01', 'support')))

describe('a projector', () => {
  it('goes on from where the file stands, up to where it is asked', async () => {
    const positions = [await use(1), await use(2), await use(3)]
    const database = openViewsDatabase(viewsPath)
    const first = createProjector({ reader: log, database })
    expect(await first.catchUp(positions[0])).toBe(positions[0])
    const second = createProjector({ reader: log, database, batch: 1 })
    expect(second.position()).toBe(positions[0])
    expect(await second.catchUp()).toBe(positions[2])
    database.close()
  })

  it('shares a file with another one, and neither folds an event twice nor skips one', async () => {
    const advances: number[] = []
    const one = openViewsDatabase(viewsPath)
    const two = openViewsDatabase(viewsPath)
    const projectors = [one, two].map((database) =>
      createProjector({
        reader: log,
        database,
        batch: 7,
        onAdvance: ({ position }) => advances.push(position),
      }),
    )
    const stopping = new AbortController()
    const running = projectors.map((projector) => projector.run(stopping.signal))
    let last = 0
    for (let n = 0; n < 200; n += 1) last = await use(n % 20)
    while (projectors[0]!.position() < last) await sleep(5)
    stopping.abort()
    await Promise.all(running)
    one.close()
    two.close()
    const fresh = join(directory, 'fresh.db')
    await rebuild({ reader: log, path: fresh })
    expectSameLines([...dumpViews(viewsPath)], [...dumpViews(fresh)])
    expect(advances.length).toBeGreaterThan(0)
  })

  it('refills a file of another version', async () => {
    const position = await use(1)
    const old = openDatabase(viewsPath)
    old.exec(`CREATE TABLE inventory (x); CREATE TABLE gone (y); PRAGMA user_version = 99999`)
    old.close()
    const database = openViewsDatabase(viewsPath)
    expect(versionOf(database)).toBe(schemaVersion)
    expect(await createProjector({ reader: log, database }).catchUp()).toBe(position)
    database.close()
  })

  it('stops when another version took the file over', async () => {
    await use(1)
    const database = openViewsDatabase(viewsPath)
    const projector = createProjector({ reader: log, database })
    database.exec('PRAGMA user_version = 99999')
    await expect(projector.catchUp()).rejects.toThrow(/another version/)
    database.close()
  })

  it('says which file it could not open', () => {
    writeFileSync(viewsPath, 'no database, though it is long enough for a header. '.repeat(50))
    expect(() => openViewsDatabase(viewsPath)).toThrow(/couldn't open .*views\.db/)
  })
})

describe("the projector's thread", () => {
  it('follows, says how far and of which streams, and lets a reader wait for its write', async () => {
    const before = await use(1)
    const thread = await startProjectorThread({
      ledger: { store: 'sqlite', file: ledgerPath },
      viewsPath,
    })
    const views = openViews({ path: viewsPath, projector: thread })
    const kinds = new Set<string>()
    const deaf = thread.onAdvance((advance) => advance.kinds.forEach((kind) => kinds.add(kind)))
    await views.waitFor(before, 20_000)
    const took: number[] = []
    for (let n = 0; n < 20; n += 1) {
      const position = await use(n)
      const asked = performance.now()
      await views.waitFor(position, 20_000)
      took.push(performance.now() - asked)
      expect(views.position()).toBeGreaterThanOrEqual(position)
    }
    took.sort((a, b) => a - b)
    console.log(`a read waited ${took[10]!.toFixed(1)} ms for its write (median)`)
    const hold = { title: 'Suit', ground: 'safety', scope: { everything: true }, document: 'D1' }
    const held = await chronicle.tell(saying(['hold', 'm1'], 'HoldPlaced', hold))
    await views.waitFor(held, 20_000)
    expect(views.holds(symphony, held)).toHaveLength(1)
    expect(kinds).toEqual(new Set(['subject', 'hold']))
    deaf()
    expect(thread.position()).toBe(held)
    await thread.stop()
    const missed = await use(9)
    await expect(views.waitFor(missed, 50)).rejects.toThrow(ViewsBehind)
    views.close()
  })

  it('cannot start without a ledger, and says so', async () => {
    const none = join(directory, 'none.db')
    const starting = startProjectorThread({ ledger: { store: 'sqlite', file: none }, viewsPath })
    await expect(starting).rejects.toThrow(/couldn't start the projector: couldn't open .*none\.db/)
  })

  it('goes on behind an event that it could not read, once it can', async () => {
    const thread = await startProjectorThread({
      ledger: { store: 'sqlite', file: ledgerPath },
      viewsPath,
    })
    const troubles: string[] = []
    thread.onTrouble((message) => troubles.push(message))
    const stream = `subject-symphony-commerce/${pseudonym(1)}` as never
    const unreadable = { id: '0190f000-0000-7000-8000-00000000ffff', type: 'Unknown', body: '{}' }
    await log.append(stream, -1, [unreadable as never])
    const waiting = thread.waitFor(await log.head(), 400)
    await expect(waiting).rejects.toThrow(/did not reach .*: couldn't read Unknown at position/)
    expect(troubles[0]).toMatch(/couldn't read Unknown/)
    const repair = openDatabase(ledgerPath)
    repair.exec('DROP TRIGGER IF EXISTS event_append_only; DELETE FROM event')
    repair.close()
    const next = await use(2)
    await thread.waitFor(next, 10_000)
    await thread.stop()
  })
})

describe('views without a projector of their own', () => {
  it('wait for somebody else to fold', async () => {
    const views = openViews({ path: viewsPath })
    const position = await use(1)
    const waiting = views.waitFor(position, 20_000)
    const database = openViewsDatabase(viewsPath)
    await createProjector({ reader: log, database }).catchUp()
    await waiting
    expect(views.counts(symphony)).toEqual({ subjects: 1, events: 1 })
    await expect(views.waitFor((position + 1) as never, 20)).rejects.toThrow(ViewsBehind)
    database.close()
    views.close()
  })
})

describe('a projector that is killed', () => {
  it('at any moment, leaves views that another makes whole', async () => {
    const random = randomFrom(seed())
    const worker = new URL('../support/projecting.ts', import.meta.url).pathname
    const run = () => spawn(process.execPath, [worker, ledgerPath, viewsPath], { stdio: 'ignore' })
    const told = randomHistory(random, 900)
    for (let kill = 0; kill < 6; kill += 1) {
      const child = run()
      const ended = new Promise((resolve) => child.once('exit', resolve))
      for (let n = 0; n < 150; n += 1) {
        const next = told.next()
        if (!next.done) await chronicle.tell(next.value)
      }
      await sleep(random() * 200)
      child.kill('SIGKILL')
      await ended
    }
    const database = openViewsDatabase(viewsPath)
    await createProjector({ reader: log, database }).catchUp()
    database.close()
    const fresh = join(directory, 'fresh.db')
    await rebuild({ reader: log, path: fresh })
    expectSameLines([...dumpViews(viewsPath)], [...dumpViews(fresh)])
  }, 120_000)
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { StreamName } from '../../src/domain/envelope.ts'
import type { Revision } from '../../src/domain/values.ts'
import { NO_STREAM, type EventLog, type EventReader } from '../../src/ledger/event-log.ts'
import { openEventStoreLog } from '../../src/ledger/eventstore/event-log.ts'
import { openSqliteEventLog } from '../../src/ledger/sqlite/event-log.ts'
import { openSqliteEventReader } from '../../src/ledger/sqlite/event-reader.ts'
import { MigrationRefused, migrateLedger } from '../../src/migration/ledger.ts'
import { acme, beta, everything, openDesk, reference } from '../notary/support.ts'
import { createChronicle } from '../support/envelopes.ts'
import { StandIn } from '../support/eventstore/stand-in.ts'
import { record, records, stream } from '../support/log-records.ts'
import { controllers, randomHistory } from '../support/random-history.ts'
import { randomFrom, seed } from '../support/seed.ts'

const program = fileURLToPath(new URL('../support/migrate-process.ts', import.meta.url))

let standIn: StandIn
let directory: string
let path: string
let target: EventLog

beforeAll(async () => {
  standIn = await StandIn.start()
})
afterAll(() => standIn.kill())
beforeEach(async () => {
  await standIn.tell({ kind: 'reset' })
  await standIn.tell({ kind: 'foreign', count: 40, stream: '$stats-127.0.0.1:2113' })
  directory = mkdtempSync(join(tmpdir(), 'custody-migration-'))
  path = join(directory, 'ledger.sqlite')
  target = openEventStoreLog({ connectionString: standIn.connectionString })
})
afterEach(async () => {
  await target.close()
  rmSync(directory, { recursive: true, force: true })
})

describe('moving a ledger', { timeout: 120_000 }, () => {
  it('copies every record, in its order, and finds the same trees', async () => {
    await write(path, randomFrom(seed()), 1_500)
    const before = readFileSync(path)
    const moved = await move()
    const [source, there] = await both()
    expect(there.map(withoutPosition)).toEqual(source.map(withoutPosition))
    expect(there.every(({ position }, at) => at === 0 || position > there[at - 1]!.position)).toBe(
      true,
    )
    expect(moved).toMatchObject({ records: source.length, appended: source.length })
    expect(moved.trees.map(({ controller }) => controller)).toEqual([...controllers].sort())
    for (const { controller, size, root } of moved.trees) {
      const due = await reference(target, controller)
      expect([size, root]).toEqual([due.size, due.root.toString('base64')])
    }
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  it('puts what stands together in one stream into few appends, and none into one too large', async () => {
    const log = await openSqliteEventLog({ path })
    await log.append(stream('one'), NO_STREAM, records(1_300))
    await log.append(stream('two'), NO_STREAM, [
      record('x'.repeat(400_000)),
      record('y'.repeat(400_000)),
    ])
    await log.append(stream('one'), 1_299 as Revision, records(2))
    await log.close()
    const before = await standIn.counts()
    await expect(move()).resolves.toMatchObject({ records: 1_304 })
    expect((await standIn.counts()).appends - before.appends).toBe(3 + 2 + 1)
  })

  it('says what it has, and appends nothing, when all is there', async () => {
    await write(path, randomFrom(seed()), 200)
    const first = await move()
    const { appends } = await standIn.counts()
    expect(await move()).toEqual({ ...first, appended: 0 })
    expect((await standIn.counts()).appends).toBe(appends)
  })

  it('moves into a namespace beside another ledger', async () => {
    await write(path, randomFrom(seed()), 200)
    await target.append(stream('another'), NO_STREAM, records(3))
    const beside = openEventStoreLog({
      connectionString: standIn.connectionString,
      namespace: 'moved',
    })
    await move(beside)
    expect((await everything(beside)).map(withoutPosition)).toEqual(
      (await sourceRecords()).map(withoutPosition),
    )
    await beside.close()
  })

  it('an empty ledger, too', async () => {
    await (await openSqliteEventLog({ path })).close()
    expect(await move()).toEqual({ records: 0, appended: 0, trees: [] })
  })
})

describe('a target that is no beginning of the source', { timeout: 120_000 }, () => {
  it('is refused where it has a record that is not there', async () => {
    await write(path, randomFrom(seed()), 100)
    const source = await sourceRecords()
    for (const one of source.slice(0, 20)) {
      await target.append(one.stream, (one.revision - 1) as Revision, [one])
    }
    const foreign = record('foreign')
    await target.append(stream('foreign'), NO_STREAM, [foreign])
    await expectRefused(/^record 21 of the target is DataUsed/, foreign.id, source[20]!.id)
    expect(await everything(target)).toHaveLength(21)
  })

  it('is refused where a record has other bytes, or stands elsewhere', async () => {
    await write(path, randomFrom(seed()), 50)
    const [first, second] = await sourceRecords()
    await target.append(first!.stream, NO_STREAM, [{ ...first!, body: `${first!.body} ` }])
    await expectRefused(/^record 1 of the target .*, with other bytes in its body/)
    await standIn.tell({ kind: 'reset' })
    await target.append(second!.stream, NO_STREAM, [second!])
    await expectRefused(/^record 1 of the target/, second!.id, first!.id)
    await standIn.tell({ kind: 'reset' })
    await target.append(`${first!.stream}x` as StreamName, NO_STREAM, [first!])
    await expectRefused(/^record 1 of the target/, `${first!.stream}x@0`)
  })

  it('is refused where it holds more', async () => {
    await write(path, randomFrom(seed()), 50)
    await move()
    const more = record('recorded on the cluster')
    await target.append(stream('new'), NO_STREAM, [more])
    await expectRefused(/^the target holds more than the source: record \d+ of the target/, more.id)
  })
})

describe('what was signed', { timeout: 120_000 }, () => {
  it('is found again in the target', async () => {
    const desk = await signedLedger()
    const moved = await move(target, desk.ledgerPath)
    expect(moved.trees).toEqual([
      {
        controller: acme,
        size: 45,
        root: (await desk.root(acme)).toString('base64'),
        newest: { origin: `custody.test/${acme}`, size: 40, signedAt: expect.any(String) },
      },
      {
        controller: beta,
        size: 7,
        root: (await desk.root(beta)).toString('base64'),
        newest: { origin: `custody.test/${beta}`, size: 7, signedAt: expect.any(String) },
      },
    ])
    await desk.dispose()
  })

  it.each(['a body', 'an id', 'two ids of one stream'])(
    'is not that of a source in which somebody altered %s; nothing is written',
    async (what) => {
      const desk = await signedLedger()
      const source = new DatabaseSync(desk.ledgerPath)
      if (what === 'a body') {
        source.exec(`UPDATE event SET body = body || ' ' WHERE position = 12`)
      } else if (what === 'an id') {
        source.exec('UPDATE event SET id = randomblob(16) WHERE position = 12')
      } else {
        source.exec(
          `UPDATE event SET id = CASE position WHEN 12 THEN (SELECT id FROM event WHERE position = 13)
             ELSE (SELECT id FROM event WHERE position = 12) END WHERE position IN (12, 13)`,
        )
      }
      source.close()
      await expect(move(target, desk.ledgerPath)).rejects.toThrow(
        new MigrationRefused(
          `the ledger is not what was signed: the tree of ${acme} has another root than its newest ` +
            "checkpoint; 'custody verify' says where",
        ),
      )
      expect(await everything(target)).toEqual([])
      await desk.dispose()
    },
  )

  it('is not that of a source whose end is missing', async () => {
    const desk = await signedLedger()
    const source = new DatabaseSync(desk.ledgerPath)
    // The checkpoints stay, and some of what they are of goes.
    source.exec(`DELETE FROM event WHERE position BETWEEN 40 AND 48 OR position > 50`)
    source.close()
    await expect(move(target, desk.ledgerPath)).rejects.toThrow('is not what was signed')
    await desk.dispose()
  })
})

describe('a move that is killed', { timeout: 120_000 }, () => {
  it('goes on where the target stands, 12 times over', { timeout: 240_000 }, async () => {
    const random = randomFrom(seed())
    await write(path, random, 1_200)
    const source = await sourceRecords()
    let reached = 0
    for (let kill = 0; kill < 12; kill += 1) {
      const least = await killedAfter(1 + Math.floor(random() * 50), random() * 10)
      const there = await everything(target)
      expect(there.map(withoutPosition)).toEqual(source.slice(0, there.length).map(withoutPosition))
      // What was said is there, and the next run went on from what was there.
      expect(there.length).toBeGreaterThanOrEqual(least)
      expect(there.length).toBeGreaterThan(reached)
      reached = there.length
    }
    expect(reached).toBeLessThan(source.length)
    expect(await move()).toMatchObject({
      records: source.length,
      appended: source.length - reached,
    })
    expect((await everything(target)).map(withoutPosition)).toEqual(source.map(withoutPosition))
  })

  it('takes what it had sent and what arrives late for its own', async () => {
    const log = await openSqliteEventLog({ path })
    await log.append(stream('one'), NO_STREAM, records(1_300))
    await log.append(stream('two'), NO_STREAM, records(1))
    await log.close()
    const source = await sourceRecords()
    await target.append(stream('one'), NO_STREAM, source.slice(0, 500))
    const reader = openSqliteEventReader(path)
    const moved = await migrateLedger({
      source: reader,
      target,
      // The target was looked at, and now the last append of the run that was killed gets there.
      prepare: async () => {
        await target.append(stream('one'), 499 as Revision, source.slice(500, 1_000))
      },
    })
    await reader.close()
    expect(moved).toMatchObject({ records: 1_301 })
    expect((await everything(target)).map(withoutPosition)).toEqual(source.map(withoutPosition))
  })

  it('stops where something else writes to the target meanwhile', async () => {
    await write(path, randomFrom(seed()), 50)
    const [first] = await sourceRecords()
    const reader = openSqliteEventReader(path)
    const moving = migrateLedger({
      source: reader,
      target,
      prepare: async () => {
        await target.append(first!.stream, NO_STREAM, [record('foreign')])
      },
    })
    await expect(moving).rejects.toThrow('something else writes to it')
    await reader.close()
    expect(await everything(target)).toHaveLength(1)
  })

  it('goes on through restarts of the server', { timeout: 120_000 }, async () => {
    const random = randomFrom(seed())
    const kept = await StandIn.start({ path: join(directory, 'journal') })
    const log = openEventStoreLog({ connectionString: kept.connectionString, patienceMs: 60_000 })
    await write(path, random, 800)
    let isDone = false
    const moving = move(log).finally(() => (isDone = true))
    for (let time = 0; time < 5 && !isDone; time += 1) {
      await sleep(50 + random() * 200)
      await kept.kill()
      await kept.restart()
    }
    await moving
    expect((await everything(log)).map(withoutPosition)).toEqual(
      (await sourceRecords()).map(withoutPosition),
    )
    await log.close()
    await kept.kill()
  })
})

/** Runs the move in a process of its own, which is killed after so many appends; what it had said by then. */
async function killedAfter(appends: number, delayMs: number): Promise<number> {
  const child = spawn(
    process.execPath,
    [program, path, standIn.connectionString, String(appends), String(delayMs)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const said: number[] = []
  createInterface({ input: child.stdout }).on('line', (line) => void said.push(Number(line)))
  const [, signal] = (await once(child, 'close')) as [number | null, string | null]
  expect(signal).toBe('SIGKILL')
  return said.at(-1)!
}

async function move(into: EventLog = target, from: string = path) {
  const source = openSqliteEventReader(from)
  try {
    return await migrateLedger({ source, target: into })
  } finally {
    await source.close()
  }
}

async function write(file: string, random: () => number, events: number): Promise<void> {
  const log = await openSqliteEventLog({ path: file })
  const chronicle = createChronicle(log)
  for (const told of randomHistory(random, events)) await chronicle.tell(told)
  await log.close()
}

async function sourceRecords() {
  const source: EventReader = openSqliteEventReader(path)
  const found = await everything(source)
  await source.close()
  return found
}

const both = () => Promise.all([sourceRecords(), everything(target)])

function withoutPosition<T extends { position: unknown }>({ position: _, ...rest }: T) {
  return rest
}

/** Refused, with these words; what was there before is there still. */
async function expectRefused(message: RegExp, ...words: string[]): Promise<void> {
  const before = await everything(target)
  const refused = await move().catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(MigrationRefused)
  expect((refused as Error).message).toMatch(message)
  for (const word of words) expect((refused as Error).message).toContain(word)
  expect(await everything(target)).toEqual(before)
}

/** A ledger of two controllers of which checkpoints were signed, closed. */
async function signedLedger() {
  const desk = await openDesk(mkdtempSync(join(directory, 'desk-')))
  await desk.tell(acme, 1, 20)
  await desk.tell(beta, 1, 7)
  await desk.notary.checkpoint(acme)
  await desk.tell(acme, 2, 20)
  await desk.notary.checkpoint(acme)
  await desk.notary.checkpoint(beta)
  await desk.tell(acme, 3, 5)
  const roots = new Map([acme, beta].map((one) => [one, reference(desk.log, one)]))
  const root = async (controller: typeof acme) => (await roots.get(controller)!).root
  await root(acme)
  await root(beta)
  await desk.close()
  return { ...desk, root }
}

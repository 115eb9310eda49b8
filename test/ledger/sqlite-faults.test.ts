import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { START, type Revision } from '../../src/domain/values.ts'
import { LogUnavailable, NO_STREAM, type EventLog } from '../../src/ledger/event-log.ts'
import { openSqliteEventLog } from '../../src/ledger/sqlite/event-log.ts'
import { openSqliteEventReader } from '../../src/ledger/sqlite/event-reader.ts'
import { openDatabase } from '../../src/sqlite/open.ts'
import { record, records, stream } from '../support/log-records.ts'

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'custody-log-'))
  path = join(directory, 'ledger.db')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const large = (index: number) => ({ ...record(String(index)), body: `"${'x'.repeat(20_000)}"` })

async function appendUntilRefused(log: EventLog): Promise<{ appended: number; error: unknown }> {
  for (let index = 0; index < 1000; index += 1) {
    try {
      await log.append(stream('large'), (index - 1) as Revision, [large(index)])
    } catch (error) {
      return { appended: index, error }
    }
  }
  throw new Error('the disk is endless')
}

describe('a full disk', () => {
  it('refuses writes, keeps reading, and takes writes again when there is room', async () => {
    const fatal: Error[] = []
    const maximumBytes = 512 * 1024
    const log = await openSqliteEventLog({ path, maximumBytes, onFatal: (e) => fatal.push(e) })
    const { appended, error } = await appendUntilRefused(log)
    expect(error).toBeInstanceOf(LogUnavailable)
    expect(String(error)).toMatch(/couldn't append to the event log: database or disk is full/)
    expect(await log.readStream(stream('large'), 0 as Revision, 1000)).toHaveLength(appended)
    const again = log.append(stream('large'), (appended - 1) as Revision, [large(appended)])
    await expect(again).rejects.toThrow(LogUnavailable)
    await log.close()

    const roomy = await openSqliteEventLog({ path })
    const answer = await roomy.append(stream('large'), (appended - 1) as Revision, [
      large(appended),
    ])
    expect(answer).toMatchObject({ status: 'appended', revision: appended })
    expect(fatal).toEqual([])
    await roomy.close()
  })
})

describe('a failed write', () => {
  it('makes the log refuse everything further, say so once, and keep reading', () => {
    // A limit on the size of files makes the write itself fail, as a dying disk does.
    const program = fileURLToPath(new URL('../support/log-failing-process.ts', import.meta.url))
    const script = `ulimit -f 512 && exec "$0" "$1" "$2"`
    const child = spawnSync('sh', ['-c', script, process.execPath, program, path], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    expect(child.stderr).toBe('')
    const told = JSON.parse(child.stdout) as Record<string, unknown>
    expect(told).toMatchObject({
      first: expect.stringMatching(/^LogUnavailable: couldn't append .*disk I\/O error/),
      next: expect.stringMatching(/^LogUnavailable: couldn't append .*disk I\/O error/),
      fatal: 1,
    })
    expect(told['read']).toBe(told['appended'])
    expect(told['appended']).toBeGreaterThan(0)
  }, 90_000)
})

describe('another process that holds the lock', () => {
  it('is waited for', async () => {
    const log = await openSqliteEventLog({ path })
    const other = openDatabase(path)
    other.exec('BEGIN IMMEDIATE')
    const appending = log.append(stream('a'), NO_STREAM, records(1))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await log.head()).toBe(START)
    other.exec('ROLLBACK')
    other.close()
    expect(await appending).toMatchObject({ status: 'appended' })
    await log.close()
  })
})

describe('a file that is not ours', () => {
  it('is not opened as a ledger, and is left as it was', async () => {
    const other = openDatabase(path)
    other.exec('CREATE TABLE cats (name TEXT)')
    await expect(openSqliteEventLog({ path })).rejects.toThrow(/no ledger/)
    expect(() => openSqliteEventReader(path)).toThrow(/couldn't open .*no ledger/)
    const tables = other.prepare('SELECT name FROM sqlite_schema').all()
    expect(tables).toEqual([{ name: 'cats' }])
    other.close()
  })

  it('is not opened when a newer build laid it out', async () => {
    await (await openSqliteEventLog({ path })).close()
    const database = openDatabase(path)
    database.exec('PRAGMA user_version = 99')
    database.close()
    await expect(openSqliteEventLog({ path })).rejects.toThrow(/version 99, not 1/)
  })

  it('is not made by a reader', () => {
    expect(() => openSqliteEventReader(path)).toThrow(/couldn't open/)
  })
})

describe('a reader', () => {
  it('sees what the log appends, and follows it, with no thread of its own', async () => {
    const log = await openSqliteEventLog({ path })
    const reader = openSqliteEventReader(path)
    const controller = new AbortController()
    const follower = reader.follow(START, 10, controller.signal)[Symbol.asyncIterator]()
    const next = follower.next()
    await log.append(stream('a'), NO_STREAM, records(3))
    expect((await next).value).toEqual(await log.readAll(START, 10))
    controller.abort()
    expect((await follower.next()).done).toBe(true)
    await reader.close()
    await log.close()
  })
})

describe('records that cannot be packed', () => {
  it('are refused alone', async () => {
    const log = await openSqliteEventLog({ path })
    const wrong = { ...record('x'), id: 'not-a-uuid' as never }
    const good = log.append(stream('a'), NO_STREAM, records(1))
    await expect(log.append(stream('b'), NO_STREAM, [record('y'), wrong])).rejects.toThrow(
      /not-a-uuid is no UUID/,
    )
    const alsoGood = log.append(stream('c'), NO_STREAM, [large(1), large(2)])
    expect(await good).toMatchObject({ status: 'appended' })
    expect(await alsoGood).toMatchObject({ status: 'appended', revision: 1 })
    expect(await log.readAll(START, 10)).toHaveLength(3)
    await log.close()
  })
})

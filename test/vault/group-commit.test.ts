import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/sqlite/open.ts'
import { createGroupCommit, type GroupCommit } from '../../src/vault/group-commit.ts'
import { VaultUnavailable } from '../../src/vault/vault.ts'

let directory: string
let database: DatabaseSync
let other: DatabaseSync
let commits: GroupCommit
let transactions: number

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'custody-group-commit-'))
  database = openDatabase(join(directory, 'file.sqlite'), { busyTimeoutMs: 50 })
  other = openDatabase(join(directory, 'file.sqlite'), { busyTimeoutMs: 50 })
  database.exec('CREATE TABLE line (text TEXT PRIMARY KEY) STRICT')
  transactions = 0
  commits = createGroupCommit(database, {
    begin: () => (transactions += 1),
    refuses: (error) => error instanceof RangeError,
  })
})
afterEach(async () => {
  await commits.close()
  other.close()
  rmSync(directory, { recursive: true, force: true })
})

const write = (text: string) => () => {
  database.prepare('INSERT INTO line VALUES (?)').run(text)
  return text
}
const lines = (from = other) =>
  (from.prepare('SELECT text FROM line ORDER BY text').all() as { text: string }[]).map(
    ({ text }) => text,
  )

describe('a group commit', () => {
  it('writes all that was asked for in one turn in one transaction, and answers after it', async () => {
    const order: string[] = []
    const calls = ['a', 'b', 'c'].map((text) =>
      commits.run(write(text), (result) => {
        expect(lines()).toEqual(['a', 'b', 'c'])
        order.push(result)
      }),
    )
    expect(lines()).toEqual([])
    expect(await Promise.all(calls)).toEqual(['a', 'b', 'c'])
    expect(order).toEqual(['a', 'b', 'c'])
    expect(transactions).toBe(1)
  })

  it('lets one job refuse, and the others go on', async () => {
    const refusing = commits.run(() => {
      throw new RangeError('not this one')
    })
    const [first, refused, last] = await Promise.allSettled([
      commits.run(write('a')),
      refusing,
      commits.run(write('b')),
    ])
    expect([first.status, refused.status, last.status]).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    expect(lines()).toEqual(['a', 'b'])
  })

  it('writes nothing of any job when one fails, says so to all, and goes on afterwards', async () => {
    const results = await Promise.allSettled([commits.run(write('a')), commits.run(write('a'))])
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(VaultUnavailable) })
    }
    expect(lines()).toEqual([])
    expect(await commits.run(write('a'))).toBe('a')
  })

  it('says when the file is locked for too long', async () => {
    other.exec('BEGIN IMMEDIATE')
    await expect(commits.run(write('a'))).rejects.toThrow(/couldn't write to the vault: .*locked/)
    other.exec('ROLLBACK')
    expect(await commits.run(write('a'))).toBe('a')
  })

  it('refuses writes when there is no room, keeps reading, and writes again when there is', async () => {
    await commits.run(write('a'))
    const { page_count: pages } = database.prepare('PRAGMA page_count').get() as {
      page_count: number
    }
    database.exec(`PRAGMA max_page_count = ${pages}`)
    const long = 'x'.repeat(100_000)
    await expect(commits.run(write(long))).rejects.toThrow(/full/)
    expect(commits.read(() => lines(database))).toEqual(['a'])
    database.exec('PRAGMA max_page_count = 1000000')
    expect(await commits.run(write(long))).toBe(long)
  })

  it('finishes what is queued when it is closed, and takes no more', async () => {
    const queued = commits.run(write('a'))
    await commits.close()
    expect(await queued).toBe('a')
    expect(lines()).toEqual(['a'])
    await expect(commits.run(write('b'))).rejects.toThrow('closed')
    expect(() => commits.read(() => 1)).toThrow('closed')
  })
})

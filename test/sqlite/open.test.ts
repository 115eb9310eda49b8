import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase, SQLITE_BUSY, sqliteCode } from '../../src/sqlite/open.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'custody-sqlite-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function settings(database: DatabaseSync) {
  return ['journal_mode', 'synchronous', 'temp_store', 'secure_delete'].map(
    (name) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0],
  )
}

describe('opening a SQLite file', () => {
  it('gives a write-ahead log that is synced at every commit, also when it is opened again', () => {
    const path = join(directory, 'a.db')
    for (let time = 0; time < 2; time += 1) {
      const database = openDatabase(path)
      expect(settings(database)).toEqual(['wal', 2, 2, 0])
      database.exec('CREATE TABLE IF NOT EXISTS t (x)')
      database.close()
    }
  })

  it('overwrites what is deleted where that is asked for', () => {
    const database = openDatabase(join(directory, 'a.db'), { secureDelete: true })
    expect(settings(database)).toEqual(['wal', 2, 2, 1])
    database.close()
  })

  it('opens for reading while another connection writes, and refuses to write', () => {
    const path = join(directory, 'a.db')
    const writer = openDatabase(path)
    writer.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1); BEGIN IMMEDIATE')
    const reader = openDatabase(path, { readOnly: true })
    expect(reader.prepare('SELECT x FROM t').get()).toEqual({ x: 1 })
    expect(() => reader.exec('INSERT INTO t VALUES (2)')).toThrow(/readonly/)
    writer.exec('COMMIT')
    reader.close()
    writer.close()
  })

  it('names the file and the cause when it cannot', () => {
    const path = join(directory, 'a.db')
    writeFileSync(path, 'this is no database, but it is long enough to have a header. '.repeat(20))
    expect(() => openDatabase(path)).toThrow(/couldn't open .*a\.db: file is not a database/)
    expect(() => openDatabase(join(directory, 'none.db'), { readOnly: true })).toThrow(/couldn't/)
  })

  it('tells a busy file from other errors', () => {
    const path = join(directory, 'a.db')
    const one = openDatabase(path)
    const two = openDatabase(path, { busyTimeoutMs: 0 })
    one.exec('BEGIN IMMEDIATE')
    let code: number | null = null
    try {
      two.exec('BEGIN IMMEDIATE')
    } catch (error) {
      code = sqliteCode(error)
    }
    expect(code).toBe(SQLITE_BUSY)
    expect(sqliteCode(new Error('other'))).toBeNull()
    one.close()
    two.close()
  })
})

import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keptBeside } from '../../src/notary/high-water.ts'
import { verifyLedger } from '../../src/notary/verify.ts'
import type { KeptNote, Verification, VerifyOptions } from '../../src/notary/verify-types.ts'
import { parseVerifierKey, type VerifierKey } from '../../src/proof/note.ts'
import { randomFrom, seed } from '../support/seed.ts'
import { acme, beta, openDesk, type Desk } from './support.ts'

/** How many mutations of each sort. */
const inSql = 230
const inBytes = 200

let desk: Desk
let key: VerifierKey
let notes: KeptNote[]
let scratch: string
/** The last note before the newest, which somebody kept. */
let older: KeptNote

beforeAll(async () => {
  desk = await openDesk()
  const random = randomFrom(7)
  for (let round = 0; round < 6; round += 1) {
    for (let turn = 0; turn < 12; turn += 1) {
      const controller = random() < 0.8 ? acme : beta
      await desk.tell(controller, Math.floor(random() * 15), 1 + Math.floor(random() * 6))
    }
    const signed = await desk.notary.checkpoint(acme)
    if (round === 4) older = { note: signed!.note, file: 'kept.txt', own: false }
    if (round % 2 === 1) await desk.notary.checkpoint(beta)
  }
  await desk.tell(acme, 3, 8)
  await desk.notary.identity(acme)
  // The notary has followed the end, which is not signed.
  await desk.notary.check()
  key = parseVerifierKey((await desk.notary.identity(acme)).verifierKey)!
  notes = keptBeside(desk.keyFile, 'custody.test').map((kept) => ({ ...kept, own: true }))
  await desk.close()
  settle(desk.ledgerPath)
  settle(desk.notaryPath)
  scratch = mkdtempSync(join(tmpdir(), 'custody-mutated-'))
}, 60_000)
afterAll(async () => {
  rmSync(scratch, { recursive: true, force: true })
  await desk.dispose()
})

/** Everything into the file itself. */
function settle(path: string): void {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
}

const check = (file: string, more: Partial<VerifyOptions> = {}): Promise<Verification> =>
  verifyLedger({
    ledger: { store: 'sqlite', file },
    notaryPath: desk.notaryPath,
    keys: [key],
    pinned: true,
    kept: notes,
    ...more,
  })

type Row = readonly unknown[]

/** All that is stored, or null where it cannot be read. */
function dump(path: string): Row[] | null {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const statement = database.prepare(
      `SELECT position, stream.name, revision, type.name, hex(id), hex(CAST(body AS BLOB))
       FROM event LEFT JOIN stream ON stream.number = stream LEFT JOIN type ON type.number = type
       ORDER BY position`,
    )
    statement.setReturnArrays(true)
    return statement.all() as unknown as Row[]
  } catch {
    return null
  } finally {
    database.close()
  }
}

/** The first position at which two dumps differ; null where they do not. */
function firstDifference(before: readonly Row[], after: readonly Row[]): number | null {
  for (let at = 0; at < Math.max(before.length, after.length); at += 1) {
    if (JSON.stringify(before[at]) === JSON.stringify(after[at])) continue
    const positions = [before[at]?.[0], after[at]?.[0]].filter((one) => one !== undefined)
    return Math.min(...positions.map(Number))
  }
  return null
}

function mutatedFile(mutate: (path: string) => void): string {
  const path = join(scratch, 'ledger.sqlite')
  for (const ending of ['', '-wal', '-shm']) rmSync(`${path}${ending}`, { force: true })
  copyFileSync(desk.ledgerPath, path)
  mutate(path)
  return path
}

function inDatabase(work: (database: DatabaseSync) => void) {
  return (path: string) => {
    const database = new DatabaseSync(path)
    work(database)
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    database.close()
  }
}

type Mutation = (database: DatabaseSync, random: () => number, last: number) => void

const anyPosition = (random: () => number, last: number) => 1 + Math.floor(random() * last)
const two = (random: () => number, last: number): [number, number] => {
  const one = anyPosition(random, last)
  const other = anyPosition(random, last)
  return one === other ? two(random, last) : [one, other]
}
const swap = (database: DatabaseSync, column: string, one: number, other: number) => {
  const read = database.prepare(`SELECT ${column} AS value FROM event WHERE position = ?`)
  const write = database.prepare(`UPDATE event SET ${column} = ? WHERE position = ?`)
  const values = [one, other].map((position) => read.get(position)!['value']!)
  write.run(values[1]!, one)
  write.run(values[0]!, other)
}

const mutations: Record<string, Mutation> = {
  'a byte of a body'(database, random, last) {
    const position = anyPosition(random, last)
    const { body } = database
      .prepare('SELECT CAST(body AS BLOB) AS body FROM event WHERE position = ?')
      .get(position)!
    const bytes = Buffer.from(body as Uint8Array)
    bytes[Math.floor(random() * bytes.length)]! ^= 1 << Math.floor(random() * 8)
    database
      .prepare('UPDATE event SET body = CAST(? AS TEXT) WHERE position = ?')
      .run(bytes, position)
  },
  'a bit of an id'(database, random, last) {
    const position = anyPosition(random, last)
    const { id } = database.prepare('SELECT id FROM event WHERE position = ?').get(position)!
    const bytes = Buffer.from(id as Uint8Array)
    bytes[Math.floor(random() * 16)]! ^= 1 << Math.floor(random() * 8)
    database.prepare('UPDATE event SET id = ? WHERE position = ?').run(bytes, position)
  },
  'the id of another event'(database, random, last) {
    const [one, other] = two(random, last)
    database
      .prepare('UPDATE event SET id = (SELECT id FROM event WHERE position = ?) WHERE position = ?')
      .run(one, other)
  },
  'a row that is deleted'(database, random, last) {
    database.prepare('DELETE FROM event WHERE position = ?').run(anyPosition(random, last))
  },
  'a row that is deleted, and the gap closed'(database, random, last) {
    const position = anyPosition(random, last)
    database.prepare('DELETE FROM event WHERE position = ?').run(position)
    for (let next = position + 1; next <= last; next += 1) {
      database.prepare('UPDATE event SET position = ? WHERE position = ?').run(next - 1, next)
    }
  },
  'two rows that are swapped'(database, random, last) {
    const [one, other] = two(random, last)
    const move = database.prepare('UPDATE event SET position = ? WHERE position = ?')
    move.run(0, one)
    move.run(one, other)
    move.run(other, 0)
  },
  'two checkpoints that are swapped'(database, random) {
    const positions = database
      .prepare(
        `SELECT position, name FROM event JOIN stream ON number = stream
         WHERE name LIKE 'checkpoint-%' ORDER BY position`,
      )
      .all()
    const pairs = positions.flatMap((one, at) =>
      positions
        .slice(at + 1, at + 2)
        .filter(({ name }) => name !== one['name'])
        .map((other) => [Number(one['position']), Number(other['position'])] as const),
    )
    const [one, other] = pairs[Math.floor(random() * pairs.length)]!
    const move = database.prepare('UPDATE event SET position = ? WHERE position = ?')
    move.run(0, one)
    move.run(one, other)
    move.run(other, 0)
  },
  'two neighbours that are swapped'(database, random, last) {
    const one = anyPosition(random, last - 1)
    const move = database.prepare('UPDATE event SET position = ? WHERE position = ?')
    move.run(0, one)
    move.run(one, one + 1)
    move.run(one + 1, 0)
  },
  'two bodies that are swapped'(database, random, last) {
    swap(database, 'body', ...two(random, last))
  },
  'a row that is renumbered'(database, random, last) {
    database
      .prepare('UPDATE event SET position = ? WHERE position = ?')
      .run(last + 1 + Math.floor(random() * 100), anyPosition(random, last))
  },
  'rows that are all moved up'(database, random, last) {
    const position = anyPosition(random, last)
    for (let next = last; next >= position; next -= 1) {
      database.prepare('UPDATE event SET position = ? WHERE position = ?').run(next + 1, next)
    }
  },
  'the end that is cut off'(database, random, last) {
    database.prepare('DELETE FROM event WHERE position >= ?').run(anyPosition(random, last))
  },
  'another revision'(database, random, last) {
    database
      .prepare('UPDATE event SET revision = revision + ? WHERE position = ?')
      .run(1_000 + Math.floor(random() * 5), anyPosition(random, last))
  },
  'another stream'(database, random, last) {
    const [one, other] = two(random, last)
    database
      .prepare(
        `UPDATE event SET stream = there.stream, revision = there.revision
         FROM (SELECT stream, (SELECT max(revision) + 1 FROM event AS e WHERE e.stream = event.stream)
           AS revision FROM event WHERE position = ?) AS there WHERE position = ?`,
      )
      .run(one, other)
  },
  'another type'(database, random, last) {
    database
      .prepare('UPDATE event SET type = 3 - type WHERE position = ? AND type IN (1, 2)')
      .run(anyPosition(random, last))
  },
  'the name of a stream'(database, random) {
    const { number, name } = database
      .prepare('SELECT number, name FROM stream ORDER BY number LIMIT 1 OFFSET ?')
      .get(Math.floor(random() * 12))!
    const last = String(name).at(-1)!
    const other = last === 'f' ? 'e' : 'f'
    database
      .prepare('UPDATE stream SET name = ? WHERE number = ?')
      .run(`${String(name).slice(0, -1)}${other}0`, Number(number))
  },
  'a row that is put between'(database, random, last) {
    const position = anyPosition(random, last)
    for (let next = last; next >= position; next -= 1) {
      database.prepare('UPDATE event SET position = ? WHERE position = ?').run(next + 1, next)
    }
    const stream = `subject-acme-store/${'c'.repeat(32)}`
    database.prepare('INSERT OR IGNORE INTO stream (name) VALUES (?)').run(stream)
    database
      .prepare(
        `INSERT INTO event SELECT ?, (SELECT number FROM stream WHERE name = ?), 0, type,
           unhex('01a20d8b6e6475de9d1c633224ccb282'), body FROM event
         WHERE type = 1 ORDER BY position LIMIT 1`,
      )
      .run(position, stream)
  },
}

describe('a ledger that is as it was', () => {
  it('verifies, and says what is covered and what is not yet', async () => {
    const verification = await check(desk.ledgerPath, { kept: [...notes, older] })
    expect(verification).toMatchObject({ ok: true, first: null, findings: [], keys: 'pinned' })
    const [one] = verification.trees.filter(({ controller }) => controller === acme)
    expect(one!.notCovered).toBe(8)
    expect(one!.covered).toBe(one!.events - 8)
    // Six in the ledger, one beside the key, one that was kept.
    expect(one!.checkpoints).toBe(8)
  })

  it('verifies without the notary’s file, and with it damaged', async () => {
    const damaged = join(scratch, 'notary.sqlite')
    for (const notaryPath of [join(scratch, 'none.sqlite'), damaged]) {
      const bytes = readFileSync(desk.notaryPath)
      bytes.fill(0x5a, 4096, bytes.length)
      writeFileSync(damaged, bytes)
      expect(await check(desk.ledgerPath, { notaryPath })).toMatchObject({ ok: true })
    }
  })

  it('says when no key was pinned, and when there was none', async () => {
    expect(await check(desk.ledgerPath, { pinned: false })).toMatchObject({
      ok: true,
      keys: 'unpinned',
    })
    const unsigned = await check(desk.ledgerPath, { keys: [] })
    expect(unsigned).toMatchObject({ ok: true, keys: 'none' })
    expect(unsigned.trees.every(({ covered }) => covered === 0)).toBe(true)
  })

  it('does not verify by the key of another notary', async () => {
    const other = await openDesk()
    const stranger = parseVerifierKey((await other.notary.identity(acme)).verifierKey)!
    await other.dispose()
    const verification = await check(desk.ledgerPath, { keys: [stranger] })
    expect(verification.ok).toBe(false)
    expect(verification.findings.every(({ code }) => code === 'signature')).toBe(true)
  })
})

describe('a ledger that was altered', { timeout: 300_000 }, () => {
  it(`is found, and the position, in ${inSql} mutations of its rows`, async () => {
    const random = randomFrom(seed())
    const before = dump(desk.ledgerPath)!
    const last = Number(before.at(-1)![0])
    const names = Object.keys(mutations)
    let found = 0
    for (let turn = 0; turn < inSql; turn += 1) {
      const name = names[turn % names.length]!
      const path = mutatedFile(inDatabase((database) => mutations[name]!(database, random, last)))
      const expected = firstDifference(before, dump(path)!)
      if (expected === null) continue
      const { ok, first, findings } = await check(path)
      expect(
        { name, turn, ok, position: first?.position },
        JSON.stringify(findings.slice(0, 5)),
      ).toEqual({
        name,
        turn,
        ok: false,
        position: expected,
      })
      found += 1
    }
    expect(found).toBeGreaterThan(inSql * 0.9)
  })

  it(`is found in ${inBytes} mutations of the file’s bytes, and the position where there is one`, async () => {
    const random = randomFrom(seed())
    const before = dump(desk.ledgerPath)!
    const original = readFileSync(desk.ledgerPath)
    const codes = new Map<string, number>()
    for (let turn = 0; turn < inBytes; turn += 1) {
      const at = Math.floor(random() * original.length)
      const path = mutatedFile((file) => {
        const bytes = Buffer.from(original)
        bytes[at]! ^= 1 << Math.floor(random() * 8)
        writeFileSync(file, bytes)
      })
      const { ok, first } = await check(path)
      const code = first?.code ?? 'none'
      codes.set(code, (codes.get(code) ?? 0) + 1)
      const after = dump(path)
      const expected = after && firstDifference(before, after)
      const what = `byte ${at}: ${JSON.stringify(first)}`
      if (expected !== null) expect(ok, what).toBe(false)
      if (after && expected !== null && code !== 'unreadable_file') {
        expect(first!.position, what).toBe(expected)
      }
      // Nothing that is stored has changed: a byte that means nothing, or one of an index.
      if (expected === null && after && !ok) expect(['index', 'unreadable_file']).toContain(code)
    }
    console.log(Object.fromEntries(codes))
    expect(codes.size).toBeGreaterThan(2)
  })

  it('is found where its last event, which nothing covers yet, is said to be of another controller', async () => {
    const last = Number(dump(desk.ledgerPath)!.at(-1)![0])
    const path = mutatedFile(
      inDatabase((database) => {
        const { number } = database
          .prepare(
            `SELECT number FROM stream JOIN event ON event.stream = number
             WHERE name GLOB 'subject-beta-store*' LIMIT 1`,
          )
          .get()!
        const { revision } = database
          .prepare('SELECT max(revision) + 1 AS revision FROM event WHERE stream = ?')
          .get(Number(number))!
        database
          .prepare('UPDATE event SET stream = ?, revision = ? WHERE position = ?')
          .run(Number(number), Number(revision), last)
      }),
    )
    expect(await check(path)).toMatchObject({
      ok: false,
      first: { position: last, code: 'not_followed' },
    })
  })

  it('is found without the notary’s file too, between two checkpoints', async () => {
    const random = randomFrom(seed())
    const before = dump(desk.ledgerPath)!
    const last = before.length
    for (let turn = 0; turn < 20; turn += 1) {
      const path = mutatedFile(
        inDatabase((database) =>
          mutations['two bodies that are swapped']!(database, random, last - 20),
        ),
      )
      // Two that were told in one millisecond may be the same.
      if (firstDifference(before, dump(path)!) === null) continue
      const verification = await check(path, { notaryPath: join(scratch, 'none.sqlite') })
      expect(verification.ok).toBe(false)
    }
  })

  it('is found by a checkpoint that was kept, when all else was altered with it', async () => {
    const cut = 60
    const path = mutatedFile(
      inDatabase((database) => database.exec(`DELETE FROM event WHERE position > ${cut}`)),
    )
    const none = join(scratch, 'none.sqlite')
    expect((await check(path, { kept: [], notaryPath: none })).ok).toBe(true)
    const verification = await check(path, { kept: [older], notaryPath: none })
    expect(verification).toMatchObject({ ok: false, first: { code: 'shorter', position: cut + 1 } })
    expect(verification.first!.message).toMatch(/kept\.txt/)
  })
})

describe('what is no ledger', () => {
  it('is said to be none', async () => {
    const path = join(scratch, 'text.sqlite')
    writeFileSync(path, 'This is no database.')
    expect(await check(path)).toMatchObject({ ok: false, first: { code: 'unreadable_file' } })
    const empty = new DatabaseSync(join(scratch, 'other.sqlite'))
    empty.exec('CREATE TABLE event (position INTEGER PRIMARY KEY); PRAGMA journal_mode = WAL')
    empty.close()
    expect(await check(join(scratch, 'other.sqlite'))).toMatchObject({
      ok: false,
      first: { code: 'unreadable_file' },
    })
    await expect(check(join(scratch, 'not-there.sqlite'))).rejects.toThrow(/there is no ledger/)
  })
})

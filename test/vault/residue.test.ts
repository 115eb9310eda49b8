import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SubjectId } from '../../src/domain/values.ts'
import { VaultUnavailable, type Vault } from '../../src/vault/vault.ts'
import { email, scope, symphony } from '../contracts/vault-support.ts'
import { randomFrom, seed } from '../support/seed.ts'
import { allOf, foundIn, inFile, type Secrets, secretsOf } from './bytes-of.ts'
import { type SqliteHarness, sqliteHarness } from './sqlite-harness.ts'

let harness: SqliteHarness
let vault: Vault

beforeEach(async () => {
  harness = sqliteHarness()
  vault = await harness.open({ destroyWaitMs: 200 })
})
afterEach(() => harness.dispose())

const secretsOfThese = (subjects: readonly SubjectId[]) => secretsOf(harness, symphony, subjects)
const found = (needles: readonly Buffer[]) => foundIn(harness.path, needles)
const vaultName = () => inFile(harness, (_tables, _database, name) => name)

/** The raw keys of the epochs, which no file of the vault ever has. */
function rawEpochKeys(): Buffer[] {
  const vault = vaultName()
  return harness.keyring
    .list(vault, symphony)
    .map((epoch) => harness.keyring.load({ vault, controller: symphony, epoch })!.export())
}

/** How many of the needles stand in the rows of the blind index, in clear. */
function inHashTables(path: string, needles: readonly Buffer[]): number {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const rows = ['identified', 'identifying', 'identified_overflow', 'identifying_overflow']
      .flatMap((name) => database.prepare(`SELECT content FROM ${name}`).all())
      .map((row) => Buffer.from(row['content'] as Uint8Array))
    return needles.filter((needle) => rows.some((row) => row.includes(needle))).length
  } finally {
    database.close()
  }
}

async function people(prefix: string, count: number): Promise<SubjectId[]> {
  const made = await vault.identifyAll(
    symphony,
    Array.from({ length: count }, (_, index) => [
      email(`${prefix}${index}@example.org`),
      { scheme: 'customer-id', value: `${prefix}-${index}` },
    ]),
  )
  const wanted = made.map(({ subject }, index) => ({
    subject,
    scopes: [
      scope('user.contact.email', 'account-data'),
      scope('user.name', 'account-data'),
      ...Array.from({ length: index % 4 }, (_, day) =>
        scope('user.payment', `orders/2015-02-1${day}`),
      ),
    ],
  }))
  await vault.keysForAll(symphony, wanted)
  return made.map(({ subject }) => subject)
}

describe('what is destroyed', () => {
  it('leaves no byte in the file or its log after much growth and churn, and the rest is found', async () => {
    const random = randomFrom(seed())
    const living: SubjectId[] = []
    const dead: Secrets[] = []
    for (let round = 0; round < 12; round += 1) {
      living.push(...(await people(`r${round}x`, 250)))
      const victims = Array.from({ length: 60 }, () => {
        const at = Math.floor(random() * living.length)
        return living.splice(at, 1)[0]!
      })
      dead.push(...secretsOfThese(victims))
      await Promise.all(victims.map((subject) => vault.destroySubject(symphony, subject)))
    }
    const needles = allOf(dead)
    expect(needles.length).toBeGreaterThan(3_000)
    expect(found(needles)).toBe(0)
    const control = allOf(secretsOfThese(living))
    expect(found(control)).toBe(control.length)
    for (const subject of living.slice(0, 50)) {
      expect(await vault.holds(symphony, subject)).toBe(true)
    }
  })

  it('as a lot, is gone while the other lots of the subject are there', async () => {
    const [subject] = (await people('lot', 4)).slice(3)
    const [before] = secretsOfThese([subject!])
    const gone = before!.keys.filter(({ lot }) => lot === 'account-data').map(({ bytes }) => bytes)
    const kept = before!.keys.filter(({ lot }) => lot !== 'account-data').map(({ bytes }) => bytes)
    expect([gone.length, kept.length, found(gone), found(kept)]).toEqual([2, 3, 2, 3])
    await vault.destroyLots(symphony, subject!, ['account-data' as never])
    expect([found(gone), found(kept)]).toEqual([0, 3])
    expect(found(before!.rows)).toBe(4)
  })

  it('is said to be pending while another connection reads, and is gone once that has ended', async () => {
    const [subject, other] = await people('busy', 2)
    const needles = allOf(secretsOfThese([subject!]))
    const reader = new DatabaseSync(harness.path, { readOnly: true })
    try {
      reader.exec('BEGIN')
      reader.prepare('SELECT count(*) FROM secret').get()
      const pending = await vault
        .destroySubject(symphony, subject!)
        .catch((error: unknown) => error)
      expect(pending).toBeInstanceOf(VaultUnavailable)
      expect(String(pending)).toMatch(/is pending/)
      expect(found(needles)).toBe(needles.length)
      // Others go on meanwhile, and what is destroyed is not answered.
      expect(await vault.holds(symphony, subject!)).toBe(false)
      expect(await vault.keysFor(symphony, other!, [scope('a', 'b')])).toHaveLength(1)
      const again = vault.destroySubject(symphony, subject!)
      setTimeout(() => reader.exec('COMMIT'), 60)
      await again
    } finally {
      reader.close()
    }
    expect(found(needles)).toBe(0)
  })

  it('by a process that was stopped before it cut the log, is gone after the next start', async () => {
    const [subject] = await people('stopped', 1)
    const needles = allOf(secretsOfThese([subject!]))
    const reader = new DatabaseSync(harness.path, { readOnly: true })
    reader.exec('BEGIN')
    reader.prepare('SELECT count(*) FROM secret').get()
    await vault.destroySubject(symphony, subject!).catch(() => null)
    expect(found(needles)).toBe(needles.length)
    reader.close()
    await harness.open()
    expect(found(needles)).toBe(0)
  })
})

describe('what a rotation replaced', () => {
  it('leaves no byte in the file, its log or a new backup, and an old backup is not read', async () => {
    const subjects = await people('rotated', 400)
    const old = allOf(secretsOfThese(subjects))
    const oldBackup = harness.backupPath()
    await vault.backup(oldBackup)
    expect(foundIn(oldBackup, old)).toBe(old.length)
    await vault.rotate(symphony)
    expect(found(old)).toBe(0)
    const fresh = allOf(secretsOfThese(subjects))
    expect(found(fresh)).toBe(fresh.length)
    const backup = harness.backupPath()
    await vault.backup(backup)
    expect([foundIn(backup, old), foundIn(backup, fresh)]).toEqual([0, fresh.length])

    const epochFile = join(harness.keyring.name, vaultName(), `${symphony}.1.key`)
    const wrapped = Buffer.from(readFileSync(epochFile, 'utf8'), 'base64')
    for (const path of [oldBackup, backup, harness.path]) {
      expect(foundIn(path, [wrapped, ...rawEpochKeys()])).toBe(0)
    }
    await vault.destroyEpoch(symphony, 1)
    expect(existsSync(epochFile)).toBe(false)
    // With the index key of today, which the old backup had too, its index says nothing either.
    const digests = inFile(harness, ({ controllers, index }) =>
      subjects.flatMap((subject) =>
        index.digestsOf(controllers.row(symphony)!, Buffer.from(subject, 'hex')),
      ),
    )
    expect(digests).toHaveLength(800)
    const pseudonyms = subjects.map((subject) => Buffer.from(subject, 'hex'))
    expect(foundIn(oldBackup, digests)).toBe(0)
    // The pseudonyms themselves stand in the lists of subjects and of keys, and never beside a digest.
    expect(foundIn(oldBackup, pseudonyms)).toBe(pseudonyms.length)
    expect(inHashTables(oldBackup, pseudonyms)).toBe(0)
  })

  it('is gone from a backup once it was destroyed, wherever it stood', async () => {
    const random = randomFrom(seed())
    const living = await people('churn', 300)
    const dead: Secrets[] = []
    for (let round = 0; round < 4; round += 1) {
      const victims = Array.from({ length: 40 }, () => {
        const at = Math.floor(random() * living.length)
        return living.splice(at, 1)[0]!
      })
      dead.push(...secretsOfThese(victims))
      await Promise.all(victims.map((subject) => vault.destroySubject(symphony, subject)))
      if (round % 2) await vault.rotate(symphony)
      const path = harness.backupPath()
      await vault.backup(path)
      expect(foundIn(path, allOf(dead))).toBe(0)
      const control = allOf(secretsOfThese(living))
      expect(foundIn(path, control)).toBe(control.length)
    }
  })
})

import { createSecretKey, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PurposeKey, SubjectId } from '../../src/domain/values.ts'
import { dataKeyPurpose } from '../../src/vault/data-key-purpose.ts'
import { restorePostgresVault } from '../../src/vault/postgres/restore.ts'
import { SubjectFenced, VaultUnavailable } from '../../src/vault/vault.ts'
import { unwrap } from '../../src/vault/wrapping.ts'
import { contact, customer, email, orders, someone, symphony } from '../contracts/vault-support.ts'
import { heldProxy } from '../support/held-proxy.ts'
import { postgresMissing, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { type PostgresHarness, postgresHarness } from './postgres-harness.ts'

if (postgresMissing) console.warn(postgresMissing)

describe.skipIf(postgresMissing)(postgresMissing ?? 'the vault in PostgreSQL', () => {
  let postgres: TestPostgres
  let harness: PostgresHarness
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres.dispose())
  beforeEach(() => {
    harness = postgresHarness(postgres)
  })
  afterEach(() => harness.dispose())

  it('holds no identifier in clear', async () => {
    const vault = await harness.open()
    const identifiers = [email('ann.smith@example.org'), customer('customer-4711')]
    const { subject } = await vault.identify(symphony, identifiers)
    await vault.keysFor(symphony, subject, [contact])
    await vault.suppress(symphony, subject, ['offers' as PurposeKey])
    const path = harness.backupPath()
    await vault.backup(path)
    const text = readFileSync(path, 'utf8')
    const blocks = text.match(/"[A-Za-z0-9+/]{22,}={0,2}"/g)!.map((word) => word.slice(1, -1))
    const searched = text + blocks.map((word) => Buffer.from(word, 'base64')).join('')
    expect(searched).toContain('user.contact.email')
    for (const word of ['ann.', 'smith', '-4711', 'example']) expect(searched).not.toContain(word)
  })

  it('does not open with another root key, a name that is none, or a schema of the future', async () => {
    await harness.open()
    const wrong = harness.open({ rootKey: createSecretKey(randomBytes(32)) })
    await expect(wrong).rejects.toThrow(/root key is not the one .* CUSTODY_ROOT_KEY/)
    await expect(harness.open({ schema: 'a"; DROP' })).rejects.toThrow(VaultUnavailable)
    const client = await harness.outside()
    await client.query('INSERT INTO version (number) VALUES (99)')
    const early = harness.open()
    await expect(early).rejects.toThrow(VaultUnavailable)
    await expect(early).rejects.toThrow(/has version 99/)
  })

  it('refuses a wrapped key that was put in the place of another, and no other call', async () => {
    const vault = await harness.open()
    const [subject, untouched] = [someone(), someone()]
    await vault.keysFor(symphony, subject, [contact, orders])
    const client = await harness.outside()
    await client.query(
      `UPDATE data_key SET wrapped = (SELECT wrapped FROM data_key WHERE lot = $1) WHERE lot = $2`,
      [orders.lot, contact.lot],
    )
    const fresh = await harness.open()
    await expect(fresh.openKeys(symphony, subject, [contact])).rejects.toThrow(/was altered/)
    const [altered, other] = await Promise.allSettled([
      fresh.keysFor(symphony, subject, [contact]),
      fresh.keysFor(symphony, untouched, [contact, orders]),
    ])
    expect(altered).toMatchObject({ status: 'rejected', reason: expect.any(VaultUnavailable) })
    expect(other.status).toBe('fulfilled')
  })

  it('refuses a key whose answer was under way while another node fenced its subject', async () => {
    const proxy = await heldProxy(Number(new URL(postgres.connectionString).port))
    try {
      const near = await harness.open()
      const way = new URL(postgres.connectionString)
      way.port = String(proxy.port)
      const far = await harness.open({ server: { connectionString: way.href, connections: 1 } })
      const subject = someone()
      await near.keysFor(symphony, subject, [contact])
      await far.ready(symphony)
      // The first connection is for the work, the second one listens.
      proxy.hold([0])
      const asked = far.keysFor(symphony, subject, [contact])
      asked.catch(() => undefined)
      await sleep(150)
      await near.fence(symphony, subject)
      proxy.release()
      await expect(asked).rejects.toThrow(SubjectFenced)
      expect(far.cachedKeys(symphony, subject, [contact])).toBeNull()
    } finally {
      await proxy.close()
    }
  })

  it('gives up on a server that says nothing', async () => {
    const proxy = await heldProxy(Number(new URL(postgres.connectionString).port))
    try {
      const way = new URL(postgres.connectionString)
      way.port = String(proxy.port)
      const vault = await harness.open({
        server: { connectionString: way.href, statementTimeoutMs: 100, connectTimeoutMs: 300 },
        leaseMs: 400,
      })
      const { subject } = await vault.identify(symphony, [email('ann@example.org')])
      proxy.hold()
      const attempt = vault.find(symphony, [email('bob@example.org')])
      await expect(attempt).rejects.toThrow(VaultUnavailable)
      expect(vault.findCached(symphony, [email('ann@example.org')])).toBeNull()
      proxy.release()
      expect(await vault.find(symphony, [email('ann@example.org')])).toBe(subject)
    } finally {
      await proxy.close()
    }
  })

  describe('what is destroyed', () => {
    it('is said to be pending while another transaction may read it, and done once it ended', async () => {
      const vault = await harness.open({ destroyWaitMs: 150 })
      const { subject } = await vault.identify(symphony, [email('ann@example.org')])
      await vault.keysFor(symphony, subject, [contact, orders])
      const reader = await harness.outside()
      await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
      const seen = () => reader.query('SELECT count(*)::int AS count FROM data_key')
      expect((await seen()).rows).toEqual([{ count: 2 }])
      const pending = await vault.destroySubject(symphony, subject).catch((error: unknown) => error)
      expect(pending).toBeInstanceOf(VaultUnavailable)
      expect(String(pending)).toMatch(/is pending/)
      // It is why: the reader has them still. Nobody else does.
      expect((await seen()).rows).toEqual([{ count: 2 }])
      expect(await vault.holds(symphony, subject)).toBe(false)
      await expect(vault.destroyLots(symphony, subject, [orders.lot])).rejects.toThrow('pending')
      await reader.query('COMMIT')
      await vault.destroySubject(symphony, subject)
    })

    it('leaves bytes in the log that nothing opens once the epoch is destroyed', async () => {
      const vault = await harness.open()
      const subjects: SubjectId[] = []
      for (let index = 0; index < 20; index += 1) {
        const made = await vault.identify(symphony, [email(`p${index}@example.org`)])
        await vault.keysFor(symphony, made.subject, [contact])
        subjects.push(made.subject)
      }
      const client = await harness.outside()
      const { rows } = await client.query<{ subject: Buffer; id: string; wrapped: Buffer }>(
        'SELECT subject, id, wrapped FROM data_key',
      )
      const name = await client.query<{ value: Buffer }>(
        `SELECT value FROM meta WHERE name = 'vault'`,
      )
      const vaultName = name.rows[0]!.value.toString('hex')
      const openable = () =>
        rows.filter(({ subject, id, wrapped }) =>
          harness.keyring.list(vaultName, symphony).some((epoch) => {
            const key = harness.keyring.load({ vault: vaultName, controller: symphony, epoch })!
            const owner = {
              controller: { number: 1, name: symphony },
              subject: subject.toString('hex') as SubjectId,
            }
            return unwrap(key, dataKeyPurpose(owner, contact, epoch, id), wrapped) !== null
          }),
        ).length
      for (const subject of subjects) await vault.destroySubject(symphony, subject)
      expect((await client.query('SELECT FROM data_key')).rowCount).toBe(0)
      // What the documentation says of PostgreSQL: a row that is gone is in the server's log still.
      await client.query('CHECKPOINT')
      const log = readLog(postgres.directory)
      // Some may stand across two pages of the log, with a page's head in between.
      expect(rows.filter(({ wrapped }) => log.includes(wrapped)).length).toBeGreaterThan(10)
      expect(openable()).toBe(20)
      await vault.rotate(symphony)
      await vault.destroyEpoch(symphony, 1)
      expect(openable()).toBe(0)
    })
  })

  describe('a backup', () => {
    it('that was altered or cut short is not restored, in whole or in part', async () => {
      const vault = await harness.open()
      const { subject } = await vault.identify(symphony, [email('ann@example.org')])
      await vault.keysFor(symphony, subject, [contact])
      const path = harness.backupPath()
      await vault.backup(path)
      const text = readFileSync(path, 'utf8')
      const lines = text.trimEnd().split('\n')
      const server = { connectionString: postgres.connectionString }
      const schema = `${harness.schema}_bad`
      const damages: [string, RegExp][] = [
        [text.replace('"open"', '"fenced"'), /it was altered/],
        [`${lines.slice(0, -1).join('\n')}\n`, /last line is missing/],
        [text.replace('"data_key"', '"no_table"'), /there is no table no_table/],
        [`${text}["more"]\n`, /follows its last line/],
        [text.slice(0, 200), /couldn't restore/],
        ['', /last line is missing/],
      ]
      for (const [damaged, why] of damages) {
        const other = harness.backupPath()
        writeFileSync(other, damaged)
        const attempt = restorePostgresVault({ server, schema, path: other })
        await expect(attempt).rejects.toThrow(VaultUnavailable)
        await expect(attempt).rejects.toThrow(why)
      }
      const client = await harness.outside()
      const found = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema])
      expect(found.rowCount).toBe(0)
      const taken = restorePostgresVault({ server, schema: harness.schema, path })
      await expect(taken).rejects.toThrow(/there is a vault in the schema .* already/)
    })
  })
})

/** The server's write-ahead log. */
function readLog(directory: string): Buffer {
  const wal = join(directory, 'pg_wal')
  const segments = readdirSync(wal).filter((name) => /^[0-9A-F]{24}$/.test(name))
  return Buffer.concat(segments.map((name) => readFileSync(join(wal, name))))
}

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SubjectId } from '../../src/domain/values.ts'
import { SubjectFenced, type Vault, VaultUnavailable } from '../../src/vault/vault.ts'
import {
  contact,
  customer,
  email,
  ids,
  orders,
  scope,
  someone,
  symphony,
} from '../contracts/vault-support.ts'
import { postgresMissing, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { randomFrom, seed } from '../support/seed.ts'
import { expectAcknowledged, killUnderLoad, note, nothingAcknowledged } from './kill-support.ts'
import { type PostgresHarness, postgresHarness } from './postgres-harness.ts'

if (postgresMissing) console.warn(postgresMissing)

describe.skipIf(postgresMissing)(postgresMissing ?? 'several nodes on one PostgreSQL', () => {
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

  /** Resolves when it answers yes; fails after ten seconds. */
  async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    for (let time = 0; time < 500; time += 1) {
      if (await isSo()) return
      await sleep(20)
    }
    throw new Error('it did not come about')
  }

  it('that start at once make one schema, one name and one set of keys', async () => {
    const nodes = await Promise.all(Array.from({ length: 6 }, () => harness.open()))
    await Promise.all(nodes.map((node) => node.ready(symphony)))
    const digests = nodes.map((node) => node.digest(symphony, 'import-row', 'text'))
    expect(new Set(digests).size).toBe(1)
    const client = await harness.outside()
    const { rows } = await client.query('SELECT number FROM version')
    expect(rows).toEqual([{ number: 1 }])
    expect(await nodes[0]!.epochs(symphony)).toHaveLength(1)
  })

  it('find the same people when they meet overlapping ones at the same moment', async () => {
    const random = randomFrom(seed())
    const nodes = await Promise.all([harness.open(), harness.open(), harness.open()])
    const calls = Array.from({ length: 150 }, (_, index) => {
      const first = Math.floor(random() * 40)
      const second = (first + 1 + Math.floor(random() * 3)) % 40
      const who = [customer(`x-${first}`), email(`x${second}@example.org`)]
      return { who, answer: nodes[index % 3]!.identify(symphony, who) }
    })
    const owners = new Map<string, SubjectId>()
    for (const { who, answer } of calls) {
      const { subject, conflicts } = await answer
      for (const { scheme, value } of who) {
        if (conflicts.includes(scheme)) continue
        expect(owners.get(value) ?? subject).toBe(subject)
        owners.set(value, subject)
      }
    }
    for (const [value, subject] of owners) {
      const identifier = value.includes('@') ? email(value) : customer(value)
      for (const node of nodes) expect(await node.find(symphony, [identifier])).toBe(subject)
    }
    const client = await harness.outside()
    const { rows } = await client.query(
      `SELECT (SELECT count(*)::int FROM identified) AS there,
              (SELECT count(*)::int FROM identifying) AS back,
              (SELECT count(*)::int FROM subject) AS people`,
    )
    const people = new Set(owners.values()).size
    expect(rows).toEqual([{ there: owners.size, back: owners.size, people }])
  })

  it('hand out no key after a fence on another node has resolved, however they race', async () => {
    const random = randomFrom(seed())
    const [a, b] = await Promise.all([harness.open(), harness.open()])
    let refused = 0
    for (let round = 0; round < 40; round += 1) {
      const subject = someone()
      await b.keysFor(symphony, subject, [contact])
      let isFenced = false
      const late: string[] = []
      const calls = Array.from({ length: 12 }, async (_, index) => {
        await sleep(random() * 12)
        const wanted = index % 3 ? scope('user.payment', `orders/${index}`) : contact
        const wasFenced = isFenced
        const keys = b.cachedKeys(symphony, subject, [wanted])
        if (keys && isFenced) late.push(`from memory, round ${round}`)
        try {
          await b.keysFor(symphony, subject, [wanted])
          if (isFenced) late.push(`round ${round}, call ${index}, asked after: ${wasFenced}`)
        } catch (error) {
          expect(error).toBeInstanceOf(SubjectFenced)
          refused += 1
        }
      })
      await sleep(random() * 8)
      await a.fence(symphony, subject)
      isFenced = true
      await Promise.all(calls)
      expect(late).toEqual([])
      if (round % 4 > 0) continue
      await a.destroySubject(symphony, subject)
      expect(await b.openKeys(symphony, subject, [contact])).toEqual([null])
      expect(await b.holds(symphony, subject)).toBe(false)
    }
    expect(refused).toBeGreaterThan(40)
  })

  it('wait for a node that is not heard of until its lease has run out, and no longer', async () => {
    const node = await harness.open()
    const subject = someone()
    const client = await harness.outside()
    await client.query(
      `INSERT INTO node VALUES ('away', 0, clock_timestamp() + interval '400 milliseconds')`,
    )
    const begun = performance.now()
    await node.fence(symphony, subject)
    const waited = performance.now() - begun
    expect(waited).toBeGreaterThan(380)
    expect(waited).toBeLessThan(1_500)
  })

  it('say that a fence is pending while another keeps its lease and never confirms', async () => {
    const node = await harness.open({ leaseMs: 200 })
    const subject = someone()
    const client = await harness.outside()
    await client.query(`INSERT INTO node VALUES ('deaf', 0, clock_timestamp() + interval '1 day')`)
    const failure = await node.fence(symphony, subject).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(VaultUnavailable)
    expect(String(failure)).toMatch(/is pending/)
    // It is recorded all the same, and told again when it is asked again.
    await expect(node.keysFor(symphony, subject, [contact])).rejects.toThrow(SubjectFenced)
    await client.query('DELETE FROM node WHERE seen = 0 AND until > clock_timestamp() + $1', [
      '1 hour',
    ])
    await node.fence(symphony, subject)
  })

  it('answer nothing from memory while they hear of nothing, and again when they do', async () => {
    const [a, b] = await Promise.all([harness.open(), harness.open()])
    const subject = someone()
    const keys = await b.keysFor(symphony, subject, [contact])
    expect(ids(b.cachedKeys(symphony, subject, [contact])!)).toEqual(ids(keys))
    const client = await harness.outside()
    await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE query LIKE '%INSERT INTO node%' AND pid <> pg_backend_pid()`,
    )
    await until(() => b.cachedKeys(symphony, subject, [contact]) === null)
    await a.fence(symphony, subject)
    expect(b.cachedKeys(symphony, subject, [contact])).toBeNull()
    await expect(b.keysFor(symphony, subject, [contact])).rejects.toThrow(SubjectFenced)
    const other = someone()
    await until(async () => {
      await b.keysFor(symphony, other, [orders])
      return b.cachedKeys(symphony, other, [orders]) !== null
    })
  })

  it('lose nothing and keep nothing half when their connections are cut under load', async () => {
    const random = randomFrom(seed())
    const nodes = await Promise.all([harness.open(), harness.open()])
    const done = { found: new Map<string, SubjectId>(), keys: new Map<string, string>() }
    const erased = new Set<SubjectId>()
    const doubtful = new Set<SubjectId>()
    const faults: unknown[] = []
    const end = performance.now() + 2_500
    async function work(node: Vault, lane: number): Promise<void> {
      for (let turn = 0; performance.now() < end; turn += 1) {
        const value = `k${lane}-${turn}@example.org`
        try {
          const { subject } = await node.identify(symphony, [email(value), customer(value)])
          done.found.set(value, subject)
          const [key] = await node.keysFor(symphony, subject, [contact])
          done.keys.set(value, key!.id)
          if (turn % 4 > 0) continue
          doubtful.add(subject)
          await destroyAtLast(node, subject)
          erased.add(subject)
        } catch (error) {
          faults.push(error)
        }
      }
    }
    /** As the erasure protocol does: asked again until it is done. */
    async function destroyAtLast(node: Vault, subject: SubjectId): Promise<void> {
      for (let time = 0; time < 20; time += 1) {
        try {
          return await node.destroySubject(symphony, subject)
        } catch (error) {
          faults.push(error)
        }
      }
      throw new VaultUnavailable('it was cut every time')
    }
    const client = await harness.outside()
    const cutting = (async () => {
      while (performance.now() < end) {
        await sleep(30 + random() * 60)
        await client.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE application_name = 'custody-vault' ORDER BY random() LIMIT 2`,
        )
      }
    })()
    await Promise.all([...Array.from({ length: 8 }, (_, lane) => work(nodes[lane % 2]!, lane))])
    await cutting
    expect(faults.length).toBeGreaterThan(5)
    for (const fault of faults) expect(fault).toBeInstanceOf(VaultUnavailable)
    expect(erased.size).toBeGreaterThan(2)
    const fresh = await harness.open()
    for (const [value, subject] of done.found) {
      if (doubtful.has(subject) && !erased.has(subject)) continue
      const isGone = erased.has(subject)
      expect(await fresh.find(symphony, [customer(value)])).toBe(isGone ? null : subject)
      const [key] = await fresh.openKeys(symphony, subject, [contact])
      if (isGone) expect(key).toBeNull()
      else if (done.keys.has(value)) expect(key!.id).toBe(done.keys.get(value))
    }
    const { rows } = await client.query(
      'SELECT (SELECT count(*) FROM identified) = (SELECT count(*) FROM identifying) AS whole',
    )
    expect(rows).toEqual([{ whole: true }])
  })

  it('have all they acknowledged when a node is killed under load, and wait for it no longer than its lease', async () => {
    const random = randomFrom(seed())
    const { schema, rootKey, keyring } = harness
    const loaded = { target: postgres.connectionString, schema, rootKey, keyring }
    const all = nothingAcknowledged()
    const survivor = await harness.open()
    for (let round = 0; round < 2; round += 1) {
      const afterLines = 2 + Math.floor(random() * 200)
      const when = { prefix: `r${round}`, afterLines, delayMs: Math.floor(random() * 20) }
      note(await killUnderLoad(loaded, when), all)
      const begun = performance.now()
      await survivor.fence(symphony, someone())
      expect(performance.now() - begun).toBeLessThan(4_000)
      await expectAcknowledged(survivor, all)
    }
    expect(all.keys.size).toBeGreaterThan(10)
    const client = await harness.outside()
    const { rows } = await client.query(
      'SELECT (SELECT count(*) FROM identified) = (SELECT count(*) FROM identifying) AS whole',
    )
    expect(rows).toEqual([{ whole: true }])
  })

  it('say that the vault is unavailable while the server is down, and go on when it is back', async () => {
    const node = await harness.open()
    const { subject } = await node.identify(symphony, [email('ann@example.org')])
    const keys = await node.keysFor(symphony, subject, [contact])
    await postgres.crash()
    const failure = await node.find(symphony, [customer('c-1')]).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(VaultUnavailable)
    expect(String(failure)).toMatch(/couldn't (reach|ask) the vault/)
    await until(() => node.cachedKeys(symphony, subject, [contact]) === null)
    await expect(node.keysFor(symphony, subject, [orders])).rejects.toThrow(VaultUnavailable)
    await expect(harness.open()).rejects.toThrow(VaultUnavailable)
    await postgres.start()
    expect(await node.find(symphony, [email('ann@example.org')])).toBe(subject)
    expect(ids(await node.keysFor(symphony, subject, [contact]))).toEqual(ids(keys))
    await until(async () => {
      await node.keysFor(symphony, subject, [contact])
      return node.cachedKeys(symphony, subject, [contact]) !== null
    })
    await node.destroySubject(symphony, subject)
    expect(await node.holds(symphony, subject)).toBe(false)
  })
})

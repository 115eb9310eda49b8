import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { START, type Position, type PurposeKey, type SubjectId } from '../../src/domain/values.ts'
import { openAlone } from '../../src/sqlite/alone.ts'
import { moveVaultToPostgres } from '../../src/vault/postgres/move.ts'
import { SubjectFenced, type Identifier, type KeyScope, type Vault } from '../../src/vault/vault.ts'
import { acquirer, email, phone, scope, symphony } from '../contracts/vault-support.ts'
import { postgresMissing, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { randomFrom, seed } from '../support/seed.ts'
import { postgresHarness, type PostgresHarness } from '../vault/postgres-harness.ts'
import { sqliteHarness, type SqliteHarness } from '../vault/sqlite-harness.ts'

const mail = 'promotional-mail' as PurposeKey
const scopes = ['account-data', 'orders/2015-02-11', 'orders/2016-01-01'].flatMap((lot) =>
  ['user.contact.email', 'user.payment'].map((category) => scope(category, lot)),
)

type Person = {
  controller: typeof symphony
  subject: SubjectId
  identifiers: readonly Identifier[]
  /** The same, as another source would spell them. */
  spelled: readonly Identifier[]
}

let postgres: TestPostgres
let source: SqliteHarness
let target: PostgresHarness

describe.skipIf(postgresMissing !== null)(
  'a vault that is moved to PostgreSQL',
  { timeout: 120_000 },
  () => {
    beforeAll(async () => {
      postgres = await startPostgres()
    }, 120_000)
    afterAll(() => postgres.dispose())
    beforeEach(() => {
      source = sqliteHarness()
      target = postgresHarness(postgres)
    })
    afterEach(async () => {
      await source.dispose()
      await target.dispose()
    })

    it('answers every question as it did', async () => {
      const random = randomFrom(seed())
      const vault = await source.open()
      const people = await live(vault, random)
      await vault.markApplied(77 as Position)
      const before = await answersOf(vault, people)
      await vault.close()
      const file = readFileSync(source.path)

      expect(await moved()).toMatchObject({
        status: 'moved',
        subjects: people.length + people.length / 12,
      })
      expect(readFileSync(source.path).equals(file)).toBe(true)
      const after = await openMoved()
      expect(await after.appliedUpTo()).toBe(START)
      expect(await answersOf(after, people)).toEqual(before)
      expect(before.open.length).toBeGreaterThan(20)
      expect(before.destroyed).toBeGreaterThan(5)
      await expectSameSuppressed(people, after)

      // It is a vault like another: it rotates, and what is new is found.
      const { epoch } = await after.rotate(symphony)
      expect(epoch).toBe(4)
      expect((await answersOf(after, people)).open).toEqual(before.open)
      const { made } = await after.identify(symphony, [email('new@example.org')])
      expect(made).toBe(true)
    })

    it('holds no key that is not wrapped, and none that was destroyed', async () => {
      const vault = await source.open()
      const people = await live(vault, randomFrom(seed()))
      const { open } = await answersOf(vault, people)
      await vault.close()
      await moved()
      const client = await target.outside()
      const { rows: tables } = await client.query<{ name: string }>(
        'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = $1',
        [target.schema],
      )
      const texts: string[] = []
      for (const { name } of tables) {
        const { rows } = await client.query<{ text: string }>(
          `SELECT t::text AS text FROM ${name} t`,
        )
        texts.push(...rows.map(({ text }) => text))
      }
      const whole = texts.join('\n')
      const keys = open.map((one) => one.split(' ').at(-1)!)
      expect(keys.length).toBeGreaterThan(20)
      expect(keys.filter((key) => whole.includes(key))).toEqual([])
      const { rows } = await client.query<{ id: string }>('SELECT id FROM data_key ORDER BY id')
      expect(rows.map(({ id }) => id)).toEqual(open.map((one) => one.split(' ').at(-2)!).sort())
    })

    it('goes on with a rotation that was stopped', async () => {
      const vault = await source.open()
      const people = await live(vault, randomFrom(seed()), 200)
      const before = await answersOf(vault, people)
      const stopped = vault.rotate(symphony).catch((error: unknown) => error)
      while (!(await vault.epochs(symphony)).some(({ epoch }) => epoch === 4)) await turn()
      await vault.close()
      expect(await stopped).toMatchObject({ message: 'the vault is closed' })
      expect(await moved()).toMatchObject({ status: 'moved' })
      const client = await target.outside()
      expect((await client.query('SELECT target FROM rotation')).rows).toEqual([{ target: 4 }])
      const after = await openMoved()
      expect((await answersOf(after, people)).open).toEqual(before.open)
      await after.rotate(symphony)
      expect((await after.epochs(symphony)).filter(({ inUse }) => inUse)).toHaveLength(1)
      expect((await answersOf(after, people)).open).toEqual(before.open)
    })

    it('is moved once, and what is there is known again', async () => {
      const vault = await source.open()
      const people = await live(vault, randomFrom(seed()), 10)
      await vault.close()
      await moved()
      expect(await moved()).toMatchObject({ status: 'there' })
      // A node that was opened on it and recorded nothing doesn't make it another.
      const opened = await openMoved()
      await opened.markApplied(5 as Position)
      await opened.close()
      expect(await moved()).toMatchObject({ status: 'there' })

      const changed = await source.open()
      await changed.fence(people[0]!.controller, people[0]!.subject)
      await changed.close()
      expect(await moved()).toEqual({ status: 'taken' })
      const client = await target.outside()
      const { rows } = await client.query('SELECT state FROM subject WHERE id = $1', [
        Buffer.from(people[0]!.subject, 'hex'),
      ])
      expect(rows).toEqual([{ state: 'open' }])
    })

    it("leaves another vault's schema alone", async () => {
      await (await source.open()).close()
      const other = await target.open()
      await other.identify(symphony, [email('ann@example.org')])
      expect(await moved()).toEqual({ status: 'taken' })
      expect(await other.find(symphony, [email('ann@example.org')])).not.toBeNull()
    })

    it('refuses keys that are not its own, and leaves nothing behind', async () => {
      const vault = await source.open()
      await vault.ready(symphony)
      await vault.close()
      await expect(moved({ rootKey: createSecretKey(randomBytes(32)) })).rejects.toThrow('root key')
      await expect(moved({ keyring: target.keyring })).rejects.toThrow('keyring')
      const client = await target.outside()
      const { rows } = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [
        target.schema,
      ])
      expect(rows).toEqual([])
    })

    it('is open to nobody else while it is moved', async () => {
      const vault = await source.open()
      expect(openAlone(source.path)).toBeNull()
      await vault.close()
      const held = openAlone(source.path)!
      expect(openAlone(source.path)).toBeNull()
      const other = new DatabaseSync(source.path, { timeout: 0 })
      expect(() => other.prepare('SELECT * FROM subject').all()).toThrow('locked')
      other.close()
      held.close()
      expect(openAlone(source.path)).not.toBeNull()
    })
  },
)

async function moved(other: { rootKey?: KeyObject; keyring?: SqliteHarness['keyring'] } = {}) {
  const held = openAlone(source.path)!
  try {
    return await moveVaultToPostgres({
      source: held,
      server: { connectionString: postgres.connectionString },
      schema: target.schema,
      rootKey: source.rootKey,
      keyring: source.keyring,
      ...other,
    })
  } finally {
    held.close()
  }
}

const openMoved = () => target.open({ rootKey: source.rootKey, keyring: source.keyring })

/** A life of a vault: people of two controllers, three epochs, and much that was destroyed. */
async function live(vault: Vault, random: () => number, count = 60): Promise<Person[]> {
  const people: Person[] = []
  for (let number = 0; number < count; number += 1) {
    const controller = random() < 0.8 ? symphony : acquirer
    const digits = String(1_000 + number)
    const identifiers = [email(`Person.${number}@Example.org`), phone(`+1 415 555 ${digits}`)]
    const spelled = [email(` person.${number}@example.ORG`), phone(`(415) 555-${digits}`)]
    const { subject } = await vault.identify(controller, identifiers)
    people.push({ controller, subject, identifiers, spelled })
    await vault.keysFor(
      controller,
      subject,
      scopes.filter(() => random() < 0.5),
    )
    if (number === Math.floor(count / 3)) await vault.rotate(symphony)
    if (number === Math.floor((2 * count) / 3)) await vault.rotate(symphony)
  }
  for (const [number, { controller, subject, identifiers }] of people.entries()) {
    const act = number % 6
    if (act === 1) await vault.fence(controller, subject)
    if (act === 2) await vault.destroyLots(controller, subject, [scopes[0]!.lot])
    if (act === 3) await vault.suppress(controller, subject, [mail])
    if (act === 3 || act === 4) await vault.destroySubject(controller, subject)
    // Somebody comes back whose objection stands, and nobody has recorded it yet.
    if (number % 12 === 3) await vault.identify(controller, identifiers.slice(0, 1))
  }
  return people
}

async function answersOf(vault: Vault, people: readonly Person[]) {
  const open: string[] = []
  const states: unknown[] = []
  let destroyed = 0
  for (const { controller, subject, identifiers, spelled } of people) {
    await vault.ready(controller)
    const keys = await vault.openKeys(controller, subject, scopes)
    for (const [index, key] of keys.entries()) {
      const { lot, category } = scopes[index]!
      const hex = key?.key.export().toString('hex')
      if (key) open.push(`${subject} ${lot} ${category} ${key.id} ${hex}`)
    }
    const held = await vault.holds(controller, subject)
    if (!held) destroyed += 1
    states.push({
      held,
      found: await Promise.all(
        [...identifiers, ...spelled].map((one) => vault.find(controller, [one])),
      ),
      suppressed: await vault.suppressed(controller, spelled),
      digest: vault.digest(controller, 'import-row', subject),
      made: await keyOrFence(vault, { controller, subject }, scopes[0]!),
    })
  }
  const epochs = await Promise.all([symphony, acquirer].map((one) => vault.epochs(one)))
  return { open, states, destroyed, epochs }
}

/** Whether a key could be made; it isn't, where there is none. */
async function keyOrFence(
  vault: Vault,
  { controller, subject }: Pick<Person, 'controller' | 'subject'>,
  asked: KeyScope,
): Promise<string> {
  const [known] = await vault.openKeys(controller, subject, [asked])
  if (!known && (await vault.holds(controller, subject))) return 'not asked'
  try {
    const [key] = await vault.keysFor(controller, subject, [asked])
    return key!.id
  } catch (error) {
    if (error instanceof SubjectFenced) return 'fenced'
    throw error
  }
}

/** What is told to whoever comes back is told by the new vault as by the old. */
async function expectSameSuppressed(people: readonly Person[], after: Vault): Promise<void> {
  const before = await source.open()
  let told = 0
  for (const { controller, identifiers } of people.filter((_, number) => number % 6 === 3)) {
    const answer = await after.identify(controller, identifiers.slice(0, 1))
    const old = await before.identify(controller, identifiers.slice(0, 1))
    expect(answer.suppressed).toEqual(old.suppressed)
    expect(answer.made).toBe(old.made)
    if (answer.suppressed) told += 1
  }
  expect(told).toBeGreaterThan(3)
  await before.close()
}

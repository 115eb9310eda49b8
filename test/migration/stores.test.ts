import { spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { configure } from '../../src/config.ts'
import { Reference, type SubjectId } from '../../src/domain/values.ts'
import { openEventStoreLog } from '../../src/ledger/eventstore/event-log.ts'
import { openSqliteEventReader } from '../../src/ledger/sqlite/event-reader.ts'
import { openDatabase } from '../../src/sqlite/open.ts'
import { everything } from '../notary/support.ts'
import { StandIn } from '../support/eventstore/stand-in.ts'
import { postgresMissing, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { randomFrom, seed } from '../support/seed.ts'
import { openStack, stackOn, symphony, type Stack } from '../support/stack.ts'
import { auditTrail, mail, registration, Someone } from '../support/whole-ledger.ts'

const program = fileURLToPath(new URL('../../src/cli/custody.mjs', import.meta.url))

let directory: string
let standIn: StandIn
let postgres: TestPostgres
/** What the embedded ledger had, asked before it was moved. */
let before: { answers: unknown; records: number; root: string }
let people: readonly Someone[]
let erased: SubjectId
let number = 0
let environment: Record<string, string>

const from = () => join(directory, 'data')
const keys = () => ({
  CUSTODY_ROOT_KEY_FILE: join(directory, 'keys', 'root.key'),
  CUSTODY_LOG_LEVEL: 'silent',
})

describe.skipIf(postgresMissing !== null)('custody migrate', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'custody-migrate-'))
    ;[standIn, postgres] = await Promise.all([StandIn.start(), startPostgres()])
    await embedded()
  }, 180_000)
  afterAll(async () => {
    await standIn.kill()
    await postgres.dispose()
    rmSync(directory, { recursive: true, force: true })
  })
  beforeEach(() => {
    // Nothing can be taken out of an event store again: each test moves to names of its own.
    number += 1
    environment = {
      ...keys(),
      CUSTODY_DATA: join(directory, `node-${number}`),
      CUSTODY_EVENTSTORE: standIn.connectionString,
      CUSTODY_EVENTSTORE_NAMESPACE: `n${number}`,
      CUSTODY_POSTGRESQL: postgres.connectionString,
      CUSTODY_POSTGRESQL_SCHEMA: `vault_${number}`,
    }
  })

  it('moves everything, and a node serves it as it was', { timeout: 180_000 }, async () => {
    const files = filesOf(from())
    const moved = await migrate('--json')
    expect(moved.code, moved.err).toBe(0)
    expect(JSON.parse(moved.out)).toMatchObject({
      ledger: {
        records: before.records,
        appended: before.records,
        trees: [{ controller: symphony, root: before.root, newest: { size: expect.any(Number) } }],
      },
      vault: { status: 'moved' },
    })
    expect(filesOf(from())).toEqual(files)

    const node = await stackOn(configure(environment), directory)
    try {
      expect(node.custody.reconciled).toMatchObject({ reapplied: 0 })
      expect(node.custody.reconciled.checked).toBeGreaterThan(0)
      expect(await answersOf(node)).toEqual(before.answers)
      // The notary goes on where it was: what is signed already is not signed again.
      const { signed, newest } = await sign(node)
      expect(newest?.size).toBe(signed?.size)
      const [said] = await node.say({
        ...{
          ...mail('promotional-mail', { optOutOffered: true }),
          mode: 'enforce',
          source: 'shop',
        },
        property: 'www.symphonycommerce.com',
        subject: { identifiers: people[1]!.identifiers },
      } as never)
      expect(said).toMatchObject({ outcome: 'refused', refusals: [{ code: 'objection_stands' }] })
    } finally {
      await node.close()
    }
    expect(await inVault('data_key', 'subject')).not.toContain(erased)
    expect(await inVault('subject', 'id')).toContain(erased)

    const again = await migrate()
    expect([again.code, again.err]).toEqual([
      2,
      expect.stringContaining('the target holds more than the source'),
    ])
  })

  it('says for people what it did, and again when there is nothing to do', async () => {
    const moved = await migrate()
    expect(moved.code, moved.err).toBe(0)
    expect(moved.out).toContain(before.root)
    expect(moved.out).toContain('byte for byte')
    expect(moved.out).toContain('The vault was moved: ')
    expect(moved.err).toContain('Moving the ledger: done')
    const again = await migrate('--json')
    expect(again.code, again.err).toBe(0)
    expect(JSON.parse(again.out)).toMatchObject({
      ledger: { appended: 0, records: before.records },
      vault: { status: 'there' },
    })
  })

  it('is killed at any moment and goes on', { timeout: 300_000 }, async () => {
    const random = randomFrom(seed())
    // So that most kills meet the ledger on its way.
    await standIn.set({ delayMs: 30 })
    const whole = performance.now()
    environment['CUSTODY_EVENTSTORE_NAMESPACE'] = `first${number}`
    environment['CUSTODY_POSTGRESQL_SCHEMA'] = `first_${number}`
    expect((await migrate()).code).toBe(0)
    const took = performance.now() - whole
    environment['CUSTODY_EVENTSTORE_NAMESPACE'] = `second${number}`
    environment['CUSTODY_POSTGRESQL_SCHEMA'] = `second_${number}`
    for (let kill = 0; kill < 10; kill += 1) {
      const child = start('--from', from())
      const ended = once(child, 'close')
      await sleep(took * (0.3 + random() * 0.8))
      child.kill('SIGKILL')
      await ended
    }
    await standIn.set({ delayMs: 0 })
    const last = await migrate('--json')
    expect(last.code, last.err).toBe(0)
    expect(JSON.parse(last.out)).toMatchObject({ ledger: { records: before.records } })
    const target = openEventStoreLog({
      connectionString: standIn.connectionString,
      namespace: `second${number}`,
    })
    const source = openSqliteEventReader(join(from(), 'ledger.sqlite'))
    const ids = async (log: typeof source) => (await everything(log)).map(({ id }) => id)
    expect(await ids(target as never)).toEqual(await ids(source))
    await Promise.all([target.close(), source.close()])
  })

  it('refuses what it may not, and writes nothing', { timeout: 120_000 }, async () => {
    const refused = async (message: string, change: Record<string, string> = {}) => {
      const own = environment
      environment = { ...environment, ...change }
      const ended = await migrate()
      environment = own
      expect([ended.code, ended.err]).toEqual([2, expect.stringContaining(message)])
    }
    await refused('name another directory for this node', { CUSTODY_DATA: from() })
    await refused('there is no keyring', { CUSTODY_KEYRING: join(directory, 'nowhere') })
    const { CUSTODY_POSTGRESQL: _, ...incomplete } = environment
    const own = environment
    environment = incomplete
    await refused('set CUSTODY_EVENTSTORE and CUSTODY_POSTGRESQL')
    environment = own
    const served = await stackOn(configure({ ...keys(), CUSTODY_DATA: from() }), directory)
    await refused('is in use: stop what serves it first')
    await served.close()

    const taken = new pg.Client({ connectionString: postgres.connectionString })
    await taken.connect()
    const name = environment['CUSTODY_POSTGRESQL_SCHEMA']!
    const other = await stackOn(
      configure({
        ...environment,
        CUSTODY_DATA: join(directory, `other-${number}`),
        CUSTODY_EVENTSTORE_NAMESPACE: 'other',
        CUSTODY_NOTARY_KEY_FILE: join(directory, 'other-keys', 'notary.key'),
      }),
      directory,
    )
    await other.close()
    await refused(`there is a vault in the schema ${name} already`)
    await taken.query(`DROP SCHEMA ${name} CASCADE`)
    await taken.end()

    expect(await targetIds()).toEqual([])
    expect(existsSync(join(directory, 'nowhere'))).toBe(false)
  })

  it('finds what was altered in the source before anything is moved', async () => {
    const copy = join(directory, `altered-${number}`)
    cpSync(from(), copy, { recursive: true })
    const ledger = new DatabaseSync(join(copy, 'ledger.sqlite'))
    ledger.exec(`UPDATE event SET body = replace(body, 'shop', 'show') WHERE position = 6`)
    ledger.close()
    const ended = await run('--from', copy)
    expect([ended.code, ended.err]).toEqual([2, expect.stringContaining('position 6: ')])
    expect(ended.err).toContain('(altered)')
    expect(await targetIds()).toEqual([])
  })

  it('destroys the old vault file when the cluster has everything, and not before', async () => {
    const copy = join(directory, `old-${number}`)
    cpSync(from(), copy, { recursive: true })
    const vault = join(copy, 'vault.sqlite')
    const early = await run('--from', copy, '--destroy-vault')
    expect([early.code, early.err]).toEqual([2, expect.stringContaining('not moved: record 1 ')])
    expect((await run('--from', copy)).code).toBe(0)
    const elsewhere = environment
    environment = { ...environment, CUSTODY_POSTGRESQL_SCHEMA: `other_${number}` }
    const other = await run('--from', copy, '--destroy-vault')
    expect([other.code, other.err]).toEqual([2, expect.stringContaining('is not this one')])
    environment = elsewhere
    expect(existsSync(vault)).toBe(true)

    const node = await stackOn(configure(environment), directory)
    await node.say({
      ...{ ...registration, mode: 'enforce', source: 'shop' },
      property: 'www.symphonycommerce.com',
      subject: { identifiers: [{ scheme: 'email', value: 'new@example.org' }] },
    } as never)
    await node.close()
    const done = await run('--from', copy, '--destroy-vault', '--json')
    expect([done.code, done.err]).toEqual([0, expect.any(String)])
    expect(JSON.parse(done.out)).toEqual({ destroyed: true, records: before.records })
    expect(['', '-wal', '-shm'].filter((suffix) => existsSync(vault + suffix))).toEqual([])
    expect(existsSync(join(copy, 'ledger.sqlite'))).toBe(true)
  })
})

/** An embedded ledger with a life behind it, closed. */
async function embedded(): Promise<void> {
  mkdirSync(from(), { recursive: true })
  const stack = await openStack({
    configuration: configure({ ...keys(), CUSTODY_DATA: from() }),
  })
  people = Array.from({ length: 8 }, () => new Someone(stack))
  for (const one of people) await one.asks(registration)
  await fulfilled(stack, people[1]!, 'objection', 'promotional-mail')
  await people[2]!.asks(mail('account-contact'))
  erased = await people[3]!.subject()
  await stack.custody.vault.rotate(symphony)
  await fulfilled(stack, people[3]!, 'erasure')
  await people[4]!.asks(mail('service-announcements'))
  const { signed } = await sign(stack)
  before = {
    answers: await answersOf(stack),
    records: (await everything(stack.custody.log)).length,
    root: signed!.root.toString('base64'),
  }
  await stack.close()
  // Whoever closes a file last brings its log into it; that changes bytes, and nothing that they say.
  for (const name of ['ledger.sqlite', 'vault.sqlite']) openDatabase(join(from(), name)).close()
}

async function sign({ custody }: Stack) {
  const signed = await custody.notary.checkpoint(symphony)
  return { signed, newest: await custody.notary.latest(symphony) }
}

async function fulfilled(
  { custody, caller }: Stack,
  person: Someone,
  kind: 'erasure' | 'objection',
  purpose: string | null = null,
): Promise<void> {
  const request = Reference.parse(`${kind}-of-somebody`)
  const { requests } = custody.services
  const subject = { identifiers: person.identifiers }
  await requests.receive(caller, {
    ...{ request, kind, channel: 'email' as never, purpose: purpose as never, subject },
  })
  await requests.verify(caller, { request, method: 'reply', handler: 'support' })
  const done = await requests.fulfil(caller, { request, outcome: 'Done', handler: 'support' })
  expect(done).toMatchObject({ outcome: 'recorded' })
}

/** Whoever is found, what can be opened of them, and the audit trail but for its positions. */
async function answersOf(stack: Stack) {
  const { custody, caller } = stack
  const found = []
  for (const { identifiers } of people) {
    const spelled = identifiers.map(({ scheme, value }) => ({ scheme, value: value.toUpperCase() }))
    const subject = await custody.services.subjects.find(caller, { identifiers: spelled })
    const values = await opened(stack, subject)
    found.push({ subject, values })
  }
  const trail = (await auditTrail(stack)).map((row) => withoutPositions(row))
  return { found, trail }
}

/** Straight from the vault: an export would be an event. */
async function opened({ custody }: Stack, subject: SubjectId | null) {
  if (subject === null) return null
  const scopes = ['user.name', 'user.contact.email'].map((category) => ({
    category,
    lot: 'account-data',
  })) as never
  const keys = await custody.vault.openKeys(symphony, subject, scopes)
  return keys.map((key) => key && [key.id, key.key.export().toString('hex')])
}

function withoutPositions(row: object): object {
  return Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'position'))
}

function start(...args: string[]) {
  const clean = Object.entries(process.env).filter(([name]) => !name.startsWith('CUSTODY_'))
  return spawn(process.execPath, [program, 'migrate', ...args], {
    env: { ...Object.fromEntries(clean), ...environment },
  })
}

async function run(...args: string[]) {
  const child = start(...args)
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }
}

const migrate = (...args: string[]) => run('--from', from(), ...args)

/** What the stores' bytes are. */
function filesOf(data: string) {
  return ['ledger.sqlite', 'vault.sqlite'].map((name) =>
    hash('sha256', readFileSync(join(data, name))),
  )
}

async function targetIds(): Promise<readonly string[]> {
  const target = openEventStoreLog({
    connectionString: standIn.connectionString,
    namespace: environment['CUSTODY_EVENTSTORE_NAMESPACE']!,
  })
  const found = await everything(target)
  await target.close()
  return found.map(({ id }) => id)
}

async function inVault(table: string, column: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: postgres.connectionString })
  await client.connect()
  const { rows } = await client.query<{ found: Buffer }>(
    `SELECT DISTINCT ${column} AS found FROM ${environment['CUSTODY_POSTGRESQL_SCHEMA']}.${table}`,
  )
  await client.end()
  return rows.map(({ found }) => found.toString('hex'))
}

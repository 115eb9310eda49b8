import { execFileSync } from 'node:child_process'
import { chownSync, cpSync, globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresMissing, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { missing, provision } from './provisioned.ts'

/** PostgreSQL set up as the containers set it up: the same certificate, rules and script, on a real server. */
const skipped = postgresMissing ?? missing('openssl') ?? missing('psql')

describe.skipIf(skipped)('PostgreSQL as docker-compose.yml runs it', { timeout: 60_000 }, () => {
  let postgres: TestPostgres
  let root: string
  let address: URL
  const ask = async (connectionString: string, query: string) => {
    const client = new Client({ connectionString })
    try {
      await client.connect()
      return (await client.query<Record<string, unknown>>(query)).rows
    } finally {
      await client.end()
    }
  }

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'custody-postgresql-'))
    provision(root, { postgresql: 'localhost' })
    postgres = await startPostgres()
    address = new URL(postgres.connectionString)
    execFileSync('sh', ['deploy/postgresql/make-database.sh'], {
      env: {
        PATH: process.env['PATH'],
        PGHOST: address.hostname,
        PGPORT: address.port,
        PGPASSWORD: address.password,
        CUSTODY_PASSWORD_FILE: join(root, 'postgresql', 'custody-password'),
      },
    })
    const secrets = join(postgres.directory, 'secrets')
    cpSync(join(root, 'postgresql'), secrets, { recursive: true })
    const { uid, gid } = statSync(postgres.directory)
    for (const file of [secrets, ...globSync(join(secrets, '*'))]) chownSync(file, uid, gid)
    for (const [name, value] of [
      ['ssl_cert_file', join(secrets, 'server.crt')],
      ['ssl_key_file', join(secrets, 'server.key')],
      ['ssl', 'on'],
      ['hba_file', resolve('deploy/postgresql/pg_hba.conf')],
    ] as const) {
      await ask(postgres.connectionString, `ALTER SYSTEM SET ${name} = '${value}'`)
    }
    await postgres.crash()
    await postgres.start()
  }, 120_000)
  afterAll(async () => {
    await postgres?.dispose()
    rmSync(root, { recursive: true, force: true })
  })

  const written = () =>
    new URL(
      readFileSync(join(root, 'custody', 'postgresql'), 'utf8')
        .trim()
        .replace(':5432/', `:${address.port}/`),
    )

  it('lets Custody in by the connection string that the first start wrote, over TLS', async () => {
    const secure = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
    expect(await ask(written().href, secure)).toEqual([{ ssl: true }])
  })

  it('owned by a role that may do nothing else', async () => {
    const role =
      'SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user'
    expect(await ask(written().href, role)).toEqual([
      { rolsuper: false, rolcreatedb: false, rolcreaterole: false },
    ])
    await ask(written().href, 'CREATE SCHEMA custody_vault')
  })

  it('lets nobody in without TLS, and nobody else at all', async () => {
    const bare = written()
    bare.search = '?sslmode=disable'
    await expect(ask(bare.href, 'SELECT 1')).rejects.toThrow(/no encryption/)
    const superuser = written()
    superuser.username = 'postgres'
    superuser.password = address.password
    await expect(ask(superuser.href, 'SELECT 1')).rejects.toThrow(/no pg_hba\.conf entry/)
    const elsewhere = written()
    elsewhere.pathname = '/postgres'
    await expect(ask(elsewhere.href, 'SELECT 1')).rejects.toThrow(/no pg_hba\.conf entry/)
  })

  it('is not believed when it is another server', async () => {
    const other = written()
    other.searchParams.set('sslrootcert', join(root, 'custody', 'eventstore-ca.crt'))
    await expect(ask(other.href, 'SELECT 1')).rejects.toThrow(/certificate/)
  })
})

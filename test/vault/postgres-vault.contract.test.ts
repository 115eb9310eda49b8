import { afterAll, beforeAll, describe } from 'vitest'
import { vaultContract } from '../contracts/vault.ts'
import { postgresMissing, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { postgresHarness } from './postgres-harness.ts'

if (postgresMissing) console.warn(postgresMissing)

describe.skipIf(postgresMissing)(postgresMissing ?? 'on a PostgreSQL of its own', () => {
  let postgres: TestPostgres
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres.dispose())

  vaultContract('PostgresVault', async () => postgresHarness(postgres))
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BadConfiguration, configure } from '../src/config.ts'

let directory: string
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'custody-config-'))))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const secret = 'esdb://custody:pass@events.example.org:2113?tls=true'

describe('the stores', () => {
  it('are files in the data directory by default', () => {
    const { ledger, vault } = configure({ CUSTODY_DATA: directory })
    expect(ledger).toEqual({ store: 'sqlite', file: join(directory, 'ledger.sqlite') })
    expect(vault).toEqual({ store: 'sqlite', file: join(directory, 'vault.sqlite') })
  })

  it('are where the connection strings say, each by itself', () => {
    const postgresql = 'postgresql://custody:pass@vault.example.org/custody'
    const both = { CUSTODY_EVENTSTORE: secret, CUSTODY_POSTGRESQL: postgresql }
    expect(configure(both)).toMatchObject({
      ledger: { store: 'eventstore', connectionString: secret, namespace: '' },
      vault: { store: 'postgresql', connectionString: postgresql, schema: 'custody_vault' },
    })
    expect(configure({ CUSTODY_EVENTSTORE: secret }).vault.store).toBe('sqlite')
    expect(configure({ CUSTODY_POSTGRESQL: postgresql }).ledger.store).toBe('sqlite')
  })

  it('may have their connection strings in files', () => {
    const file = join(directory, 'eventstore')
    writeFileSync(file, `${secret}\n`)
    expect(configure({ CUSTODY_EVENTSTORE_FILE: file }).ledger).toMatchObject({
      connectionString: secret,
    })
  })
})

describe('a wrong setting', () => {
  it.each([
    [{ CUSTODY_EVENTSTORE: 'http://custody:pass@example.org' }, 'CUSTODY_EVENTSTORE: must be'],
    [{ CUSTODY_EVENTSTORE_NAMESPACE: 'Not-It' }, 'CUSTODY_EVENTSTORE_NAMESPACE: must be'],
    [{ CUSTODY_POSTGRESQL: 'mysql://custody:pass@example.org' }, 'CUSTODY_POSTGRESQL: must be'],
    [{ CUSTODY_POSTGRESQL_SCHEMA: 'a b; drop' }, 'CUSTODY_POSTGRESQL_SCHEMA: must be'],
    [{ CUSTODY_POSTGRESQL_FILE: '/nowhere/it' }, 'CUSTODY_POSTGRESQL_FILE: must be a file'],
    [
      { CUSTODY_EVENTSTORE: secret, CUSTODY_EVENTSTORE_FILE: '/nowhere/it' },
      'CUSTODY_EVENTSTORE_FILE: must not be given together',
    ],
    [{ CUSTODY_PORT: '70000' }, 'CUSTODY_PORT: '],
  ])('is named with its rule, and its value is not told: %o', (environment, said) => {
    const wrong = () => configure(environment)
    expect(wrong).toThrow(BadConfiguration)
    expect(wrong).toThrow(said)
    expect(wrong).not.toThrow(/pass@/)
  })
})

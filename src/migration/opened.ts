import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { Configuration } from '../config.ts'
import { isInside } from '../files/durable-file.ts'
import type { EventLog, EventReader } from '../ledger/event-log.ts'
import { openEventStoreLog } from '../ledger/eventstore/event-log.ts'
import { openSqliteEventReader } from '../ledger/sqlite/event-reader.ts'
import { openAlone } from '../sqlite/alone.ts'
import { isOpenElsewhere } from '../sqlite/open.ts'
import type { PostgresServer } from '../vault/postgres/driver.ts'
import { MigrationRefused } from './ledger.ts'

/** The embedded stores that are moved, and where they go. */
export type Opened = Readonly<{
  files: Files
  source: EventReader
  target: EventLog
  /** The vault's file. While it is open here nobody can open it elsewhere, and so nobody serves. */
  vault: DatabaseSync
  server: PostgresServer
  schema: string
}>

export type Files = Readonly<{ ledger: string; vault: string; notary: string }>

/** For how long an append is tried again, in milliseconds: a server may be started anew meanwhile. */
const patienceMs = 120_000

/**
 * Opens the stores in a directory that nothing serves, and the event store that the configuration names; does
 * the work; and lets go of them, whatever happens.
 *
 * @throws MigrationRefused where that can't be; what the work throws
 */
export async function withStores<T>(
  configuration: Configuration,
  from: string,
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const { ledger, vault: place } = configuration
  if (ledger.store !== 'eventstore' || place.store !== 'postgresql') {
    throw new MigrationRefused(
      'name where the stores are to be: set CUSTODY_EVENTSTORE and CUSTODY_POSTGRESQL',
    )
  }
  const files = filesIn(from, configuration)
  const vault = openAlone(files.vault)
  if (!vault) throw new MigrationRefused(inUse(files.vault))
  try {
    if (isOpenElsewhere(files.ledger)) throw new MigrationRefused(inUse(files.ledger))
    const source = openSqliteEventReader(files.ledger)
    const { connectionString, namespace } = ledger
    const target = openEventStoreLog({ connectionString, namespace, patienceMs })
    const { schema } = place
    const server = { connectionString: place.connectionString }
    try {
      return await work({ files, source, target, vault, server, schema })
    } finally {
      await source.close()
      await target.close()
    }
  } finally {
    vault.close()
  }
}

const inUse = (file: string) => `${file} is in use: stop what serves it first`

function filesIn(from: string, { dataDirectory, keyringDirectory }: Configuration): Files {
  const files = {
    ledger: join(from, 'ledger.sqlite'),
    vault: join(from, 'vault.sqlite'),
    notary: join(from, 'notary.sqlite'),
  }
  for (const file of [files.ledger, files.vault]) {
    if (!existsSync(file)) throw new MigrationRefused(`there is no ${file}`)
  }
  if (isInside(from, dataDirectory) && isInside(dataDirectory, from)) {
    throw new MigrationRefused(
      `the views and the notary's file in ${from} are of the old ledger's positions: name another ` +
        'directory for this node (CUSTODY_DATA)',
    )
  }
  // Where there is no keyring a new root key would be made.
  if (!existsSync(keyringDirectory)) {
    throw new MigrationRefused(`there is no keyring ${keyringDirectory}: set CUSTODY_KEYRING`)
  }
  return files
}

import type { DatabaseSync } from 'node:sqlite'
import { pairsIn } from '../hash-table.ts'
import { bytes } from '../slot-table.ts'
import { VaultUnavailable } from '../vault.ts'
import type { Row } from './rows.ts'

/**
 * The rows of a vault's file as the tables of PostgreSQL have them. Wrapped keys stay wrapped and index rows
 * masked: both stores wrap and mask in one way, so nothing is opened. Not there: the format of the file, the
 * generation that its processes tell each other by, and up to where deletions were applied, since a position
 * of one ledger means nothing in another.
 */
const tables: Readonly<Record<string, (database: DatabaseSync) => Iterable<Row>>> = {
  meta: (database) =>
    selected(
      database,
      `SELECT name, value FROM meta WHERE name IN ('root key check', 'vault') ORDER BY name`,
    ),
  controller: (database) =>
    withSecret(
      selected(
        database,
        `SELECT controller.number, name, index_epoch, content
         FROM controller LEFT JOIN secret ON secret.number = index_secret ORDER BY controller.number`,
      ),
    ),
  epoch: (database) =>
    selected(database, 'SELECT controller, number FROM epoch ORDER BY controller, number'),
  rotation: (database) =>
    selected(database, 'SELECT controller, target, moved_up_to FROM rotation ORDER BY controller'),
  subject: (database) =>
    selected(database, 'SELECT id, controller, state FROM subject ORDER BY id'),
  data_key: (database) =>
    withSecret(
      selected(
        database,
        `SELECT subject, lot, category, id, epoch, content
         FROM data_key LEFT JOIN secret ON secret.number = data_key.secret
         ORDER BY subject, lot, category`,
      ),
    ),
  identified: (database) => pairsIn(database, 'identified'),
  identifying: (database) => pairsIn(database, 'identifying'),
  suppressed: suppressedRows,
  returned: (database) => selected(database, 'SELECT subject FROM returned ORDER BY subject'),
}

/**
 * The rows of one table of PostgreSQL, from a vault's file of the present format, one at a time. Inside a
 * transaction on it.
 *
 * @throws VaultUnavailable where a key that is named is missing
 */
export function sqliteRows(database: DatabaseSync, table: string): Iterable<Row> {
  const rows = tables[table]
  if (!rows) throw new Error(`unreachable: no rows are known for the table ${table}`)
  return rows(database)
}

function* selected(database: DatabaseSync, text: string): Generator<unknown[]> {
  for (const row of database.prepare(text).iterate()) {
    yield Object.values(row).map((value) => (value instanceof Uint8Array ? bytes(value) : value))
  }
}

/** @throws VaultUnavailable where the last column, which is a wrapped key, is missing */
function* withSecret(rows: Iterable<Row>): Generator<Row> {
  for (const row of rows) {
    if (!Buffer.isBuffer(row.at(-1))) throw new VaultUnavailable('a wrapped key is missing')
    yield row
  }
}

function* suppressedRows(database: DatabaseSync): Generator<Row> {
  const names = new Map([...selected(database, 'SELECT number, name FROM purpose')] as [
    number,
    string,
  ][])
  for (const [tag, value] of pairsIn(database, 'suppressed')) {
    const purpose = names.get(value.readUInt32BE())
    if (purpose === undefined) throw new VaultUnavailable('a purpose has no name')
    yield [tag, purpose]
  }
}

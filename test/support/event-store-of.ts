import { createHash } from 'node:crypto'

/** A real event store, where `CUSTODY_TEST_EVENTSTORE` names one: the tests' ledgers are in it then. */
export const realEventStore = process.env['CUSTODY_TEST_EVENTSTORE'] ?? null

/**
 * The settings of a test's ledger: none for an embedded one in the data directory, or names of its own in the
 * event store, always the same for the same directory.
 */
export function ledgerSettings(dataDirectory: string): Readonly<Record<string, string>> {
  if (realEventStore === null) return {}
  const mark = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16)
  return { CUSTODY_EVENTSTORE: realEventStore, CUSTODY_EVENTSTORE_NAMESPACE: `t${mark}` }
}

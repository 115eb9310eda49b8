import { createHash } from 'node:crypto'
import { VaultUnavailable } from '../vault.ts'
import type { Query } from './driver.ts'

/**
 * The steps of the schema, each applied once and never changed after it was released. Wrapped keys are in
 * `data_key` and `controller`; index rows are masked by their epoch (see `../index-mask.ts`); `suppressed`
 * holds keyed digests. The rest are pseudonyms and names of lots, categories and purposes, as in the ledger.
 * No epoch key is here. `node` has who must confirm that they have forgotten: see `coherence.ts`.
 */
const steps: readonly string[] = [
  `CREATE TABLE meta (name text PRIMARY KEY, value bytea NOT NULL);
   CREATE TABLE generation (one int PRIMARY KEY CHECK (one = 1), number bigint NOT NULL);
   INSERT INTO generation VALUES (1, 0);
   CREATE TABLE node (id bytea PRIMARY KEY, seen bigint NOT NULL, until timestamptz NOT NULL);
   CREATE TABLE controller (
     number int PRIMARY KEY,
     name text NOT NULL UNIQUE,
     index_epoch int NOT NULL,
     index_secret bytea NOT NULL
   );
   CREATE TABLE epoch (
     controller int NOT NULL,
     number int NOT NULL,
     PRIMARY KEY (controller, number)
   );
   CREATE TABLE rotation (
     controller int PRIMARY KEY,
     target int NOT NULL,
     moved_up_to bytea NOT NULL
   );
   CREATE TABLE subject (
     id bytea PRIMARY KEY,
     controller int NOT NULL,
     state text NOT NULL CHECK (state IN ('open', 'fenced', 'destroyed'))
   );
   CREATE INDEX subject_by_controller ON subject (controller, id);
   CREATE TABLE data_key (
     subject bytea NOT NULL,
     lot text NOT NULL,
     category text NOT NULL,
     id text NOT NULL,
     epoch int NOT NULL,
     wrapped bytea NOT NULL,
     PRIMARY KEY (subject, lot, category)
   );
   CREATE TABLE identified (digest bytea PRIMARY KEY, owner bytea NOT NULL);
   CREATE TABLE identifying (
     subject bytea NOT NULL,
     digest bytea NOT NULL,
     PRIMARY KEY (subject, digest)
   );
   CREATE TABLE suppressed (tag bytea NOT NULL, purpose text NOT NULL, PRIMARY KEY (tag, purpose));
   CREATE TABLE returned (subject bytea PRIMARY KEY);`,
]

/** The version that this program writes and reads. */
export const currentVersion = steps.length

/**
 * Makes the schema where it is missing and takes the steps that are missing, in the transaction that it
 * is given; whoever comes at the same moment waits, and finds them taken.
 *
 * @param schema a name that `isSchemaName` accepts
 * @param upTo the version to end at
 * @returns the version that was there before; 0 where there was none
 * @throws VaultUnavailable when the schema was made by a later program
 */
export async function migrate(
  query: Query,
  schema: string,
  upTo: number = currentVersion,
): Promise<number> {
  await query('SELECT pg_advisory_xact_lock($1)', [lockNumber('migrations', schema)])
  const [known] = await query<{ known: boolean }>(
    'SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS known',
    [schema],
  )
  // Whoever may not make a schema can still use the one that was made for them.
  if (!known!.known) await query(`CREATE SCHEMA "${schema}"`)
  await query(
    `CREATE TABLE IF NOT EXISTS version (
       number int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now()
     )`,
  )
  const [row] = await query<{ version: number }>(
    'SELECT coalesce(max(number), 0)::int AS version FROM version',
  )
  const { version } = row!
  if (version > currentVersion) {
    throw new VaultUnavailable(
      `the vault's schema ${schema} has version ${version}, and this program knows up to ` +
        `${currentVersion}: a later Custody made it`,
    )
  }
  for (let number = version + 1; number <= upTo; number += 1) {
    await query(steps[number - 1]!)
    await query('INSERT INTO version (number) VALUES ($1)', [number])
  }
  return version
}

/** Lower case letters, digits and underscores: nothing that would have to be quoted. */
export function isSchemaName(schema: string): boolean {
  return /^[a-z][a-z0-9_]{0,47}$/.test(schema) && !schema.startsWith('pg_')
}

/** The number of an advisory lock, as text: 64 bits of SHA-256 of what it is for. */
export function lockNumber(...what: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify(['custody.vault.lock', ...what]))
    .digest()
    .readBigInt64BE()
    .toString()
}

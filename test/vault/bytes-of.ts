import { existsSync, readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { ControllerId, SubjectId } from '../../src/domain/values.ts'
import { createMetaTable } from '../../src/vault/meta-table.ts'
import { createTables, type Tables } from '../../src/vault/vault-file.ts'
import type { SqliteHarness } from './sqlite-harness.ts'

/**
 * The bytes that only the vault has of a subject, as they stand in its file: wrapped keys, by lot, and
 * index rows (each identifier's two, under every epoch in use).
 */
export type Secrets = { keys: { lot: string; bytes: Buffer }[]; rows: Buffer[] }

/** Asks the tables of a vault's file, as another process would that has its keyring. */
export function inFile<Result>(
  { path, keyring }: Pick<SqliteHarness, 'path' | 'keyring'>,
  ask: (tables: Tables, database: DatabaseSync, name: string) => Result,
): Result {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const name = createMetaTable(database).get('vault')!.toString('hex')
    return ask(createTables(database, keyring, name), database, name)
  } finally {
    database.close()
  }
}

/** Of these subjects, looked up in the file itself. */
export function secretsOf(
  harness: Pick<SqliteHarness, 'path' | 'keyring'>,
  name: ControllerId,
  subjects: readonly SubjectId[],
): Secrets[] {
  return inFile(harness, ({ controllers, epochs, index }, database) => {
    const controller = controllers.row(name)!
    const select = database.prepare(
      'SELECT lot, content FROM data_key JOIN secret ON number = secret WHERE subject = ?',
    )
    return subjects.map((subject) => {
      const id = Buffer.from(subject, 'hex')
      const rows = select.all(id) as { lot: string; content: Uint8Array }[]
      const digests = index.digestsOf(controller, id)
      return {
        keys: rows.map(({ lot, content }) => ({ lot, bytes: Buffer.from(content) })),
        rows: epochs.numbers(controller).flatMap((epoch) => {
          const mask = epochs.mask(controller, epoch)
          return digests.flatMap((digest) => [mask.digestKey(digest), mask.digest(digest)])
        }),
      }
    })
  })
}

/** All of them in one list. */
export function allOf(secrets: readonly Secrets[]): Buffer[] {
  return secrets.flatMap(({ keys, rows }) => [...keys.map(({ bytes }) => bytes), ...rows])
}

/** How many of the needles have a run of 8 of their bytes, at a multiple of 4, in a vault's files. */
export function foundIn(path: string, needles: readonly Buffer[]): number {
  const runs = new Map<number, { needle: number; run: Buffer }[]>()
  for (const [needle, bytes] of needles.entries()) {
    for (let start = 0; start + 8 <= bytes.length; start += 4) {
      const run = bytes.subarray(start, start + 8)
      const head = run.readUInt32LE(0)
      const same = runs.get(head)
      if (same) same.push({ needle, run })
      else runs.set(head, [{ needle, run }])
    }
  }
  const hits = new Set<number>()
  for (const suffix of ['', '-wal', '-shm', '-journal']) {
    if (!existsSync(path + suffix)) continue
    const file = readFileSync(path + suffix)
    for (let offset = 0; offset + 8 <= file.length; offset += 1) {
      for (const { needle, run } of runs.get(file.readUInt32LE(offset)) ?? []) {
        if (run.equals(file.subarray(offset, offset + 8))) hits.add(needle)
      }
    }
  }
  return hits.size
}

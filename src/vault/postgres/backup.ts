import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { createWhole } from '../../files/whole-file.ts'
import { type BackupEpoch, VaultUnavailable } from '../vault.ts'
import { copiedTables } from './copied-tables.ts'
import type { Driver, Query } from './driver.ts'
import { eachRows } from './rows.ts'

/**
 * Copies the vault's tables, as one transaction sees them, to a file: lines of JSON, bytes as base64, with
 * a digest of all at the end (see `docs/postgresql-vault.md`). `restorePostgresVault` reads it.
 *
 * @returns under which epochs the copy's keys are
 * @throws VaultUnavailable when there is a file of that name already, or it could not be written
 */
export async function backUp(driver: Driver, path: string): Promise<readonly BackupEpoch[]> {
  try {
    let epochs: readonly BackupEpoch[] = []
    await createWhole(path, async (partial) => {
      const file = await open(partial, 'w', 0o600)
      try {
        epochs = await driver.transaction((query) => copy(query, file), 'REPEATABLE READ READ ONLY')
      } finally {
        await file.close()
      }
    })
    return epochs
  } catch (cause) {
    const message = (cause as Error).message
    throw new VaultUnavailable(`couldn't back the vault up to ${path}: ${message}`, { cause })
  }
}

async function copy(query: Query, file: FileHandle): Promise<readonly BackupEpoch[]> {
  const hash = createHash('sha256')
  const write = async (lines: readonly unknown[]): Promise<void> => {
    if (lines.length === 0) return
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
    hash.update(text)
    await file.appendFile(text)
  }
  const [version] = await query<{ number: number }>(
    'SELECT max(number)::int AS number FROM version',
  )
  await write([{ format: 'custody.postgres-vault', version: 1, schema: version!.number }])
  let count = 0
  for (const table of copiedTables) {
    await write([{ table: table.name }])
    await eachRows(query, table, async (rows) => {
      count += rows.length
      await write(rows.map((row) => row.map(written)))
    })
  }
  const end = { rows: count, sha256: hash.digest('hex') }
  await file.appendFile(`${JSON.stringify(end)}\n`)
  return query<BackupEpoch>(
    `SELECT name AS controller, epoch.number AS epoch
     FROM epoch JOIN controller ON controller.number = epoch.controller
     ORDER BY name COLLATE "C", epoch.number`,
  )
}

function written(value: unknown): unknown {
  return Buffer.isBuffer(value) ? value.toString('base64') : value
}

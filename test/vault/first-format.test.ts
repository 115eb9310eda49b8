import { createSecretKey } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { CategoryKey, ControllerId, Lot, SubjectId } from '../../src/domain/values.ts'
import { createHashTable } from '../../src/vault/hash-table.ts'
import type { Keyring } from '../../src/vault/keyring.ts'
import { identifierSchemes, VaultUnavailable } from '../../src/vault/vault.ts'
import { ids, symphony } from '../contracts/vault-support.ts'
import { foundIn } from './bytes-of.ts'
import { keyringIn, type SqliteHarness, sqliteHarness } from './sqlite-harness.ts'

/** A file that was written by the version before the keyring, closed as a process closes it. */
const sample = z
  .object({
    rootKey: z.string(),
    digest: z.string(),
    scopes: z.array(z.object({ category: CategoryKey, lot: Lot })),
    people: z.array(
      z.object({
        controller: ControllerId,
        subject: SubjectId,
        identifiers: z.array(z.object({ scheme: z.enum(identifierSchemes), value: z.string() })),
        keys: z.array(z.object({ id: z.string(), key: z.string() })),
        erased: z.boolean(),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync('test/golden/vault/format-1.json', 'utf8')))
const file = gunzipSync(readFileSync('test/golden/vault/format-1.sqlite.gz'))

let harness: SqliteHarness
beforeEach(() => {
  harness = sqliteHarness()
  writeFileSync(harness.path, file, { mode: 0o600 })
})
afterEach(() => harness.dispose())

const rootKey = createSecretKey(Buffer.from(sample.rootKey, 'hex'))
const nothing = { dataKeys: 0, spellings: 0 }

/** What the old file had of those who live: wrapped epoch keys, and the index rows in clear. */
function oldSecrets(): { epochs: Buffer[]; rows: Buffer[] } {
  const database = new DatabaseSync(harness.path, { readOnly: true })
  try {
    const epochs = database
      .prepare('SELECT content FROM epoch JOIN secret ON secret.number = secret')
      .all() as { content: Uint8Array }[]
    const identifying = createHashTable(database, 'identifying')
    const living = sample.people.filter(({ erased }) => !erased)
    return {
      epochs: epochs.map(({ content }) => Buffer.from(content)),
      rows: living.flatMap(({ subject }) => identifying.get(Buffer.from(subject, 'hex'))),
    }
  } finally {
    database.close()
  }
}

describe('a vault file of the first format', () => {
  it('is brought to this one: all is answered as before, and no epoch key is left in it', async () => {
    const { epochs, rows } = oldSecrets()
    expect([epochs.length, rows.length]).toEqual([2, 144])
    expect([foundIn(harness.path, epochs), foundIn(harness.path, rows)]).toEqual([2, 144])
    const keyring = keyringIn(harness.keyring.name, rootKey)
    for (let time = 0; time < 2; time += 1) {
      const vault = await harness.open({ rootKey, keyring, cacheBounds: nothing })
      expect([foundIn(harness.path, epochs), foundIn(harness.path, rows)]).toEqual([0, 0])
      for (const { controller, subject, identifiers, keys, erased } of sample.people) {
        for (const identifier of identifiers) {
          expect(await vault.find(controller, [identifier])).toBe(erased ? null : subject)
        }
        const found = await vault.openKeys(controller, subject, sample.scopes)
        expect(ids(found)).toEqual(erased ? [null, null] : keys.map(({ id }) => id))
        if (!erased) expect(found[1]!.key.export().toString('hex')).toBe(keys[1]!.key)
      }
      await vault.ready(symphony)
      expect(vault.digest(symphony, 'import-row', 'text')).toBe(sample.digest)
      expect(await vault.epochs(symphony)).toEqual([
        { epoch: 1, current: true, inUse: true, available: true },
      ])
      await vault.close()
    }
    const vault = await harness.open({ rootKey, keyring })
    await vault.rotate(symphony)
    await vault.destroyEpoch(symphony, 1)
    const living = sample.people[0]!
    expect(await vault.find(symphony, living.identifiers)).toBe(living.subject)
  })

  it('is left as it is when the keyring cannot take all of its keys, and opens once it can', async () => {
    const keyring = keyringIn(harness.keyring.name, rootKey)
    let made = 0
    const full: Keyring = {
      name: keyring.name,
      load: (place) => keyring.load(place),
      list: (vault, controller) => keyring.list(vault, controller),
      destroy: (place) => keyring.destroy(place),
      make: (place, adopted) => {
        if ((made += 1) > 1) throw new VaultUnavailable('there is no room')
        return keyring.make(place, adopted)
      },
    }
    await expect(harness.open({ rootKey, keyring: full })).rejects.toThrow('there is no room')
    expect(oldSecrets().epochs).toHaveLength(2)
    const vault = await harness.open({ rootKey, keyring })
    const { subject, identifiers } = sample.people[0]!
    expect(await vault.find(symphony, identifiers)).toBe(subject)
    // No second copy of a key is left behind, which no destruction would find.
    expect(readdirSync(keyring.name)).toHaveLength(1)
  })
})

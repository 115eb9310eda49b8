import { createSecretKey, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { VaultUnavailable } from '../../src/vault/vault.ts'
import { email, scope, someone, symphony } from '../contracts/vault-support.ts'
import { type SqliteHarness, sqliteHarness } from './sqlite-harness.ts'

let harness: SqliteHarness
beforeEach(() => {
  harness = sqliteHarness()
})
afterEach(() => harness.dispose())

const contact = scope('user.contact.email', 'account-data')
const orders = scope('user.payment', 'orders/2015-02-11')

describe('the vault in a SQLite file', () => {
  it('is for its owner only, and holds no identifier in clear', async () => {
    const vault = await harness.open()
    const identifiers = [
      email('ann.smith@example.org'),
      { scheme: 'phone', value: '+14155550100' } as const,
      { scheme: 'customer-id', value: 'customer-4711' } as const,
    ]
    const { subject } = await vault.identify(symphony, identifiers)
    await vault.keysFor(symphony, subject, [contact])
    let searched = ''
    for (const suffix of ['', '-wal', '-shm']) {
      if (!existsSync(harness.path + suffix)) continue
      if (suffix !== '-shm') expect(statSync(harness.path + suffix).mode & 0o077).toBe(0)
      searched += readFileSync(harness.path + suffix, 'latin1')
    }
    expect(searched).toContain('user.contact.email')
    for (const text of ['ann', 'smith', '4155550100', '4711']) expect(searched).not.toContain(text)
  })

  it('does not open with another root key, and says what to set', async () => {
    await harness.open()
    const wrong = harness.open({ rootKey: createSecretKey(randomBytes(32)) })
    await expect(wrong).rejects.toThrow(VaultUnavailable)
    await expect(wrong).rejects.toThrow(/root key is not the one .* CUSTODY_ROOT_KEY/)
    await expect(harness.open()).resolves.toBeDefined()
  })

  it('says why a file that is no vault does not open', async () => {
    const path = join(dirname(harness.path), 'other.sqlite')
    writeFileSync(path, 'no database at all, but long enough to be looked at as one '.repeat(20))
    await expect(harness.open({ path })).rejects.toThrow(VaultUnavailable)
    await expect(harness.open({ path })).rejects.toThrow(/couldn't open the vault/)
    await expect(harness.open({ path: join(harness.path, 'x') })).rejects.toThrow(VaultUnavailable)
  })

  it('refuses a wrapped key that was altered or put in the place of another', async () => {
    const vault = await harness.open({ cacheBounds: { dataKeys: 0, spellings: 0 } })
    const subject = someone()
    await vault.keysFor(symphony, subject, [contact, orders])
    const untouched = someone()
    await vault.keysFor(symphony, untouched, [contact])
    const database = new DatabaseSync(harness.path)
    database
      .prepare(
        `UPDATE data_key SET secret = (SELECT secret FROM data_key WHERE subject = ?1 AND lot = ?2)
         WHERE subject = ?1 AND lot = ?3`,
      )
      .run(Buffer.from(subject, 'hex'), orders.lot, contact.lot)
    database.close()
    const fresh = await harness.open()
    await expect(fresh.openKeys(symphony, subject, [contact])).rejects.toThrow(/was altered/)
    const [altered, other] = await Promise.allSettled([
      fresh.keysFor(symphony, subject, [contact]),
      fresh.keysFor(symphony, untouched, [contact, orders]),
    ])
    expect(altered).toMatchObject({ status: 'rejected', reason: expect.any(VaultUnavailable) })
    expect(other.status).toBe('fulfilled')
  })
})

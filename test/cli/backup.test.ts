import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dumpViews } from '../../src/projections/dump.ts'
import { configure } from '../../src/config.ts'
import { runCli, type Place } from '../support/run-cli.ts'
import { serveCli } from '../support/serve-cli.ts'
import { openStack } from '../support/stack.ts'
import { registration } from '../support/whole-ledger.ts'

let directory: string
let place: Place
let backups: string
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'custody-backup-'))
  place = {
    data: join(directory, 'data'),
    rootKeyFile: join(directory, 'keys', 'root.key'),
    embedded: true,
  }
  backups = join(directory, 'backups')
  const stack = await openStack({
    configuration: configure({
      CUSTODY_DATA: place.data,
      CUSTODY_ROOT_KEY_FILE: place.rootKeyFile,
      CUSTODY_LOG_LEVEL: 'silent',
    }),
  })
  await stack.say({
    ...registration,
    ...{ mode: 'observe', source: 'shop', property: 'www.symphonycommerce.com' },
    occurredAt: '2015-01-10T20:00:00.000Z',
    subject: { identifiers: [{ scheme: 'email', value: 'ann@example.org' }] },
  } as never)
  await stack.close()
}, 120_000)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const run = (...args: string[]) => runCli(place, args)
const take = (...args: string[]) => run('backup', 'take', '--to', backups, ...args)
const copy = (name: string) => join(backups, name)

describe('custody backup', () => {
  it('copies both stores, for their owner only, while they serve', async () => {
    const served = await serveCli(place)
    try {
      const taken = await take('--name', 'first', '--json')
      expect(taken.code, taken.err).toBe(0)
      expect(JSON.parse(taken.out)).toEqual({
        name: 'first',
        files: [copy('first.vault.sqlite'), copy('first.ledger.sqlite')],
      })
      for (const file of ['first.vault.sqlite', 'first.ledger.sqlite']) {
        expect(statSync(copy(file)).mode & 0o777).toBe(0o600)
      }
    } finally {
      await served.stop()
    }
  })

  it('copies the views for another node, and only when asked', async () => {
    const taken = await take('--name', 'lent', '--store', 'views', '--json')
    expect(JSON.parse(taken.out)).toEqual({ name: 'lent', files: [copy('lent.views.sqlite')] })
    expect([...dumpViews(copy('lent.views.sqlite'))]).toEqual([
      ...dumpViews(join(place.data, 'views.sqlite')),
    ])
  })

  it('lists until when each copy of the vault lives', async () => {
    const listed = await run('backup', 'list', '--json')
    expect(JSON.parse(listed.out)).toMatchObject([{ backup: 'first', epoch: 1, expiredAt: null }])
  })

  it('says what is wrong with what was asked, and writes nothing', async () => {
    const again = await take('--name', 'first')
    expect([again.code, again.err]).toEqual([2, expect.stringContaining('already')])
    const store = await take('--store', 'keys')
    expect([store.code, store.err]).toEqual([2, '--store: must be ledger, vault, views or all\n'])
    const name = await take('--name', 'Not A Reference')
    expect([name.code, name.err]).toEqual([2, expect.stringContaining('--name: ')])
  })
})

describe('custody restore', () => {
  const restore = (...args: string[]) => run('restore', ...args)

  it('asks what to restore, and gives no store up unless told to', async () => {
    const nothing = await restore()
    expect([nothing.code, nothing.err]).toEqual([2, expect.stringContaining('--ledger')])
    const missing = await restore('--vault', copy('none.vault.sqlite'), '--replace')
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('there is no file')])
    const kept = await restore('--vault', copy('first.vault.sqlite'))
    expect([kept.code, kept.err]).toEqual([2, expect.stringContaining('--replace')])
  })

  it('touches nothing that is in use', async () => {
    const served = await serveCli(place)
    try {
      const refused = await restore('--vault', copy('first.vault.sqlite'), '--replace')
      expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('is in use')])
    } finally {
      await served.stop()
    }
  })

  it('refuses what is no such store, and leaves what is there', async () => {
    writeFileSync(copy('broken'), 'this is no database, and never was one; but it is long enough')
    for (const option of ['--ledger', '--vault']) {
      const refused = await restore(option, copy('broken'), '--replace')
      expect(refused.code, refused.err).toBe(2)
    }
    const crossed = await restore('--ledger', copy('first.vault.sqlite'), '--replace')
    expect([crossed.code, crossed.err]).toEqual([2, expect.stringContaining('no ledger')])
    expect((await run('status')).code).toBe(0)
  })

  it('puts a vault back in place, and the person is found as before', async () => {
    const done = await restore('--vault', copy('first.vault.sqlite'), '--replace', '--json')
    expect(done.code, done.err).toBe(0)
    expect(JSON.parse(done.out)).toEqual({ keptLedger: null, checked: 0, reapplied: 0 })
    const exported = await runCli(place, ['export', '--subject', '-'], 'email:ann@example.org')
    expect(exported.code, exported.err).toBe(0)
  })

  it('starts a new directory from copies of both, with the keys that were kept apart', async () => {
    const elsewhere: Place = { ...place, data: join(directory, 'elsewhere') }
    const both = ['--vault', copy('first.vault.sqlite'), '--ledger', copy('first.ledger.sqlite')]
    const done = await runCli(elsewhere, ['restore', ...both])
    expect(done.code, done.err).toBe(0)
    const exported = await runCli(elsewhere, ['export', '--subject', '-'], 'email:ann@example.org')
    expect(exported.code, exported.err).toBe(0)
  })

  it('of a ledger that is older than its signed checkpoint ends in a refusal that says why', async () => {
    await take('--store', 'ledger', '--name', 'old')
    const later = await runCli(place, ['export', '--subject', '-'], 'email:ann@example.org')
    expect(later.code, later.err).toBe(0)
    expect((await run('checkpoint')).code).toBe(0)
    const done = await restore('--ledger', copy('old.ledger.sqlite'), '--replace')
    expect(done.code).toBe(3)
    expect(done.err).toMatch(/checkpoint|signed/)
    expect(existsSync(join(place.data, 'ledger.sqlite.replaced-1'))).toBe(true)
    const back = join(place.data, 'ledger.sqlite.replaced-1')
    const again = await restore('--ledger', back, '--replace')
    expect(again.code, again.err).toBe(0)
  })
})

describe('custody backup rotate', () => {
  it('begins an epoch, so that the one before can be destroyed when no copy needs it', async () => {
    const first = await run('backup', 'rotate', '--json')
    const { current } = JSON.parse(first.out) as { current: number }
    expect(current).toBeGreaterThan(1)
    const again = await run('backup', 'rotate', '--json')
    expect(JSON.parse(again.out)).toMatchObject({ current: current + 1 })
    const expired = await run('backup', 'expire', '--json')
    expect(JSON.parse(expired.out)).toMatchObject({
      backups: [],
      epochs: expect.arrayContaining([current]) as unknown,
    })
  })
})

describe('custody backup expire', () => {
  it('ends what is over, and says what it did', async () => {
    const early = await run('backup', 'expire', '--json')
    expect(JSON.parse(early.out)).toMatchObject({ backups: [], residues: 0, files: 0 })
    const late = await run('backup', 'expire', '--as-of', '2099-01-01', '--json')
    expect(JSON.parse(late.out)).toMatchObject({ backups: ['first'], epochs: [1] })
    const copied = await run('restore', '--vault', copy('first.vault.sqlite'), '--replace')
    expect([copied.code, copied.err]).toEqual([2, expect.stringContaining('epoch')])
    const wrong = await run('backup', 'expire', '--as-of', 'tomorrow')
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('--as-of')])
  })
})

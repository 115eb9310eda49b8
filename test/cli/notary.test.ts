import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configure } from '../../src/config.ts'
import { verifyCosignatures } from '../../src/proof/cosignature.ts'
import { parseNote, parseVerifierKey } from '../../src/proof/note.ts'
import { parseTlogProof, verifyTlogProof } from '../../src/proof/tlog-proof.ts'
import { callCli } from '../support/call-cli.ts'
import { runCli, type Ended, type Place } from '../support/run-cli.ts'
import { serveCli } from '../support/serve-cli.ts'
import { openStack } from '../support/stack.ts'
import { registration, Someone } from '../support/whole-ledger.ts'

const LONG_MS = 240_000
let directory: string
let place: Place
let vkey: string

const run = (...args: string[]) => callCli(place, args)
const json = ({ out }: Ended) => JSON.parse(out)
const file = (name: string) => join(directory, name)
const ledger = () => join(place.data, 'ledger.sqlite')

/** Somebody more, so that there is something new to sign. */
async function somebody(): Promise<void> {
  const environment = { CUSTODY_DATA: place.data, CUSTODY_ROOT_KEY_FILE: place.rootKeyFile }
  const stack = await openStack({
    configuration: configure(environment),
    policy: !existsSync(ledger()),
  })
  await new Someone(stack).reports('2015-01-10T20:00:00.000Z', registration)
  // What it leaves is on the disk in one file.
  await stack.custody.close()
  settle()
}

function settle(): void {
  const database = new DatabaseSync(ledger())
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'custody-notary-cli-'))
  place = { data: file('data'), rootKeyFile: file('keys/root.key'), embedded: true }
  await somebody()
}, LONG_MS)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('the notary at the console', { timeout: LONG_MS }, () => {
  it('prints the key that others pin, the same each time', async () => {
    vkey = (await run('notary', 'key')).out.trim()
    expect(parseVerifierKey(vkey)).toMatchObject({ name: 'custody.local/symphony-commerce' })
    expect(json(await run('notary', 'key', '--json')).verifierKey).toBe(vkey)
  })

  it('has nothing to show before it has signed, and then shows the note', async () => {
    expect(await run('checkpoint', '--latest')).toMatchObject({ code: 1 })
    expect(json(await run('status', '--json')).checkpoint).toBeNull()
    const signed = await run('checkpoint')
    expect(signed.code).toBe(0)
    expect(parseNote(signed.out)).not.toBeNull()
    writeFileSync(file('first.txt'), signed.out)
    expect((await run('checkpoint')).out).toBe(signed.out)
    const { size, note } = json(await run('checkpoint', '--latest', '--json'))
    expect(note).toBe(signed.out)
    expect(json(await run('status', '--json')).checkpoint).toMatchObject({ size })
  })

  it('verifies what is there, by the pinned key and by a note that was kept', async () => {
    const verified = await run('verify', '--key', vkey, '--checkpoint', file('first.txt'))
    expect(verified).toMatchObject({ code: 0 })
    expect(verified.out).toContain('Nothing is wrong')
    expect(verified.out).toContain('by the pinned key')
    const unpinned = await run('verify')
    expect(unpinned).toMatchObject({ code: 0 })
    expect(unpinned.out).toContain('not pinned')
    expect(json(await run('verify', '--json'))).toMatchObject({ ok: true, keys: 'unpinned' })
  })

  it('writes a proof of one event that needs the key alone', async () => {
    const out = file('event.tlog-proof')
    expect(await run('proof', 'event', '3', '--out', out)).toMatchObject({ code: 0 })
    const text = readFileSync(out, 'utf8')
    const claim = { origin: parseVerifierKey(vkey)!.name, keys: [parseVerifierKey(vkey)!] }
    const entry = parseTlogProof(text)!.extra!
    expect(verifyTlogProof(text, { ...claim, entry })).toMatchObject({ ok: true })
    expect(await run('proof', 'event', '4000')).toMatchObject({ code: 1 })
  })

  it('proves how far a stream goes', async () => {
    const stream = 'policy-symphony-commerce/symphony-commerce-privacy'
    expect(json(await run('proof', 'stream', stream, '--json'))).toMatchObject({
      head: { events: 3 },
    })
    const none = await run('proof', 'stream', 'policy-symphony-commerce/none', '--json')
    expect(json(none)).toMatchObject({ head: null })
  })
})

describe('a witness', { timeout: LONG_MS }, () => {
  const cosign = (checkpoint: string, ...more: string[]) =>
    run(
      ...['notary', 'cosign', checkpoint, '--log', vkey, '--as', 'witness.example.org'],
      ...['--witness-key', file('witness/key'), '--state', file('witness/state'), ...more],
    )

  it('cosigns the first checkpoint that it meets, and one that has only grown', async () => {
    const first = json(await cosign(file('first.txt'), '--json'))
    const witness = parseVerifierKey(first.witness)!
    expect(verifyCosignatures(parseNote(first.cosigned)!, [witness])).toMatchObject({
      ok: true,
      value: [{ witness: { name: 'witness.example.org' } }],
    })
    const { size } = json(await run('checkpoint', '--latest', '--json'))
    await somebody()
    writeFileSync(file('second.txt'), (await run('checkpoint')).out)
    const unproved = await cosign(file('second.txt'))
    expect(unproved).toMatchObject({ code: 1, out: '' })
    expect(unproved.err).toMatch(/a proof of that is missing/)
    writeFileSync(file('growth.json'), (await run('proof', 'growth', `${size}`, '--json')).out)
    const proved = await cosign(file('second.txt'), '--proof', file('growth.json'))
    expect(proved.code, proved.err).toBe(0)
    expect(verifyCosignatures(parseNote(proved.out)!, [witness])).toMatchObject({ ok: true })
    writeFileSync(file('cosigned.txt'), proved.out)
  })

  it('is recorded where it is known, once, and goes out with the note', async () => {
    expect(await run('checkpoint', '--cosigned', file('cosigned.txt'))).toMatchObject({ code: 2 })
    const { witness } = json(await cosign(file('second.txt'), '--json'))
    process.env['CUSTODY_WITNESS'] = witness
    try {
      expect((await run('checkpoint', '--cosigned', file('first.txt'))).err).toMatch(
        /known witness/,
      )
      const recorded = await run('checkpoint', '--cosigned', file('cosigned.txt'))
      expect(recorded).toMatchObject({ code: 0, out: readFileSync(file('cosigned.txt'), 'utf8') })
      const head = json(await run('status', '--json')).ledger
      expect(await run('checkpoint', '--cosigned', file('cosigned.txt'))).toEqual(recorded)
      expect(json(await run('status', '--json')).ledger).toEqual(head)
      expect((await run('checkpoint')).out).toBe(recorded.out)
      expect(await run('verify', '--key', vkey)).toMatchObject({ code: 0 })
    } finally {
      delete process.env['CUSTODY_WITNESS']
    }
  })

  it('cosigns nothing older, and nothing that the log has not signed', async () => {
    expect(await cosign(file('first.txt'))).toMatchObject({ code: 1, out: '' })
    const forged = readFileSync(file('second.txt'), 'utf8').replace(/\n(\d+)\n/, '\n9$1\n')
    writeFileSync(file('forged.txt'), forged)
    const refused = await cosign(file('forged.txt'))
    expect(refused).toMatchObject({ code: 1, out: '' })
    expect(refused.err).toMatch(/not by its key/)
    expect(await cosign(file('none.txt'))).toMatchObject({ code: 2 })
  })
})

describe('a ledger that is not what was signed', { timeout: LONG_MS }, () => {
  it('is not served when it is an older file, and that is explained', async () => {
    settle()
    copyFileSync(ledger(), file('older.sqlite'))
    await somebody()
    await run('checkpoint')
    settle()
    copyFileSync(ledger(), file('newer.sqlite'))
    copyFileSync(file('older.sqlite'), ledger())
    const { code, err } = await runCli(place, ['serve', '--port', '0'])
    expect(code).toBe(3)
    expect(err).toMatch(/The ledger is not the one that was signed as custody\.local/)
    expect(err).toMatch(/Found:.*It means.*To go on:/s)
    const verified = await run('verify', '--key', vkey)
    expect(verified.code).toBe(1)
    expect(verified.out).toMatch(/WRONG\. Position \d+: .*an older file was put back/)
    copyFileSync(file('newer.sqlite'), ledger())
  })

  it('is found by its position where a byte was changed, and verify ends with 1', async () => {
    const database = new DatabaseSync(ledger())
    database.exec(
      `UPDATE event SET body = replace(body, '"correlation":"', '"correlation":"x') WHERE position = 5`,
    )
    const { changes } = database.prepare('SELECT changes() AS changes').get()!
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    database.close()
    expect(changes).toBe(1)
    const verified = await run('verify', '--key', vkey, '--json')
    expect(verified.code).toBe(1)
    expect(json(verified)).toMatchObject({ ok: false, first: { position: 5 } })
    copyFileSync(file('newer.sqlite'), ledger())
    expect((await run('verify', '--key', vkey)).code).toBe(0)
  })

  it('is verified beside a node that serves it, which signs by itself', async () => {
    await somebody()
    const before = json(await run('checkpoint', '--latest', '--json'))
    const served = await serveCli(place)
    try {
      let newest = before
      for (let tries = 0; newest.size === before.size && tries < 100; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 100))
        newest = json(await run('checkpoint', '--latest', '--json'))
      }
      expect(newest.size).toBeGreaterThan(before.size)
      expect(await run('verify', '--key', vkey)).toMatchObject({ code: 0 })
    } finally {
      expect(await served.stop()).toBe(0)
    }
  })
})

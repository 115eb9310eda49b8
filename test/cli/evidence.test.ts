import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configure } from '../../src/config.ts'
import { callCli } from '../support/call-cli.ts'
import type { Ended, Place } from '../support/run-cli.ts'
import { openStack } from '../support/stack.ts'
import { registration, Someone } from '../support/whole-ledger.ts'

const LONG_MS = 120_000
const who = 'person-shown@example.org'

let directory: string
let place: Place
let event: string
let key: string

const run = (...args: string[]) => callCli(place, args)
const json = ({ out }: Ended) => JSON.parse(out) as Record<string, unknown>
const file = (name: string) => join(directory, `${name}.custody-evidence.json`)

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'custody-cli-evidence-'))
  place = {
    data: join(directory, 'data'),
    rootKeyFile: join(directory, 'keys', 'root.key'),
    embedded: true,
  }
  const environment = { CUSTODY_DATA: place.data, CUSTODY_ROOT_KEY_FILE: place.rootKeyFile }
  const stack = await openStack({ configuration: configure(environment) })
  const ann = new Someone(stack)
  ann.identifiers.splice(0, 1, { scheme: 'email', value: who })
  event = (await ann.asks(registration)).event
  key = (await stack.custody.notary.identity(stack.caller.controller)).verifierKey
  await stack.dispose()
}, LONG_MS)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('custody evidence', { timeout: LONG_MS }, () => {
  it.each([
    ['subject', ['subject', `email:${who}`, '--recorded']],
    ['period', ['period', '--from', '2014-01-01', '--until', '9000-01-01']],
    ['refusals', ['audit', '--from', '2015-01-01']],
    ['promotional', ['audit', '--promotional']],
    ['disclosures', ['audit', '--disclosures']],
  ])('writes a file that custody verify accepts by the key (%s)', async (name, args) => {
    const made = await run('evidence', ...args, '--out', file(name), '--json')
    expect(made, made.err).toMatchObject({ code: 0 })
    expect(json(made)).toMatchObject({ file: file(name), key })
    expect(readFileSync(file(name), 'utf8')).not.toContain(who)
    const verified = await run('verify', file(name), '--key', key, '--json')
    expect(verified.code, verified.err).toBe(0)
    expect(json(verified)).toMatchObject({ ok: true, question: json(made)['question'] })
  })

  it('opens values where that is asked, and writes the page that was derived from the file', async () => {
    const out = file('opened')
    const asked = ['evidence', 'subject', `email:${who}`, '--out', out]
    const made = await run(...asked, '--disclose', `${event}:user.name`)
    expect(made.code, made.err).toBe(0)
    expect(made.out).toContain('personal data in clear')
    const [page, report] = [join(directory, 'page.html'), join(directory, 'report.json')]
    const verified = await run('verify', out, '--key', key, '--page', page, '--report', report)
    expect(verified.code, verified.err).toBe(0)
    expect(verified.out).toContain('Nothing is wrong.')
    expect(readFileSync(page, 'utf8')).toContain('Ann Example')
    expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({ kind: 'subject' })
  })

  it('ends with 1 and the place where a file was altered, and writes no page of it', async () => {
    const altered = file('altered')
    writeFileSync(
      altered,
      readFileSync(file('period'), 'utf8').replace('"revision":0', '"revision":1'),
    )
    const page = join(directory, 'none.html')
    const told = await run('verify', altered, '--key', key, '--page', page)
    expect(told.code).toBe(1)
    expect(told.out).toMatch(/^WRONG\. \$\.events\[0\]/)
    const machine = await run('verify', altered, '--key', key, '--json')
    expect(machine.code).toBe(1)
    expect(json(machine)).toMatchObject({ ok: false, problem: { code: 'altered-event' } })
    expect(existsSync(page)).toBe(false)
  })

  it('ends with 2 without a key, with keys of two logs, and without the file', async () => {
    const other = 'elsewhere/shop+00000000+AA=='
    for (const args of [
      [file('period')],
      [file('period'), '--key', other],
      [file('none'), '--key', key],
    ]) {
      const { code, err, out } = await run('verify', ...args)
      expect({ code, out }, err).toEqual({ code: 2, out: '' })
    }
  })
})

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configure } from '../../src/config.ts'
import { callCli } from '../support/call-cli.ts'
import { runCli, type Ended, type Place } from '../support/run-cli.ts'
import { openStack } from '../support/stack.ts'
import { mail, prospectDetails, registration, Someone } from '../support/whole-ledger.ts'

const LONG_MS = 120_000
const policyFile = 'policies/symphony-commerce-2014-06-30.yaml'
const who = 'person-known@example.org'
const nobody = 'person-unknown@example.org'

let directory: string
let place: Place

const run = (...args: string[]) => callCli(place, args)
const json = ({ out }: Ended) => JSON.parse(out) as Record<string, unknown>

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'custody-cli-'))
  place = {
    data: join(directory, 'data'),
    rootKeyFile: join(directory, 'keys', 'root.key'),
    embedded: true,
  }
  const environment = { CUSTODY_DATA: place.data, CUSTODY_ROOT_KEY_FILE: place.rootKeyFile }
  const stack = await openStack({ configuration: configure(environment) })
  const ann = new Someone(stack)
  ann.identifiers.splice(0, 1, { scheme: 'email', value: who })
  await ann.reports('2015-01-10T20:00:00.000Z', registration)
  await ann.asks({ type: 'open-account' })
  await ann.reports('2015-01-11T20:00:00.000Z', mail('product-updates'))
  await new Someone(stack).asks(prospectDetails)
  await stack.dispose()
}, LONG_MS)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const commands = [
  ['serve'],
  ['policy', 'check'],
  ['policy', 'publish'],
  ['import'],
  ['retention', 'run'],
  ['retention', 'report'],
  ['audit'],
  ['transfer', 'report'],
  ['export'],
  ['rebuild'],
  ['status'],
  ['checkpoint'],
  ['proof', 'event'],
  ['proof', 'growth'],
  ['proof', 'stream'],
  ['verify'],
  ['evidence', 'subject'],
  ['evidence', 'transfer'],
  ['evidence', 'period'],
  ['evidence', 'audit'],
  ['notary', 'key'],
  ['notary', 'cosign'],
  ['token', 'issue'],
  ['token', 'revoke'],
  ['endpoint', 'register'],
  ['endpoint', 'rotate'],
  ['endpoint', 'remove'],
  ['endpoint', 'list'],
  ['notify', 'run'],
  ['notify', 'list'],
  ['notify', 'retry'],
  ['demo'],
]

describe('help', { timeout: LONG_MS }, () => {
  it('of the program lists every command and the exit codes', async () => {
    const { code, out } = await run('--help')
    expect(code).toBe(0)
    for (const [command] of commands) expect(out).toMatch(new RegExp(`^  ${command} `, 'm'))
    expect(out).toMatch(/Exit codes: 0 .*1 .*2 .*3 /)
  })

  it('of each command has what it is for, its options and an example or what follows', async () => {
    for (const command of commands) {
      const { code, out } = await run(...command, '--help')
      const name = command.join(' ')
      expect(code, name).toBe(0)
      expect(out, name).toContain(`Usage: custody ${name}`)
      expect(out, name).toContain('--json')
      if (name !== 'demo')
        expect(out, name).toMatch(
          new RegExp(`^  (?:echo .* )?custody ${name}|\\| custody ${name}`, 'm'),
        )
    }
  })
})

describe('a wrong command line', { timeout: LONG_MS }, () => {
  const cases: [string[], RegExp][] = [
    [['unheard-of'], /unheard-of/],
    [['status', '--colour'], /--colour/],
    [['retention', 'run', '--as-of', '2017-02-30'], /--as-of/],
    [['retention', 'report', '--horizon', 'a year'], /--horizon/],
    [['audit', '--position', 'last'], /--position/],
    [['audit', '--from', 'yesterday'], /--from/],
    [['audit', '--subject', 'somebody'], /--subject/],
    [['export'], /--subject/],
    [['export', '--subject', `email:${who}`, '--request', 'NO SUCH'], /--request/],
    [['token', 'issue', 'crm', '--role', 'king'], /--role/],
    [['token', 'issue', 'Not A Name', '--role', 'source'], /must be a reference/],
    [['transfer', 'report', 'none-such'], /none-such/],
    [['policy', 'publish', 'no-such-file.yaml'], /no-such-file\.yaml/],
    [['policy', 'publish', policyFile, '--at', 'Monday'], /--at/],
    [['policy', 'check', 'no-such-file.yaml'], /no-such-file\.yaml/],
    [['import', 'no-such-file.yaml'], /no-such-file\.yaml/],
    [['serve', '--port', '99999999'], /PORT/],
    [['proof', 'event', 'first'], /first: must be a position/],
    [['proof', 'growth', '1.5'], /<older>: must be a number/],
    [['proof', 'stream', 'no stream'], /must be a stream/],
    [['evidence', 'audit'], /--out/],
    [['evidence', 'subject', 'somebody', '--out', 'x'], /--subject/],
    [['evidence', 'transfer', 'none-such', '--out', 'x'], /none-such/],
    [['evidence', 'transfer', 'Not A Name', '--out', 'x'], /<transfer>/],
    [
      ['evidence', 'period', '--from', '2016-02-01', '--until', '2016-01-01', '--out', 'x'],
      /--until/,
    ],
    [['evidence', 'audit', '--promotional', '--from', '2016-02-01', '--out', 'x'], /--from/],
    [['evidence', 'audit', '--disclose', 'no-event', '--out', 'x'], /--disclose/],
    [['verify', 'no-such-file.json'], /--key/],
    [['verify', '--key', 'no-key'], /--key: must be a verifier key/],
    [['verify', '--checkpoint', 'no-such-file.txt'], /--checkpoint.*no-such-file/],
    [['status', '--controller', 'Not A Name'], /CONTROLLER/],
  ]
  it('ends with 2, names what is wrong on standard error, and says nothing on standard output', async () => {
    for (const [args, names] of cases) {
      const { code, out, err } = await run(...args)
      expect({ args, code, out }).toEqual({ args, code: 2, out: '' })
      expect(err, args.join(' ')).toMatch(names)
      expect(err, args.join(' ')).not.toMatch(/\n\s+at |"code": "/)
    }
  })

  it('never repeats who was asked for', async () => {
    const asked = await runCli(place, ['audit', '--subject', '-'], `email:${nobody}\n`)
    expect(asked.code).toBe(2)
    expect(asked.err).toContain('--subject')
    expect(asked.out + asked.err).not.toContain('person-unknown')
  })
})

describe('what the machine lacks', { timeout: LONG_MS }, () => {
  it('ends with 3 and says what could not be done and why', async () => {
    const file = join(directory, 'a-file')
    writeFileSync(file, 'no database')
    const data = join(directory, 'broken')
    mkdirSync(data)
    copyFileSync(file, join(data, 'ledger.sqlite'))
    const { code, out, err } = await callCli({ ...place, data }, ['status', '--json'])
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toContain('ledger.sqlite')
  })

  it('ends with 3 with a root key that is not the vault’s, and opens nothing', async () => {
    const rootKeyFile = join(directory, 'keys', 'another.key')
    const { code, err } = await callCli({ ...place, rootKeyFile }, ['status'])
    expect(code).toBe(3)
    expect(err).toMatch(/key/)
  })
})

describe('--json', { timeout: LONG_MS }, () => {
  const questions: [string[], number][] = [
    [['status'], 0],
    [['audit'], 1],
    [['audit', '--promotional'], 1],
    [['audit', '--disclosures'], 0],
    [['audit', '--subject', `email:${who}`, '--day', '2016-01-01'], 1],
    [['retention', 'run', '--dry-run'], 0],
    [['retention', 'report'], 0],
    [['policy', 'check', policyFile], 0],
    [['export', '--subject', `email:${who}`], 0],
  ]
  it('says exactly one JSON value on standard output, and the exit code is the same', async () => {
    for (const [args, expected] of questions) {
      const { code, out, err } = await run(...args, '--json')
      const what = `${args.join(' ')}: ${out.slice(0, 200)}`
      expect(() => JSON.parse(out) as unknown, what).not.toThrow()
      expect({ args, code }, err).toEqual({ args, code: expected })
      expect(out).not.toContain('person-known')
    }
  })
})

describe('custody policy check', { timeout: LONG_MS }, () => {
  it('finds no error in the example', async () => {
    const { code, out } = await run('policy', 'check', policyFile)
    expect(code).toBe(0)
    expect(out).toMatch(/0 errors/)
  })

  it('tells line and column of what is no YAML', async () => {
    const file = join(directory, 'broken.yaml')
    writeFileSync(file, 'policy: x\nversion: [1, 2\ntitle: y\n')
    const ended = await run('policy', 'check', file, '--json')
    expect(ended.code).toBe(1)
    expect(json(ended)).toMatchObject({ valid: false })
    expect(ended.out).toMatch(/line [0-9]+, column [0-9]+/)
  })

  it('tells the path and the rule of what is no policy', async () => {
    const file = join(directory, 'wrong.yaml')
    writeFileSync(
      file,
      readFileSync(policyFile, 'utf8').replace("version: '2014-06-30'", 'version: soon'),
    )
    const ended = await run('policy', 'check', file, '--json')
    expect(ended.code).toBe(1)
    expect(json(ended)).toMatchObject({ valid: false, problems: [{ path: 'version' }] })
  })
})

describe('custody export', { timeout: LONG_MS }, () => {
  it('writes the values to files for the person, and records that they were read', async () => {
    const before = json(await run('status', '--json'))
    const out = join(directory, 'for-the-person')
    const ended = await runCli(
      place,
      ['export', '--subject', '-', '--out', out, '--json'],
      `email:${who}`,
    )
    expect(ended.code, ended.err).toBe(0)
    const { files, items } = json(ended) as { files: { name: string }[]; items: number }
    expect(items).toBe(2)
    for (const { name } of files) {
      expect(readFileSync(join(out, name), 'utf8')).toContain('Ann Example')
    }
    const after = json(await run('status', '--json'))
    expect(after['events']).toBe((before['events'] as number) + 1)
  })
})

describe('custody token', { timeout: LONG_MS }, () => {
  it('shows a token once, refuses a second of the name, and revokes it', async () => {
    const issue = ['token', 'issue', 'crm', '--role', 'source', '--json']
    const first = await run(...issue)
    expect(first.code).toBe(0)
    const { secret } = json(first) as { secret: string }
    expect(secret).toMatch(/^custody_symphony-commerce_crm_[A-Za-z0-9-]{43}$/)
    const again = await run(...issue)
    expect(again.code).toBe(1)
    expect(json(again)).toMatchObject({ outcome: 'refused', secret: null })
    const revoked = await run('token', 'revoke', 'crm', '--reason', 'replaced')
    expect(revoked.code).toBe(0)
    expect((await run('token', 'revoke', 'unknown', '--reason', 'x')).code).toBe(1)
    expect(readFileSync(join(place.data, 'ledger.sqlite')).includes(secret)).toBe(false)
  })
})

describe('two data directories', { timeout: LONG_MS }, () => {
  it('know nothing of each other', async () => {
    const other = join(directory, 'other')
    const status = json(await run('status', '--data', other, '--json'))
    expect(status).toMatchObject({ subjects: 0, events: 0, views: { behind: false } })
    expect(existsSync(join(other, 'ledger.sqlite'))).toBe(true)
    expect(json(await run('status', '--json'))).toMatchObject({ subjects: 2 })
  })
})

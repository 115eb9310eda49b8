import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configure, type Configuration } from '../../src/config.ts'
import type { SubjectId } from '../../src/domain/values.ts'
import { openFileKeyring } from '../../src/vault/file-keyring.ts'
import type { Keyring } from '../../src/vault/keyring.ts'
import { loadRootKey } from '../../src/vault/root-key.ts'
import { openSqliteVault } from '../../src/vault/sqlite-vault.ts'
import { filesUnder, sightings, sightingsUnder, spellings } from '../support/canaries.ts'
import { runCli, type Place } from '../support/run-cli.ts'
import { serveCli } from '../support/serve-cli.ts'
import { ledgerSettings } from '../support/event-store-of.ts'
import { fileOf, openStack, symphony } from '../support/stack.ts'
import { secretsOf, type Secrets } from '../vault/bytes-of.ts'

/** Somebody with values that each encoding spells in a way of its own. */
function canary(name: string) {
  const address = `canary-${name}-7f3a91@planted.example`
  const full = `Zoë "${name}" O’Caña\tvon 🎻 Kanarienvogel`
  const street = `${name === 'erased' ? 'Löschweg' : 'Bleibestraße'} 4711/b & Söhne <${name}>`
  return { address, full, street, texts: [address, full, street] }
}
const erased = canary('erased')
const kept = canary('kept')

let directory: string
let place: Place
let configuration: Configuration
let output = ''
let subjects: Record<'erased' | 'kept', SubjectId>
let before: Record<'erased' | 'kept', { secrets: Secrets; raw: Buffer[] }>

function keys(): { rootKey: ReturnType<typeof rootKeyOf>; keyring: Keyring } {
  const rootKey = rootKeyOf()
  const { keyringDirectory, dataDirectory } = configuration
  const keyring = openFileKeyring({ directory: keyringDirectory, rootKey, dataDirectory })
  if (!keyring.ok) throw new Error(keyring.problem)
  return { rootKey, keyring: keyring.keyring }
}

function rootKeyOf() {
  const { rootKeyFile, dataDirectory } = configuration
  const rootKey = loadRootKey({ file: rootKeyFile, dataDirectory, createIfMissing: false })
  if (!rootKey.ok) throw new Error(rootKey.problem)
  return rootKey.key
}

/** What the vault has of a person: wrapped keys and index rows as stored, and the keys themselves. */
async function secretsNow(subject: SubjectId): Promise<{ secrets: Secrets; raw: Buffer[] }> {
  const { rootKey, keyring } = keys()
  const path = fileOf(configuration.vault)
  const [secrets] = secretsOf({ path, keyring }, symphony, [subject])
  const vault = await openSqliteVault({ path, rootKey, keyring })
  try {
    const scopes = ['user.name', 'user.contact.email', 'user.contact.address'].map((category) => ({
      category,
      lot: 'account-data',
    })) as never
    const found = await vault.openKeys(symphony, subject, scopes)
    return { secrets: secrets!, raw: found.map((key) => key!.key.export()) }
  } finally {
    await vault.close()
  }
}

type Ask = (path: string, body: object, key?: string) => Promise<Record<string, unknown>>

function asking(address: string, token: string): Ask {
  return async (path, body, key) => {
    const answer = await fetch(`${address}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        ...(key ? { 'idempotency-key': key } : {}),
      },
      body: JSON.stringify(body),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
    return JSON.parse(text) as Record<string, unknown>
  }
}

const identifiersOf = ({ address }: typeof erased) => ({
  identifiers: [{ scheme: 'email', value: address }],
})

async function live(ask: Ask, person: typeof erased, name: string): Promise<SubjectId> {
  const collected = await ask(
    '/v1/acts',
    {
      ...{ type: 'collect', mode: 'enforce', source: 'shop', subject: identifiersOf(person) },
      ...{ property: 'www.symphonycommerce.com', channel: 'web-form', kind: 'account-holder' },
      purposes: ['account-management', 'promotional-mail'],
      values: {
        'user.name': { full: person.full },
        'user.contact.email': { address: person.address },
        'user.contact.address': { street: person.street },
      },
    },
    `key-of-${name}`,
  )
  expect(collected['outcome']).toBe('recorded')
  await ask('/v1/subjects/export', {
    subject: identifiersOf(person),
    reason: 'subject-export',
    request: null,
  }).catch((error: Error) => expect(error.message).not.toContain(person.address))
  return collected['subject'] as SubjectId
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'custody-canaries-'))
  place = {
    data: join(directory, 'data'),
    rootKeyFile: join(directory, 'keys', 'root.key'),
  }
  configuration = configure({
    CUSTODY_DATA: place.data,
    CUSTODY_ROOT_KEY_FILE: place.rootKeyFile,
    CUSTODY_LOG_LEVEL: 'silent',
    ...ledgerSettings(place.data),
  })
  const stack = await openStack({ configuration })
  await stack.close()

  const served = await serveCli(place)
  const admin = asking(served.address, served.token!)
  const token = async (role: string) =>
    String((await admin('/v1/tokens', { token: role, role, label: role }))['secret'])
  const source = asking(served.address, await token('source'))
  const officer = asking(served.address, await token('officer'))
  const both = async (path: string, body: object, key?: string) =>
    path === '/v1/acts' ? source(path, body, key) : officer(path, body, key)
  subjects = { erased: await live(both, erased, 'erased'), kept: await live(both, kept, 'kept') }
  for (const person of [erased, kept]) {
    const written = await runCli(place, ['export', '--subject', '-'], `email:${person.address}`)
    expect(written.code, written.err).toBe(0)
    output += written.out + written.err
  }
  before = { erased: await secretsNow(subjects.erased), kept: await secretsNow(subjects.kept) }
  const request = { request: 'r-1', kind: 'erasure', channel: 'email' }
  await officer('/v1/requests', { ...request, subject: identifiersOf(erased) })
  await officer('/v1/requests/r-1/verification', { method: 'reply', handler: 'desk' })
  await officer('/v1/requests/r-1/fulfilment', { outcome: 'erased', handler: 'desk' })
  const backups = join(directory, 'backups')
  for (const args of [['audit'], ['backup', 'take', '--to', backups, '--name', 'after']]) {
    const done = await runCli(place, args)
    expect(done.code, done.err).toBeLessThanOrEqual(1)
    output += done.out + done.err
  }
  await served.stop()
  output += served.written()
}, 240_000)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('the scan', () => {
  it('finds a canary in every spelling, and in gzip', () => {
    for (const text of [...erased.texts, ...kept.texts]) {
      for (const [spelling, bytes] of spellings(text)) {
        const padded = Buffer.concat([Buffer.from('x'.repeat(7)), bytes, Buffer.from('y')])
        expect(sightings(padded, 'f', [text]).map((one) => one.spelling)).toContain(spelling)
        const zipped = Buffer.concat([Buffer.from('xyz'), gzipSync(padded)])
        const inGzip = sightings(zipped, 'f', [text]).map((one) => one.spelling)
        expect(inGzip).toContain(`${spelling} in gzip`)
      }
    }
  })

  it('finds base64 of a text wherever it begins', () => {
    for (const shift of [0, 1, 2, 3, 4]) {
      const inside = Buffer.concat([Buffer.alloc(shift, 'z'), Buffer.from(erased.address + 'tail')])
      const file = Buffer.from(`{"box":"${inside.toString('base64')}"}`)
      expect(sightings(file, 'f', [erased.address])).not.toEqual([])
    }
  })
})

describe('after an erasure', () => {
  it('no spelling of what was held is left in any file, backup, report, log or answer', () => {
    mkdirSync(join(directory, 'written'))
    writeFileSync(join(directory, 'written', 'output'), output)
    expect(sightingsUnder(directory, erased.texts)).toEqual([])
  })

  it('the same scan finds the person who was not erased, in the export that was written for them', () => {
    const found = sightingsUnder(directory, kept.texts)
    expect(found.map(({ spelling }) => spelling)).toContain('UTF-8')
    for (const { file } of found) expect(file).toContain(join('exports', subjects.kept))
  })

  it('no key and no index row of theirs is left, and those of the other are there', () => {
    const { secrets, raw } = before.erased
    const gone = [...secrets.keys.map(({ bytes }) => bytes), ...secrets.rows, ...raw]
    const files = filesUnder(directory).map((file) => readFileSync(file))
    const inFiles = (bytes: Buffer) =>
      files.some(
        (file) =>
          file.includes(bytes) ||
          file.includes(bytes.toString('base64')) ||
          file.includes(bytes.toString('hex')),
      )
    expect(gone).toHaveLength(3 + secrets.rows.length + 3)
    expect(gone.filter(inFiles)).toEqual([])
    // Raw keys are in no file of anybody. The backup began a new epoch: its copy has the other's rows of then.
    expect(before.kept.raw.filter(inFiles)).toEqual([])
    const stored = before.kept.secrets
    const there = [...stored.keys.map(({ bytes }) => bytes), ...stored.rows]
    expect(there.every(inFiles)).toBe(true)
  })
})

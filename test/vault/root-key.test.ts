import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadRootKey } from '../../src/vault/root-key.ts'

let directory: string
let dataDirectory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'custody-root-key-'))
  dataDirectory = join(directory, 'data')
  mkdirSync(dataDirectory)
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const raw = randomBytes(32)

function load(source: { env?: string; file?: string; createIfMissing?: boolean }) {
  return loadRootKey({ dataDirectory, createIfMissing: false, ...source })
}

function problem(source: Parameters<typeof load>[0]): string {
  const result = load(source)
  return result.ok ? 'no problem' : result.problem
}

function keyFile(path: string, text = `${raw.toString('base64')}\n`, mode = 0o600): string {
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

describe('the root key', () => {
  it('comes from the environment, before any file', () => {
    const result = load({ env: raw.toString('base64'), file: join(directory, 'none') })
    expect(result).toMatchObject({ ok: true, from: 'environment' })
    expect(result.ok && result.key.export()).toEqual(raw)
  })

  it('comes from a file that only its owner can use', () => {
    const result = load({ file: keyFile(join(directory, 'root.key')) })
    expect(result).toMatchObject({ ok: true, from: 'file' })
    expect(result.ok && result.key.export()).toEqual(raw)
  })

  it('is made, durable and private, when that is asked for, and is then the same', () => {
    const file = join(directory, 'keys', 'root.key')
    expect(problem({ file })).toMatch(/there is no root key file/)
    const made = load({ file, createIfMissing: true })
    expect(made).toMatchObject({ ok: true, from: 'new-file' })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(join(directory, 'keys')).mode & 0o777).toBe(0o700)
    const again = load({ file, createIfMissing: true })
    expect(again).toMatchObject({ ok: true, from: 'file' })
    expect(made.ok && again.ok && made.key.equals(again.key)).toBe(true)
    expect(readFileSync(file, 'utf8')).toMatch(/^[A-Za-z0-9+/]{43}=\n$/)
  })

  it('is refused inside the data directory, also through a link or a crooked path', () => {
    const inside = keyFile(join(dataDirectory, 'root.key'))
    const link = join(directory, 'link.key')
    symlinkSync(inside, link)
    const linkedDirectory = join(directory, 'elsewhere')
    symlinkSync(dataDirectory, linkedDirectory)
    for (const file of [
      inside,
      link,
      join(linkedDirectory, 'new.key'),
      join(directory, 'x', '..', 'data', 'deep', 'root.key'),
    ]) {
      expect(problem({ file, createIfMissing: true })).toMatch(/inside the data directory/)
    }
    const beside = `${dataDirectory}-keys`
    expect(load({ file: join(beside, '..root.key'), createIfMissing: true }).ok).toBe(true)
  })

  it.each([0o640, 0o604, 0o660, 0o644, 0o601])('is refused from a file of mode %o', (mode) => {
    const file = keyFile(join(directory, 'root.key'), undefined, mode)
    expect(problem({ file })).toMatch(/can be used by others \(mode 0\d{3}\): chmod 600 it/)
  })

  it.each([
    ['too short', randomBytes(31).toString('base64')],
    ['too long', randomBytes(33).toString('base64')],
    ['hexadecimal', raw.toString('hex')],
    ['base64url', Buffer.alloc(32, 0xff).toString('base64url')],
    ['not canonical', `${'A'.repeat(42)}B=`],
    ['words', 'correct horse battery staple'],
  ])('is refused when it is %s, and is not repeated', (_, text) => {
    expect(problem({ env: text })).toMatch(/CUSTODY_ROOT_KEY must be base64 of 32 bytes/)
    const file = keyFile(join(directory, 'root.key'), text)
    expect(problem({ file })).toMatch(/must be base64 of 32 bytes/)
    expect(problem({ env: text }) + problem({ file })).not.toContain(text)
  })

  it('says what to set when there is nothing, and what is wrong with a directory', () => {
    expect(problem({})).toMatch(/set CUSTODY_ROOT_KEY, or CUSTODY_ROOT_KEY_FILE/)
    expect(problem({ file: directory })).toMatch(/is not a file/)
    expect(problem({ file: join(keyFile(join(directory, 'file')), 'root.key') })).toMatch(
      /couldn't use|there is no/,
    )
  })
})

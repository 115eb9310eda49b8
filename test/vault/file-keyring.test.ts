import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFileKeyring } from '../../src/vault/file-keyring.ts'
import type { EpochPlace, Keyring } from '../../src/vault/keyring.ts'
import { VaultUnavailable } from '../../src/vault/vault.ts'
import { acquirer, symphony } from '../contracts/vault-support.ts'

let directory: string
let keys: string
let rootKey: KeyObject
let keyring: Keyring

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'custody-keyring-'))
  keys = join(directory, 'keys', 'epochs')
  rootKey = createSecretKey(randomBytes(32))
  keyring = opened()
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const vault = '00112233445566778899aabbccddeeff'
const place = (epoch: number, controller = symphony): EpochPlace => ({ vault, controller, epoch })
const fileOf = (epoch: number) => join(keys, vault, `symphony-commerce.${epoch}.key`)

function source(at = keys) {
  return { directory: at, rootKey, dataDirectory: join(directory, 'data') }
}

function opened(at = keys): Keyring {
  const answer = openFileKeyring(source(at))
  if (!answer.ok) throw new Error(answer.problem)
  return answer.keyring
}

function problem(at: string): string {
  const answer = openFileKeyring(source(at))
  return answer.ok ? 'no problem' : answer.problem
}

describe('a keyring of files', () => {
  it('makes a key once, for its owner only, and loads the same one from then on', () => {
    expect(keyring.load(place(1))).toBeNull()
    const made = keyring.make(place(1))
    expect(keyring.make(place(1)).equals(made)).toBe(true)
    expect(opened().load(place(1))!.equals(made)).toBe(true)
    expect(opened().load(place(2))).toBeNull()
    expect(keyring.make(place(2)).equals(made)).toBe(false)
    expect(keyring.make(place(1, acquirer)).equals(made)).toBe(false)
    for (const path of [keys, join(keys, vault)]) expect(statSync(path).mode & 0o777).toBe(0o700)
    expect(statSync(fileOf(1)).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(keys, vault)).sort()).toEqual([
      'acquirer.1.key',
      'symphony-commerce.1.key',
      'symphony-commerce.2.key',
    ])
    expect(readFileSync(fileOf(1)).includes(made.export())).toBe(false)
  })

  it('keeps a key that it is given, where there is none', () => {
    const given = createSecretKey(randomBytes(32))
    expect(keyring.make(place(1), given).equals(given)).toBe(true)
    expect(opened().load(place(1))!.equals(given)).toBe(true)
    const other = createSecretKey(randomBytes(32))
    expect(keyring.make(place(1), other).equals(given)).toBe(true)
  })

  it('gives the same key to threads that make it at once', { timeout: 60_000 }, async () => {
    const program = `
      const { parentPort, workerData } = require('node:worker_threads')
      const { createSecretKey } = require('node:crypto')
      import(workerData.module).then(({ openFileKeyring }) => {
        const rootKey = createSecretKey(Buffer.from(workerData.rootKey, 'hex'))
        const { keyring } = openFileKeyring({ ...workerData, rootKey })
        const made = []
        for (let epoch = 1; epoch <= 20; epoch += 1) {
          made.push(keyring.make({ ...workerData.place, epoch }).export().toString('hex'))
        }
        parentPort.postMessage(made)
      })`
    const workerData = {
      ...source(),
      module: new URL('../../src/vault/file-keyring.ts', import.meta.url).href,
      rootKey: rootKey.export().toString('hex'),
      place: place(1),
    }
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => {
        const worker = new Worker(program, { eval: true, workerData })
        return new Promise<string[]>((resolve, reject) => {
          worker.once('message', resolve)
          worker.once('error', reject)
        })
      }),
    )
    expect(new Set(answers[0]).size).toBe(20)
    for (const answer of answers) expect(answer).toEqual(answers[0])
    expect(readdirSync(join(keys, vault))).toHaveLength(20)
  })

  it('lists the epochs of a controller in order', () => {
    expect(keyring.list(vault, symphony)).toEqual([])
    for (const epoch of [10, 2, 1]) keyring.make(place(epoch))
    keyring.make(place(7, acquirer))
    writeFileSync(join(keys, vault, 'symphony-commerce.04.key'), 'none of ours')
    expect(keyring.list(vault, symphony)).toEqual([1, 2, 10])
    expect(keyring.list('ff'.repeat(16), symphony)).toEqual([])
  })

  it('destroys a key: its bytes, under every name that they have, and its name', () => {
    keyring.make(place(1))
    const kept = keyring.make(place(2))
    const secret = readFileSync(fileOf(1))
    // Whoever made it was stopped before the first name was gone; someone else linked it away.
    linkSync(fileOf(1), `${fileOf(1)}.0123456789ab.making`)
    linkSync(fileOf(1), join(directory, 'elsewhere'))
    keyring.destroy(place(1))
    keyring.destroy(place(1))
    keyring.destroy(place(3))
    expect(keyring.load(place(1))).toBeNull()
    expect(readdirSync(join(keys, vault))).toEqual(['symphony-commerce.2.key'])
    const left = readFileSync(join(directory, 'elsewhere'))
    expect(left.equals(Buffer.alloc(secret.length))).toBe(true)
    expect(keyring.load(place(2))!.equals(kept)).toBe(true)
  })

  it('takes a key that was overwritten and not yet removed for destroyed, and removes it', () => {
    keyring.make(place(1))
    keyring.make(place(2))
    writeFileSync(fileOf(1), Buffer.alloc(statSync(fileOf(1)).size))
    expect(keyring.load(place(1))).toBeNull()
    expect(() => keyring.make(place(1))).toThrow(VaultUnavailable)
    expect(keyring.list(vault, symphony)).toEqual([2])
    expect(readdirSync(join(keys, vault))).toEqual(['symphony-commerce.2.key'])
  })

  it('opens no key that was altered, moved, or made with another root key', () => {
    keyring.make(place(1))
    keyring.make(place(2))
    const content = readFileSync(fileOf(1), 'utf8')
    writeFileSync(fileOf(2), content)
    expect(() => keyring.load(place(2))).toThrow(VaultUnavailable)
    expect(() => keyring.load(place(2))).toThrow(/epoch 2 of symphony-commerce .* was altered/)
    writeFileSync(fileOf(1), `A${content.slice(1) === content ? 'B' : content.slice(1)}`)
    rootKey = createSecretKey(randomBytes(32))
    expect(() => opened().load(place(1))).toThrow(/made with another root key/)
  })

  it('is refused inside the data directory, also behind a link', () => {
    const data = join(directory, 'data')
    mkdirSync(data)
    expect(problem(join(data, 'epochs'))).toMatch(/inside the data directory.*CUSTODY_KEYRING/)
    expect(problem(data)).toMatch(/inside the data directory/)
    symlinkSync(data, join(directory, 'link'))
    expect(problem(join(directory, 'link', 'epochs'))).toMatch(/inside the data directory/)
    expect(problem(join(directory, 'data-keys'))).toBe('no problem')
  })

  it('is refused where it is no directory, or others can use it', () => {
    const file = join(directory, 'file')
    writeFileSync(file, '')
    expect(problem(file)).toMatch(/is not a directory/)
    mkdirSync(join(directory, 'open'))
    chmodSync(join(directory, 'open'), 0o750)
    expect(problem(join(directory, 'open'))).toMatch(/used by others \(mode 0750\): chmod 700/)
  })
})

import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isInside, openToOthers, writeDurably } from '../files/durable-file.ts'

export type RootKeySource = Readonly<{
  /** The value of `CUSTODY_ROOT_KEY`: base64 of 32 bytes. It goes before the file. */
  env?: string | null | undefined
  /** The path in `CUSTODY_ROOT_KEY_FILE`: a file with base64 of 32 bytes. */
  file?: string | null | undefined
  /** Where the stores are. A key that lies beside what it opens protects nothing. */
  dataDirectory: string
  /** Make the file, readable by its owner only, where there is none. */
  createIfMissing: boolean
}>

export type RootKey =
  | Readonly<{ ok: true; key: KeyObject; from: 'environment' | 'file' | 'new-file' }>
  /** `problem` says what to do; it never repeats the key. */
  | Readonly<{ ok: false; problem: string }>

const keyLength = 32
const base64Of32Bytes = /^[A-Za-z0-9+/]{43}=$/

/**
 * The key that wraps every other key of the vault, from the environment or from a file outside the data
 * directory. What is wrong with the configuration is an answer, not an exception.
 */
export function loadRootKey(source: RootKeySource): RootKey {
  if (source.env) {
    const key = parseKey(source.env)
    return key
      ? { ok: true, key, from: 'environment' }
      : { ok: false, problem: `CUSTODY_ROOT_KEY ${mustBe}` }
  }
  if (!source.file) {
    return { ok: false, problem: 'set CUSTODY_ROOT_KEY, or CUSTODY_ROOT_KEY_FILE to a file' }
  }
  const file = resolve(source.file)
  try {
    if (isInside(source.dataDirectory, file)) {
      return {
        ok: false,
        problem:
          `the root key file ${file} is inside the data directory: whoever copies the data would ` +
          'copy its key too; keep it elsewhere',
      }
    }
    return readKeyFile(file) ?? createKeyFile(file, source.createIfMissing)
  } catch (error) {
    return {
      ok: false,
      problem: `couldn't use the root key file ${file}: ${(error as Error).message}`,
    }
  }
}

const mustBe = `must be base64 of ${keyLength} bytes, as from: openssl rand -base64 ${keyLength}`

function parseKey(text: string): KeyObject | null {
  const trimmed = text.trim()
  if (!base64Of32Bytes.test(trimmed)) return null
  const raw = Buffer.from(trimmed, 'base64')
  // The last digit has bits to spare; one key has one spelling.
  if (raw.length !== keyLength || raw.toString('base64') !== trimmed) return null
  const key = createSecretKey(raw)
  raw.fill(0)
  return key
}

function readKeyFile(file: string): RootKey | null {
  const status = statSync(file, { throwIfNoEntry: false })
  if (!status) return null
  if (!status.isFile()) return { ok: false, problem: `the root key file ${file} is not a file` }
  const mode = openToOthers(status.mode)
  if (mode) {
    return {
      ok: false,
      problem: `the root key file ${file} can be used by others (mode ${mode}): chmod 600 it`,
    }
  }
  const key = parseKey(readFileSync(file, 'utf8'))
  return key
    ? { ok: true, key, from: 'file' }
    : { ok: false, problem: `the root key file ${file} ${mustBe}` }
}

function createKeyFile(file: string, allowed: boolean): RootKey {
  if (!allowed) return { ok: false, problem: `there is no root key file ${file}` }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const raw = randomBytes(keyLength)
  try {
    // A key that is lost loses everything: the file and its name are on the disk before it is used.
    writeDurably(file, `${raw.toString('base64')}\n`)
  } catch (error) {
    // Another process that starts at the same moment may have made it.
    const made = (error as NodeJS.ErrnoException).code === 'EEXIST' ? readKeyFile(file) : null
    if (made) return made
    throw error
  }
  const key = createSecretKey(raw)
  raw.fill(0)
  return { ok: true, key, from: 'new-file' }
}

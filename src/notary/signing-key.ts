import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createDurably, isInside, openToOthers } from '../files/durable-file.ts'

export type SigningKeySource = Readonly<{
  /** The path: a PEM file (PKCS #8) as `openssl genpkey -algorithm ed25519` makes it. */
  file: string
  /** Where the stores are. A key that lies beside what it vouches for vouches for nothing. */
  dataDirectory: string
  /** Make the file, readable by its owner only, where there is none. */
  createIfMissing: boolean
}>

export type SigningKey =
  | Readonly<{ ok: true; key: KeyObject }>
  /** `problem` says what to do; it never repeats the key. */
  | Readonly<{ ok: false; problem: string }>

/** The Ed25519 key that signs checkpoints. What is wrong with the configuration is an answer. */
export function loadSigningKey({
  file,
  dataDirectory,
  createIfMissing,
}: SigningKeySource): SigningKey {
  try {
    if (isInside(dataDirectory, file)) {
      return {
        ok: false,
        problem:
          `the notary's key file ${file} is inside the data directory: whoever can alter the data ` +
          'could sign it anew; keep it elsewhere',
      }
    }
    return readKeyFile(file) ?? createKeyFile(file, createIfMissing)
  } catch (error) {
    const { message } = error as Error
    return { ok: false, problem: `couldn't use the notary's key file ${file}: ${message}` }
  }
}

function readKeyFile(file: string): SigningKey | null {
  const status = statSync(file, { throwIfNoEntry: false })
  if (!status) return null
  if (!status.isFile()) return { ok: false, problem: `the notary's key file ${file} is not a file` }
  const mode = openToOthers(status.mode)
  if (mode !== null) {
    const problem = `the notary's key file ${file} can be used by others (mode ${mode}): chmod 600 it`
    return { ok: false, problem }
  }
  const key = parseKey(readFileSync(file, 'utf8'))
  if (key) return { ok: true, key }
  const must = 'must be an Ed25519 key in PEM, as from: openssl genpkey -algorithm ed25519'
  return { ok: false, problem: `the notary's key file ${file} ${must}` }
}

function parseKey(pem: string): KeyObject | null {
  try {
    const key = createPrivateKey(pem)
    return key.asymmetricKeyType === 'ed25519' ? key : null
  } catch {
    return null
  }
}

function createKeyFile(file: string, allowed: boolean): SigningKey {
  if (!allowed) return { ok: false, problem: `there is no notary's key file ${file}` }
  const { privateKey } = generateKeyPairSync('ed25519')
  try {
    createDurably(file, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())
  } catch (error) {
    // Another process that starts at the same moment may have made it.
    const made = (error as NodeJS.ErrnoException).code === 'EEXIST' ? readKeyFile(file) : null
    if (made) return made
    throw error
  }
  return { ok: true, key: privateKey }
}

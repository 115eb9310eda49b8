import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { ControllerId } from '../domain/values.ts'
import {
  isInside,
  openToOthers,
  overwriteDurably,
  syncDirectory,
  writeDurably,
} from '../files/durable-file.ts'
import type { EpochPlace, Keyring } from './keyring.ts'
import { VaultUnavailable } from './vault.ts'
import { newKey, unwrap, wrap } from './wrapping.ts'

export type KeyringSource = Readonly<{
  /** The path in `CUSTODY_KEYRING`. It is made, for its owner only, with the first key. */
  directory: string
  /** Wraps what is in the files: whoever has only them has nothing. */
  rootKey: KeyObject
  /** Where the stores are: a copy of them must not carry the keys along. */
  dataDirectory: string
}>

export type OpenedKeyring =
  | Readonly<{ ok: true; keyring: Keyring }>
  /** `problem` says what to do. */
  | Readonly<{ ok: false; problem: string }>

/**
 * The keyring in a directory outside the data directory: a directory for each vault, in it a file for
 * each controller and epoch, `symphony-commerce.3.key`, with the epoch's key wrapped by the root key.
 * What is wrong with the configuration is an answer, not an exception.
 */
export function openFileKeyring(source: KeyringSource): OpenedKeyring {
  const directory = resolve(source.directory)
  try {
    if (isInside(source.dataDirectory, directory)) {
      return {
        ok: false,
        problem:
          `the keyring ${directory} is inside the data directory: whoever copies the data would ` +
          'copy the keys of its epochs too, and none could be destroyed; set CUSTODY_KEYRING',
      }
    }
    const status = statSync(directory, { throwIfNoEntry: false })
    if (status && !status.isDirectory()) {
      return { ok: false, problem: `the keyring ${directory} is not a directory` }
    }
    const mode = status && openToOthers(status.mode)
    if (mode) {
      return {
        ok: false,
        problem: `the keyring ${directory} can be used by others (mode ${mode}): chmod 700 it`,
      }
    }
    return { ok: true, keyring: new FileKeyring(directory, source.rootKey) }
  } catch (error) {
    return {
      ok: false,
      problem: `couldn't use the keyring ${directory}: ${(error as Error).message}`,
    }
  }
}

const suffix = '.key'
/** A file that is being made has a name of its own until it is whole. */
const unfinished = '.making'

class FileKeyring implements Keyring {
  readonly name: string
  readonly #rootKey: KeyObject

  constructor(directory: string, rootKey: KeyObject) {
    this.name = directory
    this.#rootKey = rootKey
  }

  make(place: EpochPlace, adopted?: KeyObject): KeyObject {
    const known = this.load(place)
    if (known) return known
    return this.#attempt(`make the key of ${nameOf(place)}`, () => {
      const file = this.#file(place)
      makeDirectory(dirname(file))
      const { key, wrapped } = this.#wrapped(place, adopted)
      const making = `${file}.${randomBytes(6).toString('hex')}${unfinished}`
      writeDurably(making, `${wrapped.toString('base64')}\n`)
      // The name is given to a whole file or not at all, and to the first who comes.
      const isMine = linkOnce(making, file)
      rmSync(making)
      syncDirectory(dirname(file))
      if (isMine) return key
      const other = this.load(place)
      if (!other) throw new Error('another process made it, and it is gone again')
      return other
    })
  }

  load(place: EpochPlace): KeyObject | null {
    return this.#attempt(`load the key of ${nameOf(place)}`, () => {
      const text = readIfThere(this.#file(place))
      // Zeros: whoever destroyed it was stopped before the name was gone too.
      if (text === null || /^\0*$/.test(text)) return null
      const wrapped = Buffer.from(text.trim(), 'base64')
      const key = unwrap(this.#rootKey, purposeOf(place), wrapped)
      if (!key) throw new Error('it was altered, or was made with another root key')
      return key
    })
  }

  list(vault: string, controller: ControllerId): readonly number[] {
    return this.#attempt(`list the epochs of ${controller}`, () => {
      const prefix = `${controller}.`
      return namesIn(join(this.name, vault))
        .filter((name) => name.startsWith(prefix) && name.endsWith(suffix))
        .map((name) => name.slice(prefix.length, -suffix.length))
        .filter((number) => /^[1-9][0-9]{0,8}$/.test(number))
        .map(Number)
        .filter((epoch) => {
          const place = { vault, controller, epoch }
          const isThere = this.load(place) !== null
          if (!isThere) this.destroy(place)
          return isThere
        })
        .sort((one, other) => one - other)
    })
  }

  destroy(place: EpochPlace): void {
    this.#attempt(`destroy the key of ${nameOf(place)}`, () => {
      const file = this.#file(place)
      const directory = dirname(file)
      // Whoever made it may have been stopped before its first name was gone.
      const names = namesIn(directory).filter((name) => {
        const path = join(directory, name)
        return path === file || (path.startsWith(`${file}.`) && path.endsWith(unfinished))
      })
      for (const name of names) overwriteDurably(join(directory, name))
      for (const name of names) rmSync(join(directory, name), { force: true })
      if (names.length > 0) syncDirectory(directory)
    })
  }

  #wrapped(place: EpochPlace, adopted: KeyObject | undefined): { key: KeyObject; wrapped: Buffer } {
    const purpose = purposeOf(place)
    if (!adopted) return newKey(this.#rootKey, purpose)
    const raw = adopted.export()
    const wrapped = wrap(this.#rootKey, purpose, raw)
    const key = createSecretKey(raw)
    raw.fill(0)
    return { key, wrapped }
  }

  #file({ vault, controller, epoch }: EpochPlace): string {
    return join(this.name, vault, `${controller}.${epoch}${suffix}`)
  }

  #attempt<Result>(what: string, act: () => Result): Result {
    try {
      return act()
    } catch (cause) {
      if (cause instanceof VaultUnavailable) throw cause
      const { message } = cause as Error
      throw new VaultUnavailable(`couldn't ${what} in the keyring ${this.name}: ${message}`, {
        cause,
      })
    }
  }
}

function nameOf({ controller, epoch }: EpochPlace): string {
  return `epoch ${epoch} of ${controller}`
}

function purposeOf({ vault, controller, epoch }: EpochPlace): string[] {
  return ['epoch', vault, controller, String(epoch)]
}

/** Each directory that was missing is on the disk by name, up to the first that was there. */
function makeDirectory(directory: string): void {
  const first = mkdirSync(directory, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = directory; made.length >= first.length; made = dirname(made)) {
    syncDirectory(dirname(made))
  }
}

/** Whether the file has the name now; false when another has it. */
function linkOnce(file: string, name: string): boolean {
  try {
    linkSync(file, name)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

import type { KeyObject } from 'node:crypto'
import type { ControllerId, SubjectId } from '../domain/values.ts'
import { type ControllerKeys, textDigest } from './controller-keys.ts'
import type { KeyOwner } from './data-key-purpose.ts'
import type { GroupCommit } from './group-commit.ts'
import { createDestruction } from './destruction.ts'
import { firstFault } from './identifiers.ts'
import type { Keyring } from './keyring.ts'
import { subjectBytes } from './subjects.ts'
import { createSuppressions } from './suppressions.ts'
import { createUpkeep } from './upkeep.ts'
import type { VaultCaches } from './vault-caches.ts'
import { createVaultCore, type VaultCore } from './vault-core.ts'
import { openVaultFile, type Tables } from './vault-file.ts'
import { type CacheBounds, dataKeysIn, defaultBounds, subjectIn } from './vault-memory.ts'
import {
  type DataKey,
  type DigestDomain,
  type Identified,
  type Identifier,
  type IdentifierFault,
  type KeyScope,
  type Vault,
} from './vault.ts'

export type SqliteVaultOptions = Readonly<{
  path: string
  rootKey: KeyObject
  /** Has the keys of the file's epochs. */
  keyring: Keyring
  /** ISO 3166-1 alpha-2: how a phone number without a country prefix is read. */
  defaultCountry?: string | undefined
  cacheBounds?: CacheBounds
  /** How long a destruction waits for readers in other processes, in milliseconds. */
  destroyWaitMs?: number
}>

const defaultDestroyWaitMs = 10_000

/**
 * The vault in a SQLite file of its own, which several processes may open at once. A file of an earlier
 * format is brought to this one, and a rotation that was stopped goes on.
 *
 * @throws VaultUnavailable when the file cannot be opened, or was made with another root key
 */
export async function openSqliteVault(options: SqliteVaultOptions): Promise<Vault> {
  const { path, keyring } = options
  const { database, name } = openVaultFile(path, options.rootKey, keyring)
  try {
    const core = createVaultCore(database, {
      keyring,
      name,
      defaultCountry: options.defaultCountry,
      cacheBounds: options.cacheBounds ?? defaultBounds,
      destroyWaitMs: options.destroyWaitMs ?? defaultDestroyWaitMs,
    })
    // A process that was killed while destroying may have left its log behind.
    core.scrub.tryOnce()
    const { resume, stop, ...upkeep } = createUpkeep(core, { path, keyring, name })
    await resume()
    const parts = { ...upkeep, ...createDestruction(core), ...createSuppressions(core) }
    return Object.assign(new SqliteVault(core, stop), parts)
  } catch (error) {
    database.close()
    throw error
  }
}

type OtherParts =
  | keyof ReturnType<typeof createUpkeep>
  | keyof ReturnType<typeof createDestruction>
  | keyof ReturnType<typeof createSuppressions>

/** People and keys. The vault's other parts are in files of their own. */
class SqliteVault implements Omit<Vault, OtherParts> {
  readonly #core: VaultCore
  readonly #tables: Tables
  readonly #caches: VaultCaches
  readonly #commits: GroupCommit
  readonly #stop: () => Promise<void>

  constructor(core: VaultCore, stop: () => Promise<void>) {
    this.#core = core
    this.#tables = core.tables
    this.#caches = core.caches
    this.#commits = core.commits
    this.#stop = stop
  }

  async find(
    controller: ControllerId,
    identifiers: readonly Identifier[],
  ): Promise<SubjectId | null> {
    const cached = this.findCached(controller, identifiers)
    if (cached) return cached
    const keys = await this.#core.keysOf(controller)
    const digested = this.#core.digested(keys, identifiers)
    const { subjects, suppressions } = this.#tables
    const owners = this.#commits.read(() =>
      digested.map((one) => {
        const owner = subjects.find(keys, [one])
        return owner && { owner, isPending: suppressions.isPending(subjectBytes(owner)) }
      }),
    )
    for (const [index, found] of owners.entries()) {
      // Memory does not say what is suppressed.
      if (!found || found.isPending) continue
      this.#caches.rememberSubject(controller, identifiers[index]!, found.owner)
    }
    return owners.find((found) => found !== null)?.owner ?? null
  }

  findCached(controller: ControllerId, identifiers: readonly Identifier[]): SubjectId | null {
    return subjectIn(this.#caches, controller, identifiers)
  }

  checkIdentifiers(identifiers: readonly Identifier[]): IdentifierFault | null {
    return firstFault(identifiers, { defaultCountry: this.#core.defaultCountry })
  }

  async identify(
    controller: ControllerId,
    identifiers: readonly Identifier[],
  ): Promise<Identified> {
    return (await this.identifyAll(controller, [identifiers]))[0]!
  }

  async identifyAll(
    controller: ControllerId,
    people: readonly (readonly Identifier[])[],
  ): Promise<readonly Identified[]> {
    const answers = people.map((person): Identified | null => {
      if (person.length === 0) throw new RangeError('a person needs at least one identifier')
      const subject = this.findCached(controller, person)
      return subject && { subject, made: false, conflicts: [] }
    })
    if (answers.every((answer) => answer !== null)) return answers
    const keys = await this.#core.keysOf(controller)
    const digested = people.map((person, index) =>
      answers[index] ? [] : this.#core.digested(keys, person),
    )
    const { answers: identified } = await this.#commits.run(
      () => {
        const all = answers.map(
          (answer, index) => answer ?? this.#tables.subjects.identify(keys, digested[index]!),
        )
        // The memories of other processes do not say what is suppressed: they are to ask the file.
        const isSuppressed = all.some(({ suppressed }) => suppressed)
        return { answers: all, generation: isSuppressed ? this.#caches.announce() : null }
      },
      ({ answers: all, generation }) => {
        if (generation !== null) this.#caches.announced(generation)
        for (const [index, { subject, conflicts, suppressed }] of all.entries()) {
          if (suppressed) this.#caches.forgetSubject(subject)
          if (answers[index] || conflicts.length > 0 || suppressed) continue
          for (const identifier of people[index]!) {
            this.#caches.rememberSubject(controller, identifier, subject)
          }
        }
      },
    )
    return identified
  }

  async keysFor(
    controller: ControllerId,
    subject: SubjectId,
    scopes: readonly KeyScope[],
  ): Promise<readonly DataKey[]> {
    return (await this.keysForAll(controller, [{ subject, scopes }]))[0]!
  }

  cachedKeys(
    controller: ControllerId,
    subject: SubjectId,
    scopes: readonly KeyScope[],
  ): readonly DataKey[] | null {
    return dataKeysIn(this.#caches, controller, { subject, scopes })
  }

  async keysForAll(
    controller: ControllerId,
    wanted: readonly { subject: SubjectId; scopes: readonly KeyScope[] }[],
  ): Promise<readonly (readonly DataKey[])[]> {
    const cached = wanted.map(({ subject, scopes }) =>
      scopes.length === 0 ? null : this.cachedKeys(controller, subject, scopes),
    )
    if (cached.every((keys) => keys !== null)) return cached
    const keys = await this.#core.keysOf(controller)
    return this.#commits.run(
      () => this.#makeKeys(keys, wanted),
      (made) => {
        for (const [index, { subject, scopes }] of wanted.entries()) {
          for (const [at, scope] of scopes.entries()) {
            this.#caches.rememberDataKey(controller, subject, scope, made[index]![at]!)
          }
        }
      },
    )
  }

  /** Everything that may refuse comes before the first change. */
  #makeKeys(
    keys: ControllerKeys,
    wanted: readonly { subject: SubjectId; scopes: readonly KeyScope[] }[],
  ): DataKey[][] {
    const { subjects, dataKeys } = this.#tables
    const known = wanted.map(({ subject }) => subjects.requireOpen(keys.number, subject))
    const found = wanted.map(({ subject, scopes }) =>
      scopes.map((scope) => dataKeys.find({ controller: keys, subject }, scope)),
    )
    const made = new Map<string, DataKey>()
    return wanted.map(({ subject, scopes }, index) => {
      if (!known[index]) subjects.setState(keys.number, subject, 'open')
      const owner: KeyOwner = { controller: keys, subject }
      return scopes.map((scope, at) => {
        const key = found[index]![at]
        if (key) return key
        // What is asked for twice was made a moment ago.
        const name = `${subject}\n${scope.category}\n${scope.lot}`
        const twin = made.get(name)
        if (twin) return twin
        const fresh = dataKeys.make(owner, scope)
        made.set(name, fresh)
        return fresh
      })
    })
  }

  async openKeys(
    controller: ControllerId,
    subject: SubjectId,
    scopes: readonly KeyScope[],
  ): Promise<readonly (DataKey | null)[]> {
    const cached = this.cachedKeys(controller, subject, scopes)
    if (cached) return cached
    const keys = await this.#core.keysOf(controller)
    const { subjects, dataKeys } = this.#tables
    const { state, found } = this.#commits.read(() => ({
      state: subjects.state(keys.number, subject),
      found: scopes.map((scope) => dataKeys.find({ controller: keys, subject }, scope)),
    }))
    // What is remembered may be sealed under, which a fence forbids.
    if (state === 'open') {
      for (const [index, scope] of scopes.entries()) {
        const key = found[index]
        if (key) this.#caches.rememberDataKey(controller, subject, scope, key)
      }
    }
    return found
  }

  digest(controller: ControllerId, domain: DigestDomain, text: string): string {
    const keys = this.#core.knownKeys(controller)
    if (!keys) throw new Error(`the keys of ${controller} are not ready: await ready() first`)
    return textDigest(keys, domain, text)
  }

  async ready(controller: ControllerId): Promise<void> {
    await this.#core.keysOf(controller)
  }

  async close(): Promise<void> {
    await this.#stop()
    await this.#core.close()
  }
}

import type { KeyObject } from 'node:crypto'
import type {
  CategoryKey,
  ControllerId,
  Lot,
  Position,
  PurposeKey,
  SubjectId,
} from '../domain/values.ts'

/**
 * The port of the vault: the keys that open sealed values and the blind index from identifiers to
 * subjects. The only store where something is ever destroyed. No identifier leaves it in clear.
 * Stores: SQLite (embedded), PostgreSQL (several nodes).
 * The contract every store keeps is `test/contracts/vault.ts`.
 */
export interface Vault {
  /** The subject that owns the first identifier that is known, in the order given; null when none is. */
  find(controller: ControllerId, identifiers: readonly Identifier[]): Promise<SubjectId | null>

  /**
   * `find` and `identify` from memory: answered only when every identifier given is known here and all
   * belong to one subject, so that there is nothing to link and no conflict. Null: ask the other way.
   * What another process destroyed may be answered for one more turn of the event loop.
   */
  findCached(controller: ControllerId, identifiers: readonly Identifier[]): SubjectId | null

  /**
   * The first identifier that breaks its scheme's rule, by its place in the list; null when all are
   * sound. The other functions throw `IdentifierInvalid` for such a one: check what comes from outside.
   */
  checkIdentifiers(identifiers: readonly Identifier[]): IdentifierFault | null

  /**
   * The subject of these identifiers, made when none is known, and every identifier that nobody owns
   * linked to it. The first known identifier decides; one that another subject owns stays there and is
   * told in `conflicts` (its scheme only). Durable when it resolves. Safe under concurrent calls.
   * Where what was linked is on the suppression list, `suppressed` says for which purposes, again and
   * again until `settleSuppressed`: whoever was killed before they recorded it is told once more.
   * @throws IdentifierInvalid when one breaks its scheme's rule; RangeError when there is none
   */
  identify(controller: ControllerId, identifiers: readonly Identifier[]): Promise<Identified>

  /** `identify` for many people at once, in order, in one durable transaction. */
  identifyAll(
    controller: ControllerId,
    people: readonly (readonly Identifier[])[],
  ): Promise<readonly Identified[]>

  /**
   * The data keys of a subject for these (category, lot), made where they are missing. Durable when it
   * resolves: nothing is ever sealed under a key that could be lost.
   * @throws SubjectFenced when the subject is being, or has been, erased
   */
  keysFor(
    controller: ControllerId,
    subject: SubjectId,
    scopes: readonly KeyScope[],
  ): Promise<readonly DataKey[]>

  /**
   * `keysFor` from memory: all of the keys, or null: ask the other way. What another process fenced or
   * destroyed may be answered for one more turn of the event loop.
   */
  cachedKeys(
    controller: ControllerId,
    subject: SubjectId,
    scopes: readonly KeyScope[],
  ): readonly DataKey[] | null

  /**
   * `keysFor` for many subjects at once, in order, in one durable transaction: all of it or nothing.
   * @throws SubjectFenced when one of the subjects is fenced
   */
  keysForAll(
    controller: ControllerId,
    wanted: readonly { subject: SubjectId; scopes: readonly KeyScope[] }[],
  ): Promise<readonly (readonly DataKey[])[]>

  /** The keys that exist of those asked for, with null where one is destroyed or was never made. */
  openKeys(
    controller: ControllerId,
    subject: SubjectId,
    scopes: readonly KeyScope[],
  ): Promise<readonly (DataKey | null)[]>

  /**
   * Destroys every key of these lots. Idempotent. Resolves when no byte of them is left in the store; in
   * PostgreSQL, when no row is, and `docs/postgresql-vault.md` says what its pages and logs keep.
   * @throws VaultUnavailable "… is pending": destroyed, but bytes may be left; ask again
   */
  destroyLots(controller: ControllerId, subject: SubjectId, lots: readonly Lot[]): Promise<void>

  /** Destroys the keys of these categories in their lots, and of no other. Idempotent, as `destroyLots`. */
  destroyKeys(
    controller: ControllerId,
    subject: SubjectId,
    scopes: readonly KeyScope[],
  ): Promise<void>

  /** No key is made for the subject from here on. Idempotent, durable. */
  fence(controller: ControllerId, subject: SubjectId): Promise<void>

  /**
   * A deferred erasure lets the subject live on. Idempotent.
   * @throws SubjectFenced after `destroySubject`
   */
  unfence(controller: ControllerId, subject: SubjectId): Promise<void>

  /** Destroys all keys and index rows of the subject and keeps the fence. Idempotent, as `destroyLots`. */
  destroySubject(controller: ControllerId, subject: SubjectId): Promise<void>

  /** Whether any key or index row of the subject is there. */
  holds(controller: ControllerId, subject: SubjectId): Promise<boolean>

  /**
   * A keyed digest (HMAC-SHA-256 under a key of the controller that lives in the vault only, base64url,
   * 22 characters) of client keys, request bodies and import fingerprints. Synchronous after `ready`.
   */
  digest(controller: ControllerId, domain: DigestDomain, text: string): string

  /** Loads or makes the controller's keys, so that `digest` can be called. Idempotent. */
  ready(controller: ControllerId): Promise<void>

  /**
   * Keeps an objection alive that will outlive its subject: each identifier of the subject is put on
   * the suppression list for these purposes, as a keyed digest that does not lead to the subject.
   * Called before `destroySubject`. Idempotent, durable. (S3, N4)
   */
  suppress(
    controller: ControllerId,
    subject: SubjectId,
    purposes: readonly PurposeKey[],
  ): Promise<void>

  /** The purposes that any of the identifiers is suppressed for, in alphabetical order. */
  suppressed(
    controller: ControllerId,
    identifiers: readonly Identifier[],
  ): Promise<readonly PurposeKey[]>

  /** Takes the identifiers off the suppression list for these purposes. Idempotent, durable. */
  unsuppress(
    controller: ControllerId,
    identifiers: readonly Identifier[],
    purposes: readonly PurposeKey[],
  ): Promise<void>

  /**
   * What `identify` told in `suppressed` of this subject is recorded, and is told no more. The list keeps
   * it, for the next erasure. Idempotent, durable.
   */
  settleSuppressed(controller: ControllerId, subject: SubjectId): Promise<void>

  /**
   * Begins a new epoch of the controller and brings every wrapped key and index row under it, in small
   * steps, while the vault serves; data keys stay the same, so that sealed boxes still open. Resolves
   * when nothing is under an older epoch any more, in the store or its log (PostgreSQL: in a row).
   * Stopped anywhere, it goes on at the next opening or rotation; what was left by an earlier one is
   * ended first.
   * @throws VaultUnavailable "… is pending" when others read for too long; ask again
   */
  rotate(controller: ControllerId): Promise<{ epoch: number }>

  /** The controller's epochs, ascending: those that rows are under, and those that the keyring has. */
  epochs(controller: ControllerId): Promise<readonly EpochState[]>

  /**
   * Destroys the key of an epoch, so that no backup opens what it has under it. Idempotent.
   * @throws EpochInUse when it is the current one, or rows of this store are under it
   */
  destroyEpoch(controller: ControllerId, epoch: number): Promise<void>

  /**
   * Writes a consistent copy of the store to a new file, readable by its owner only and on the disk when
   * it resolves, while the vault serves; destructions may be pending meanwhile. Nothing that was
   * destroyed before is in it, and no epoch key: `epochs` are those it cannot be opened without.
   * @throws VaultUnavailable when there is such a file already, or it could not be written
   */
  backup(path: string): Promise<{ epochs: readonly BackupEpoch[] }>

  /**
   * The position of the ledger up to which every completed deletion is known to have been applied to
   * this very store; `START` in a new one. A restored older file answers an older one: from there on
   * deletions are to be applied again. (S31, N4)
   */
  appliedUpTo(): Promise<Position>

  /** Raises that position; a lower one changes nothing. Durable. */
  markApplied(position: Position): Promise<void>

  close(): Promise<void>
}

/**
 * `current`: new rows are made under it. `inUse`: rows may be under it. `available`: the keyring has its
 * key; in use and not available means that the store is an old copy that cannot be opened any more.
 */
export type EpochState = Readonly<{
  epoch: number
  current: boolean
  inUse: boolean
  available: boolean
}>

export type BackupEpoch = Readonly<{ controller: ControllerId; epoch: number }>

export type DigestDomain = 'idempotency-key' | 'request-body' | 'import-row'

/** Schemes and their normalization are in `identifiers.ts`; `value` is as the source spelled it. */
export type Identifier = Readonly<{ scheme: IdentifierScheme; value: string }>
export const identifierSchemes = ['email', 'phone', 'customer-id', 'cookie-id', 'username'] as const
export type IdentifierScheme = (typeof identifierSchemes)[number]

export type IdentifierFault = Readonly<{ index: number; scheme: IdentifierScheme; rule: string }>

export type Identified = Readonly<{
  subject: SubjectId
  made: boolean
  conflicts: readonly IdentifierScheme[]
  /** Purposes that an earlier, erased person of these identifiers objected to. Absent when there are none. */
  suppressed?: readonly PurposeKey[]
}>

export type KeyScope = Readonly<{ category: CategoryKey; lot: Lot }>
export type DataKey = Readonly<{ id: string; key: KeyObject }>

/** The subject takes no new value: it is being erased, or was. */
export class SubjectFenced extends Error {
  override readonly name = 'SubjectFenced'
}

/** An identifier that breaks its scheme's rule. The value is never part of the message. */
export class IdentifierInvalid extends Error {
  override readonly name = 'IdentifierInvalid'
  readonly scheme: IdentifierScheme
  readonly rule: string

  constructor(scheme: IdentifierScheme, rule: string) {
    super(rule)
    this.scheme = scheme
    this.rule = rule
  }
}

/** The epoch is the current one, or rows are still under it. */
export class EpochInUse extends Error {
  override readonly name = 'EpochInUse'
}

/** The store could not do it: root key wrong, disk full, failed fsync. */
export class VaultUnavailable extends Error {
  override readonly name = 'VaultUnavailable'
}

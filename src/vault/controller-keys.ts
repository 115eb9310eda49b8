import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { ControllerId } from '../domain/values.ts'
import { normalize, type NormalizeOptions } from './identifiers.ts'
import type { SlotTable } from './slot-table.ts'
import {
  type DigestDomain,
  IdentifierInvalid,
  type Identifier,
  identifierSchemes,
  type IdentifierScheme,
  VaultUnavailable,
} from './vault.ts'
import { newKey, unwrap } from './wrapping.ts'

/**
 * The keys of a controller: an epoch key, wrapped by the root key, which wraps its data keys and its
 * index key. From the index key come the keys of the blind index, one for each scheme, and of the
 * digests, one for each domain.
 */
export type ControllerKeys = Readonly<{
  number: number
  epoch: number
  epochKey: KeyObject
  schemeKeys: Readonly<Record<IdentifierScheme, KeyObject>>
  domainKeys: Readonly<Record<DigestDomain, KeyObject>>
}>

const digestDomains = [
  'idempotency-key',
  'request-body',
  'import-row',
] as const satisfies readonly DigestDomain[]

/**
 * The blind index's digest of an identifier: HMAC-SHA-256 of scheme, zero and the normalized value,
 * cut to 16 bytes. Among n identifiers two collide by chance with a probability below n² / 2^129: for a
 * thousand million, one in 10^20.
 *
 * @throws IdentifierInvalid
 */
export function identifierDigest(
  keys: ControllerKeys,
  identifier: Identifier,
  options: NormalizeOptions,
): Buffer {
  const { scheme } = identifier
  const normalized = normalize(identifier, options)
  if (!normalized.ok) throw new IdentifierInvalid(scheme, normalized.rule)
  return createHmac('sha256', keys.schemeKeys[scheme])
    .update(`${scheme}\0${normalized.value}`)
    .digest()
    .subarray(0, 16)
}

/** 22 characters of base64url: 132 bits of HMAC-SHA-256. */
export function textDigest(keys: ControllerKeys, domain: DigestDomain, text: string): string {
  return createHmac('sha256', keys.domainKeys[domain]).update(text).digest('base64url').slice(0, 22)
}

export type ControllerTable = Readonly<{
  /** Null where the controller has none yet. */
  load(controller: ControllerId): ControllerKeys | null
  /** Those that another process made meanwhile, or new ones. */
  loadOrMake(controller: ControllerId): ControllerKeys
}>

/** To be used inside a transaction. */
export function createControllerTable(
  database: DatabaseSync,
  rootKey: KeyObject,
  secrets: SlotTable,
): ControllerTable {
  const select = database.prepare(
    `SELECT controller.number, index_epoch AS indexEpoch, index_secret AS indexSecret,
            epoch.number AS epoch, epoch.secret AS epochSecret
     FROM controller JOIN epoch ON epoch.controller = controller.number
     WHERE name = ? ORDER BY epoch.number DESC LIMIT 1`,
  )
  const insert = database.prepare(
    'INSERT INTO controller (name, index_epoch, index_secret) VALUES (?, 1, ?)',
  )
  const insertEpoch = database.prepare(
    'INSERT INTO epoch (controller, number, secret) VALUES (?, 1, ?)',
  )

  const load = (controller: ControllerId): ControllerKeys | null => {
    const row = select.get(controller) as Row | undefined
    if (!row) return null
    const epochKey = unwrap(
      rootKey,
      epochPurpose(controller, row.epoch),
      secrets.read(row.epochSecret),
    )
    const indexKey =
      epochKey &&
      unwrap(epochKey, indexPurpose(controller, row.indexEpoch), secrets.read(row.indexSecret))
    if (!indexKey) throw new VaultUnavailable(`the keys of controller ${controller} were altered`)
    return { number: row.number, epoch: row.epoch, epochKey, ...derive(indexKey) }
  }
  return {
    load,
    loadOrMake: (controller) => {
      const known = load(controller)
      if (known) return known
      const epoch = newKey(rootKey, epochPurpose(controller, 1))
      const index = newKey(epoch.key, indexPurpose(controller, 1))
      const number = Number(insert.run(controller, secrets.allocate(index.wrapped)).lastInsertRowid)
      insertEpoch.run(number, secrets.allocate(epoch.wrapped))
      return { number, epoch: 1, epochKey: epoch.key, ...derive(index.key) }
    },
  }
}

type Row = Readonly<{
  number: number
  indexEpoch: number
  indexSecret: number
  epoch: number
  epochSecret: number
}>

const epochPurpose = (controller: ControllerId, epoch: number) => [
  'epoch',
  controller,
  String(epoch),
]
const indexPurpose = (controller: ControllerId, epoch: number) => [
  'index',
  controller,
  String(epoch),
]

function derive(indexKey: KeyObject): Pick<ControllerKeys, 'schemeKeys' | 'domainKeys'> {
  const named = <Name extends string>(kind: string, names: readonly Name[]) =>
    Object.fromEntries(
      names.map((name) => [name, expand(indexKey, `custody.vault.${kind}.${name}`)]),
    ) as Record<Name, KeyObject>
  return {
    schemeKeys: named('identifier', identifierSchemes),
    domainKeys: named('digest', digestDomains),
  }
}

/** HKDF-SHA-256 (RFC 5869): a key of its own for each use. */
function expand(key: KeyObject, info: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', key, '', info, 32)))
}

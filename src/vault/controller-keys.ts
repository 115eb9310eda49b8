import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { ControllerId } from '../domain/values.ts'
import type { ControllerRow, EpochTable } from './epoch-table.ts'
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
import { newKey, unwrap, wrap } from './wrapping.ts'

/**
 * What lasts of a controller's keys. Its epoch key, which the keyring has, wraps its data keys and its
 * index key. From the index key come the keys of the blind index, one for each scheme, of the digests,
 * one for each domain, and of the suppression list.
 */
export type ControllerKeys = ControllerRow &
  Readonly<{
    schemeKeys: Readonly<Record<IdentifierScheme, KeyObject>>
    domainKeys: Readonly<Record<DigestDomain, KeyObject>>
    suppressionKey: KeyObject
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

/** A wrapped key's move from one epoch to another; nothing is changed before it is applied. */
export type Rewrap = () => void

export type ControllerTable = Readonly<{
  /** Asks no key. Null where the vault does not know the controller. */
  row(controller: ControllerId): ControllerRow | null
  all(): readonly ControllerRow[]
  /** Null where the controller has none yet. */
  load(controller: ControllerId): ControllerKeys | null
  /** Those that another process made meanwhile, or new ones. */
  loadOrMake(controller: ControllerId): ControllerKeys
  /** What brings the index key under the current epoch. @throws VaultUnavailable */
  rewraps(controller: ControllerRow): Rewrap[]
}>

/** To be used inside a transaction. @param secrets holds the wrapped bytes */
export function createControllerTable(
  database: DatabaseSync,
  epochs: EpochTable,
  secrets: SlotTable,
): ControllerTable {
  const select = database.prepare(
    `SELECT number, index_epoch AS indexEpoch, index_secret AS indexSecret
     FROM controller WHERE name = ?`,
  )
  const selectAll = database.prepare('SELECT number, name FROM controller ORDER BY number')
  const selectNext = database.prepare(
    'SELECT coalesce(max(number), 0) + 1 AS number FROM controller',
  )
  const insert = database.prepare(
    'INSERT INTO controller (number, name, index_epoch, index_secret) VALUES (?, ?, ?, ?)',
  )
  const update = database.prepare(
    'UPDATE controller SET index_epoch = ?, index_secret = ? WHERE number = ?',
  )
  const find = (controller: ControllerId) => select.get(controller) as Row | undefined

  const open = (row: ControllerRow, { indexEpoch, indexSecret }: Row): KeyObject => {
    const { key } = epochs.of(row, indexEpoch)
    const wrapped = secrets.read(indexSecret)
    const indexKey = unwrap(key, indexPurpose(row.name, indexEpoch), wrapped)
    if (!indexKey) throw new VaultUnavailable(`the keys of controller ${row.name} were altered`)
    return indexKey
  }
  const load = (name: ControllerId): ControllerKeys | null => {
    const row = find(name)
    if (!row) return null
    const controller = { number: row.number, name }
    return { ...controller, ...derive(open(controller, row)) }
  }
  return {
    row: (name) => {
      const row = find(name)
      return row ? { number: row.number, name } : null
    },
    all: () => (selectAll.all() as ControllerRow[]).map(({ number, name }) => ({ number, name })),
    load,
    loadOrMake: (name) => {
      const known = load(name)
      if (known) return known
      const controller = { number: (selectNext.get() as ControllerRow).number, name }
      const epoch = epochs.add(controller)
      const index = newKey(epoch.key, indexPurpose(name, epoch.number))
      insert.run(controller.number, name, epoch.number, secrets.allocate(index.wrapped))
      return { ...controller, ...derive(index.key) }
    },
    rewraps: (controller) => {
      const row = find(controller.name)
      const epoch = epochs.current(controller)
      if (!row || row.indexEpoch === epoch.number) return []
      const raw = open(controller, row).export()
      const wrapped = wrap(epoch.key, indexPurpose(controller.name, epoch.number), raw)
      raw.fill(0)
      return [
        () => {
          secrets.overwrite(row.indexSecret, wrapped)
          update.run(epoch.number, row.indexSecret, controller.number)
        },
      ]
    },
  }
}

type Row = Readonly<{ number: number; indexEpoch: number; indexSecret: number }>

const indexPurpose = (controller: ControllerId, epoch: number) => [
  'index',
  controller,
  String(epoch),
]

function derive(
  indexKey: KeyObject,
): Pick<ControllerKeys, 'schemeKeys' | 'domainKeys' | 'suppressionKey'> {
  const named = <Name extends string>(kind: string, names: readonly Name[]) =>
    Object.fromEntries(
      names.map((name) => [name, expand(indexKey, `custody.vault.${kind}.${name}`)]),
    ) as Record<Name, KeyObject>
  return {
    schemeKeys: named('identifier', identifierSchemes),
    domainKeys: named('digest', digestDomains),
    suppressionKey: expand(indexKey, 'custody.vault.suppression'),
  }
}

/** HKDF-SHA-256 (RFC 5869): a key of its own for each use. */
function expand(key: KeyObject, info: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', key, '', info, 32)))
}

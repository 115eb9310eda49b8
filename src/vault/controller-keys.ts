import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { ControllerId } from '../domain/values.ts'
import type { ControllerRow } from './epoch-keys.ts'
import { normalize, type NormalizeOptions } from './identifiers.ts'
import {
  type DigestDomain,
  IdentifierInvalid,
  type Identifier,
  identifierSchemes,
  type IdentifierScheme,
} from './vault.ts'

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

/** What the index key of a controller is wrapped for, under an epoch. */
export function indexPurpose(controller: ControllerId, epoch: number): readonly string[] {
  return ['index', controller, String(epoch)]
}

/** What a suppression is found by: HMAC-SHA-256 of an identifier's digest, cut to 16 bytes. */
export function suppressionTag(keys: ControllerKeys, digest: Buffer): Buffer {
  return createHmac('sha256', keys.suppressionKey).update(digest).digest().subarray(0, 16)
}

/** The keys of a controller, from its index key. */
export function deriveControllerKeys(
  controller: ControllerRow,
  indexKey: KeyObject,
): ControllerKeys {
  const named = <Name extends string>(kind: string, names: readonly Name[]) =>
    Object.fromEntries(
      names.map((name) => [name, expand(indexKey, `custody.vault.${kind}.${name}`)]),
    ) as Record<Name, KeyObject>
  return {
    number: controller.number,
    name: controller.name,
    schemeKeys: named('identifier', identifierSchemes),
    domainKeys: named('digest', digestDomains),
    suppressionKey: expand(indexKey, 'custody.vault.suppression'),
  }
}

/** HKDF-SHA-256 (RFC 5869): a key of its own for each use. */
function expand(key: KeyObject, info: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', key, '', info, 32)))
}

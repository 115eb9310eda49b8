import type { ControllerId, SubjectId } from '../domain/values.ts'
import { createRecent } from './recent.ts'
import type { DataKey, Identifier, KeyScope } from './vault.ts'

/** Bounds, in entries; up to twice as many may be held. A key takes about 1 KB, a spelling half of it. */
export type CacheBounds = Readonly<{ dataKeys: number; spellings: number }>

/** What a handle holds where nothing else is said. */
export const defaultBounds: CacheBounds = { dataKeys: 40_000, spellings: 40_000 }

/** Data keys of subjects who are not fenced, and whom the spelling of an identifier belongs to. */
export type VaultMemory = Readonly<{
  subject(controller: ControllerId, identifier: Identifier): SubjectId | undefined
  rememberSubject(controller: ControllerId, identifier: Identifier, subject: SubjectId): void
  dataKey(controller: ControllerId, subject: SubjectId, scope: KeyScope): DataKey | undefined
  rememberDataKey(controller: ControllerId, subject: SubjectId, scope: KeyScope, key: DataKey): void
  forgetKeys(subject: SubjectId): void
  forgetSubject(subject: SubjectId): void
  clear(): void
  size(): { dataKeys: number; spellings: number }
}>

/** A bounded memory; who uses it says when what is in it counts no more. */
export function createVaultMemory(bounds: CacheBounds): VaultMemory {
  const dataKeys = createRecent<DataKey>(bounds.dataKeys)
  const spellings = createRecent<SubjectId>(bounds.spellings)
  return {
    subject: (controller, identifier) => spellings.get(spellingKey(controller, identifier)),
    rememberSubject: (controller, identifier, subject) =>
      spellings.set(spellingKey(controller, identifier), subject, subject),
    dataKey: (controller, subject, scope) => dataKeys.get(dataKeyKey(controller, subject, scope)),
    rememberDataKey: (controller, subject, scope, key) =>
      dataKeys.set(dataKeyKey(controller, subject, scope), subject, key),
    forgetKeys: (subject) => dataKeys.forget(subject),
    forgetSubject: (subject) => {
      dataKeys.forget(subject)
      spellings.forget(subject)
    },
    clear: () => {
      dataKeys.clear()
      spellings.clear()
    },
    size: () => ({ dataKeys: dataKeys.size(), spellings: spellings.size() }),
  }
}

/** The one subject whom all of the identifiers are remembered to belong to. */
export function subjectIn(
  memory: Pick<VaultMemory, 'subject'>,
  controller: ControllerId,
  identifiers: readonly Identifier[],
): SubjectId | null {
  let subject: SubjectId | null = null
  for (const identifier of identifiers) {
    const owner = memory.subject(controller, identifier)
    if (owner === undefined || (subject !== null && owner !== subject)) return null
    subject = owner
  }
  return subject
}

/** The data keys, when all of them are remembered. */
export function dataKeysIn(
  memory: Pick<VaultMemory, 'dataKey'>,
  controller: ControllerId,
  { subject, scopes }: Readonly<{ subject: SubjectId; scopes: readonly KeyScope[] }>,
): readonly DataKey[] | null {
  const found: DataKey[] = []
  for (const scope of scopes) {
    const key = memory.dataKey(controller, subject, scope)
    if (!key) return null
    found.push(key)
  }
  return found
}

function spellingKey(controller: ControllerId, { scheme, value }: Identifier): string {
  return `${controller}\n${scheme}\n${value}`
}

function dataKeyKey(controller: ControllerId, subject: SubjectId, scope: KeyScope): string {
  return `${subject}\n${controller}\n${scope.category}\n${scope.lot}`
}

import type {
  CategoryKey,
  Channel,
  ControllerId,
  Day,
  Property,
  PurposeKey,
  Reference,
  RuleId,
  SubjectKind,
  TimeZone,
} from '../values.ts'
import type {
  CategoryDeclaration,
  CollectionRule,
  ForbiddenRule,
  Policy,
  PurposeDeclaration,
  RetentionRule,
  SharingRule,
} from './schema.ts'

/** The class of a sharing rule that is open to every recipient (S5, S7). */
export const ANY_CLASS = 'any'

/** A policy made ready for judging: whatever an act asks of it is a look-up. */
export type CompiledPolicy = Readonly<{
  /** The policy as parsed, for whoever lists it. */
  source: Policy
  policy: Reference
  version: Day
  effective: Day
  controller: ControllerId
  timeZone: TimeZone
  properties: ReadonlySet<Property>
  kinds: ReadonlyMap<SubjectKind, Policy['subjectKinds'][SubjectKind]>
  channels: ReadonlyMap<Channel, Policy['channels'][Channel]>
  categories: ReadonlyMap<CategoryKey, CategoryDeclaration>
  identifying: ReadonlySet<CategoryKey>
  sensitive: ReadonlySet<CategoryKey>
  purposes: ReadonlyMap<PurposeKey, CompiledPurpose>
  collection: ReadonlyMap<RuleId, CompiledCollection>
  collectionByKind: ReadonlyMap<SubjectKind, readonly CompiledCollection[]>
  /** By category: for which purposes it may be collected without a subject. */
  withoutSubject: ReadonlyMap<CategoryKey, ReadonlySet<PurposeKey>>
  sharingByClass: ReadonlyMap<string, readonly CompiledSharing[]>
  forbidden: Readonly<Record<'collect' | 'use' | 'share', readonly CompiledForbidden[]>>
  /** The first rule that matches, by kind and category. */
  retention: ReadonlyMap<SubjectKind, ReadonlyMap<CategoryKey, RetentionRule>>
}>

export type CompiledPurpose = Readonly<{
  key: PurposeKey
  declaration: PurposeDeclaration
  /** Null: open to every kind. */
  kinds: ReadonlySet<SubjectKind> | null
  /** The purposes of collection whose data may be used for it: itself, and what it is compatible with. */
  reach: ReadonlySet<PurposeKey>
  /** An objection to any of these stops it. */
  stoppedBy: readonly PurposeKey[]
}>

export type CompiledCollection = Readonly<{
  rule: CollectionRule
  channels: ReadonlySet<Channel>
  categories: ReadonlySet<CategoryKey>
  purposes: ReadonlySet<PurposeKey>
}>

export type CompiledSharing = Readonly<{
  rule: SharingRule
  /** Null: any. */
  categories: ReadonlySet<CategoryKey> | null
  purposes: ReadonlySet<PurposeKey>
}>

export type CompiledForbidden = Readonly<{
  rule: ForbiddenRule
  purposes: ReadonlySet<PurposeKey> | null
  recipientClasses: ReadonlySet<string> | null
  join: readonly ReadonlySet<CategoryKey>[]
  unless: ReadonlySet<RuleId>
}>

/** Turns a parsed policy into the look-ups that judging needs. Pure; the policy is not copied. */
export function compile(policy: Policy): CompiledPolicy {
  const categories = entries<CategoryKey, CategoryDeclaration>(policy.categories)
  const kinds = entries<SubjectKind, Policy['subjectKinds'][SubjectKind]>(policy.subjectKinds)
  const identifying = keysWhere(categories, ({ identifying }) => identifying)
  const collection = policy.collection.map(compileCollection)
  const forbidden = policy.forbidden.map((rule) => compileForbidden(rule, identifying))
  const forbiddenFor = (act: 'collect' | 'use' | 'share') =>
    forbidden.filter(({ rule }) => rule.acts.includes(act))
  return {
    source: policy,
    policy: policy.policy,
    version: policy.version,
    effective: policy.effective,
    controller: policy.controller.id,
    timeZone: policy.controller.timeZone,
    properties: new Set(policy.properties),
    kinds,
    channels: entries<Channel, Policy['channels'][Channel]>(policy.channels),
    categories,
    identifying,
    sensitive: keysWhere(categories, ({ sensitive }) => sensitive),
    purposes: compilePurposes(policy),
    collection: new Map(collection.map((compiled) => [compiled.rule.id, compiled])),
    collectionByKind: grouped(collection, ({ rule }) => rule.kinds),
    withoutSubject: collectedWithoutSubject(collection),
    sharingByClass: grouped(
      policy.sharing.map(compileSharing),
      ({ rule }) => rule.recipientClasses,
    ),
    forbidden: {
      collect: forbiddenFor('collect'),
      use: forbiddenFor('use'),
      share: forbiddenFor('share'),
    },
    retention: compileRetention(policy.retention, [...kinds.keys()], [...categories.keys()]),
  }
}

/** The rule that says how long a kind's data of a category is kept: the first that matches. */
export function retentionOf(
  policy: CompiledPolicy,
  kind: SubjectKind,
  category: CategoryKey,
): RetentionRule | null {
  return policy.retention.get(kind)?.get(category) ?? null
}

function compilePurposes(policy: Policy): Map<PurposeKey, CompiledPurpose> {
  const compiled = new Map<PurposeKey, CompiledPurpose>()
  for (const [key, declaration] of entries<PurposeKey, PurposeDeclaration>(policy.purposes)) {
    const own = declaration.objection === 'allowed' ? [key] : []
    compiled.set(key, {
      key,
      declaration,
      kinds: declaration.kinds ? new Set(declaration.kinds) : null,
      reach: new Set([key, ...declaration.compatibleWith]),
      stoppedBy: [...new Set([...own, ...declaration.stopsWith])],
    })
  }
  return compiled
}

function compileCollection(rule: CollectionRule): CompiledCollection {
  return {
    rule,
    channels: new Set(rule.channels),
    categories: new Set(rule.categories),
    purposes: new Set(rule.purposes),
  }
}

function compileSharing(rule: SharingRule): CompiledSharing {
  return {
    rule,
    categories: rule.categories === 'any' ? null : new Set(rule.categories),
    purposes: new Set(rule.purposes),
  }
}

function compileForbidden(
  rule: ForbiddenRule,
  identifying: ReadonlySet<CategoryKey>,
): CompiledForbidden {
  return {
    rule,
    purposes: rule.purposes ? new Set(rule.purposes) : null,
    recipientClasses: rule.recipientClasses ? new Set(rule.recipientClasses) : null,
    join: (rule.join ?? []).map((list) => (list === 'identifying' ? identifying : new Set(list))),
    unless: new Set(rule.unless ?? []),
  }
}

function compileRetention(
  rules: readonly RetentionRule[],
  kinds: readonly SubjectKind[],
  categories: readonly CategoryKey[],
): Map<SubjectKind, Map<CategoryKey, RetentionRule>> {
  const compiled = new Map<SubjectKind, Map<CategoryKey, RetentionRule>>()
  for (const kind of kinds) {
    const byCategory = new Map<CategoryKey, RetentionRule>()
    for (const rule of rules) {
      if (rule.kinds !== 'any' && !rule.kinds.includes(kind)) continue
      for (const category of rule.categories === 'any' ? categories : rule.categories) {
        if (!byCategory.has(category)) byCategory.set(category, rule)
      }
    }
    compiled.set(kind, byCategory)
  }
  return compiled
}

function collectedWithoutSubject(
  collection: readonly CompiledCollection[],
): Map<CategoryKey, Set<PurposeKey>> {
  const collected = new Map<CategoryKey, Set<PurposeKey>>()
  for (const { rule } of collection) {
    if (rule.subject === 'person') continue
    for (const category of rule.categories) {
      const purposes = collected.get(category) ?? new Set()
      for (const purpose of rule.purposes) purposes.add(purpose)
      collected.set(category, purposes)
    }
  }
  return collected
}

/** The entries of a declaration by key. Parsing has checked that each key is of its sort. */
function entries<K extends string, V>(record: Partial<Record<K, V>>): Map<K, V> {
  return new Map(Object.entries(record) as [K, V][])
}

function keysWhere<K, V>(map: ReadonlyMap<K, V>, matches: (value: V) => boolean): Set<K> {
  return new Set([...map].filter(([, value]) => matches(value)).map(([key]) => key))
}

function grouped<K, V>(values: readonly V[], keysOf: (value: V) => readonly K[]): Map<K, V[]> {
  const groups = new Map<K, V[]>()
  for (const value of values) {
    for (const key of new Set(keysOf(value))) {
      const group = groups.get(key)
      if (group) group.push(value)
      else groups.set(key, [value])
    }
  }
  return groups
}

import type { CategoryKey } from '../values.ts'
import { ANY_CLASS, compile } from './compile.ts'
import { forbiddenOutright } from './lint-words.ts'
import type { Report } from './finding.ts'
import type { CollectionRule, ForbiddenRule, Policy, SharingRule } from './schema.ts'

/** Collection: contained in another rule, closed purposes, open channels, figures of persons. */
export function lintCollection(policy: Policy, report: Report): void {
  const { collection } = policy
  collection.forEach((rule, index) => {
    const path = `collection.${index}`
    const containing = collection.findIndex(
      (other, at) =>
        at !== index && contains(other, rule) && (at < index || !contains(rule, other)),
    )
    if (containing >= 0) {
      const message = `${rule.id} permits nothing that ${collection[containing]?.id} does not`
      report('warning', 'collection_contained', path, message, rule.obligation)
    }
    lintChannels(policy, rule, path, report)
    lintPersons(policy, rule, path, report)
    for (const purpose of rule.purposes) {
      const closed = policy.purposes[purpose]?.kinds
      const kinds = closed ? rule.kinds.filter((kind) => !closed.includes(kind)) : []
      if (kinds.length === 0) continue
      const message = `${rule.id} collects for ${purpose}, which is not open to ${kinds.join(', ')}`
      report('error', 'purpose_closed_to_kinds', path, message, rule.obligation)
    }
  })
}

function contains(outer: CollectionRule, inner: CollectionRule): boolean {
  return (
    within(inner.kinds, outer.kinds) &&
    within(inner.channels, outer.channels) &&
    within(inner.categories, outer.categories) &&
    within(inner.purposes, outer.purposes) &&
    (outer.subject === inner.subject || outer.subject === 'either') &&
    outer.transient === inner.transient &&
    (!outer.selfIdentified || inner.selfIdentified) &&
    (!outer.voluntaryAct || inner.voluntaryAct) &&
    (!outer.providedByAnother || inner.providedByAnother)
  )
}

/** S37: over one of its channels the rule would never be kept. */
function lintChannels(policy: Policy, rule: CollectionRule, path: string, report: Report): void {
  const sensitive = rule.categories.filter((category) => policy.categories[category]?.sensitive)
  const open = rule.channels.filter((channel) => !policy.channels[channel]?.encrypted)
  if (sensitive.length === 0 || open.length === 0) return
  const message =
    `${rule.id} collects the sensitive ${sensitive.join(', ')} over ${open.join(', ')}, ` +
    'which is not encrypted'
  const obligation = policy.principles.encryptedTransit ?? rule.obligation
  report('error', 'sensitive_unencrypted', path, message, obligation)
}

function lintPersons(policy: Policy, rule: CollectionRule, path: string, report: Report): void {
  const identifying = identifyingAmong(policy, rule.categories)
  if (rule.subject === 'none' && identifying.length > 0) {
    const message = `${rule.id} ties ${identifying.join(', ')} to nobody, though it identifies`
    report('error', 'identifying_without_subject', path, message, rule.obligation)
  }
  const aggregates = rule.purposes.filter((purpose) => policy.purposes[purpose]?.aggregate)
  if (aggregates.length === 0 || rule.subject === 'none') return
  if (aggregates.length < rule.purposes.length) return
  const message = `${rule.id} collects from persons for ${aggregates.join(', ')}, for figures only`
  report('error', 'aggregate_of_persons', path, message, rule.obligation)
}

/** Sharing: what a forbidden rule leaves nothing of, and what anybody could be given for nothing. */
export function lintSharing(policy: Policy, report: Report): void {
  const outright = forbiddenOutright(policy)
  policy.sharing.forEach((rule, index) => {
    const path = `sharing.${index}`
    const forbidding =
      policy.forbidden.find((forbidden) => leavesNothing(policy, forbidden, rule))?.id ??
      (rule.purposes.every((purpose) => outright.has(purpose)) && outright.get(rule.purposes[0]!))
    if (forbidding) {
      const message = `${rule.id} permits what ${forbidding} wholly forbids`
      report('error', 'sharing_wholly_forbidden', path, message, rule.obligation)
    }
    const figures = rule.purposes.every((purpose) => policy.purposes[purpose]?.aggregate)
    const demanding = rule.grounds ?? (rule.contract || rule.consent || rule.transfer || figures)
    if (!demanding && rule.recipientClasses.includes(ANY_CLASS)) {
      const message = `${rule.id} gives personal data to any recipient and asks for nothing`
      report('error', 'grounds_missing', path, message, rule.obligation)
    }
  })
}

/** Whether every act that a sharing rule permits is one that the forbidden rule matches. */
function leavesNothing(policy: Policy, forbidden: ForbiddenRule, rule: SharingRule): boolean {
  if (!forbidden.acts.includes('share') || forbidden.unless?.includes(rule.id)) return false
  if (forbidden.purposes && !within(rule.purposes, forbidden.purposes)) return false
  const classes = forbidden.recipientClasses
  if (classes && !within(rule.recipientClasses, classes)) return false
  // A join is met by each act only where each single category of the rule meets it.
  const { categories } = rule
  return (forbidden.join ?? []).every((list) => {
    if (categories === 'any') return false
    const joined = list === 'identifying' ? identifyingAmong(policy, categories) : list
    return within(categories, joined)
  })
}

/** Retention: data without an end, and rules that earlier ones leave nothing to. */
export function lintRetention(policy: Policy, report: Report): void {
  const { retention } = compile(policy)
  const missing = new Set<string>()
  policy.collection.forEach((rule, index) => {
    if (rule.subject === 'none') return
    for (const kind of rule.kinds) {
      for (const category of rule.categories) {
        const pair = `${category} of ${kind}`
        if (retention.get(kind)?.has(category) || missing.has(pair)) continue
        missing.add(pair)
        const message = `${rule.id} collects ${pair}, and no retention rule says how long it is kept`
        report('error', 'retention_missing', `collection.${index}`, message, rule.obligation)
      }
    }
  })
  const reached = new Set([...retention.values()].flatMap((byCategory) => [...byCategory.values()]))
  policy.retention.forEach((rule, index) => {
    if (reached.has(rule)) return
    const message = `${rule.id} never applies: earlier rules match all that it would`
    report('warning', 'retention_unreachable', `retention.${index}`, message, rule.obligation)
  })
}

function identifyingAmong(policy: Policy, categories: readonly CategoryKey[]): CategoryKey[] {
  return categories.filter((category) => policy.categories[category]?.identifying)
}

function within<T>(inner: readonly T[], outer: readonly T[]): boolean {
  return inner.every((value) => outer.includes(value))
}

import type { ObligationId, PurposeKey } from '../values.ts'
import type { Report } from './finding.ts'
import type { Policy } from './schema.ts'

/** Purposes: forbidden and yet open, never collected for, consent that is none. */
export function lintPurposes(policy: Policy, report: Report): void {
  const collectedFor = new Set(policy.collection.flatMap(({ purposes }) => purposes))
  const sharedFor = new Set(policy.sharing.flatMap(({ purposes }) => purposes))
  const forbidden = forbiddenOutright(policy)
  for (const [key, purpose] of Object.entries(policy.purposes)) {
    const at = `purposes.${key}`
    const { obligation } = purpose
    const forbidding = forbidden.get(key as PurposeKey)
    const open = collectedFor.has(key as PurposeKey) || sharedFor.has(key as PurposeKey)
    if (forbidding && open) {
      const message = `${key} is open in a rule and forbidden outright by ${forbidding}`
      report('error', 'purpose_forbidden_and_open', at, message, obligation)
    }
    const reached = [key, ...purpose.compatibleWith].some((one) =>
      collectedFor.has(one as PurposeKey),
    )
    const overridden = policy.sharing.some(
      ({ purposes, grounds, transfer }) =>
        purposes.includes(key as PurposeKey) && (grounds !== undefined || transfer),
    )
    // A later consent opens a purpose to data collected for others (S40).
    if (!reached && !forbidding && !overridden && purpose.basis !== 'consent') {
      const message = `nothing is collected for ${key}, or for a purpose it is compatible with`
      report('warning', 'purpose_never_collected', at, message, obligation)
    }
    if (purpose.basis === 'consent' && purpose.objection === 'refused') {
      const message = `${key} stands on consent and cannot be objected to: consent can be withdrawn`
      report('error', 'consent_as_objection', at, message, obligation)
    }
    if (purpose.basis === 'consent' && purpose.aggregate) {
      const message = `${key} is for aggregated figures of nobody, of whom nobody can consent`
      report('error', 'consent_never_reached', at, message, obligation)
    }
  }
}

/** The purposes that a rule forbids whatever the categories and the recipient, and by which rule. */
export function forbiddenOutright(policy: Policy): Map<PurposeKey, string> {
  const forbidden = new Map<PurposeKey, string>()
  for (const { id, acts, purposes, recipientClasses, join } of policy.forbidden) {
    if (!purposes || recipientClasses || join || !acts.includes('use')) continue
    for (const purpose of purposes) if (!forbidden.has(purpose)) forbidden.set(purpose, id)
  }
  return forbidden
}

/** Words that no rule uses, clauses that no rule keeps, and the choices made where the text is silent. */
export function lintWords(policy: Policy, report: Report): void {
  const collected = new Set(policy.collection.flatMap(({ categories }) => categories))
  const channels = new Set([
    ...policy.collection.flatMap((rule) => rule.channels),
    ...policy.notice.channels,
  ])
  const kinds = new Set(policy.collection.flatMap((rule) => rule.kinds))
  for (const category of keysOf(policy.categories)) {
    if (collected.has(category)) continue
    const message = `no collection rule collects ${category}`
    report('warning', 'category_never_collected', `categories.${category}`, message)
  }
  for (const channel of keysOf(policy.channels)) {
    if (channels.has(channel)) continue
    const message = `no rule and no notice uses the channel ${channel}`
    report('warning', 'channel_unused', `channels.${channel}`, message)
  }
  for (const kind of keysOf(policy.subjectKinds)) {
    if (kinds.has(kind)) continue
    const message = `no collection rule is about the kind ${kind}`
    report('warning', 'kind_unused', `subjectKinds.${kind}`, message)
  }
  lintClauses(policy, report)
  lintChoices(policy, report)
}

function lintClauses(policy: Policy, report: Report): void {
  const kept = new Set<ObligationId | undefined>([
    policy.notice.obligation,
    policy.requests?.obligation,
    policy.backups?.obligation,
    policy.suppression?.obligation,
    ...Object.values(policy.principles),
    ...Object.values(policy.purposes).map(({ obligation }) => obligation),
    ...Object.values(policy.subjectKinds).map(({ obligation }) => obligation),
    ...rulesOf(policy).map(([, { obligation }]) => obligation),
  ])
  for (const obligation of keysOf(policy.clauses)) {
    if (kept.has(obligation)) continue
    const message = `no rule names ${obligation}: it is kept elsewhere, or not at all`
    report('info', 'clause_without_rule', `clauses.${obligation}`, message, obligation)
  }
}

function lintChoices(policy: Policy, report: Report): void {
  policy.retention.forEach(({ id, choice, trigger, keep, obligation }, index) => {
    if (!choice) return
    const message = `${id} keeps the data ${keep} after ${trigger}: the deployment chose it`
    report('info', 'choice', `retention.${index}`, message, obligation)
  })
  for (const [path, { choice, obligation }] of rulesOf(policy)) {
    if (!choice || path.startsWith('retention.')) continue
    report('info', 'choice', path, 'the deployment chose this rule', obligation)
  }
  for (const [key, { choice, obligation }] of Object.entries(policy.purposes)) {
    const message = `the deployment chose what ${key} means`
    if (choice) report('info', 'choice', `purposes.${key}`, message, obligation)
  }
  if (policy.requests?.choice) {
    const { deadline, obligation } = policy.requests
    const message = `${deadline} to answer a request: the deployment chose it`
    report('info', 'choice', 'requests', message, obligation)
  }
  if (policy.backups?.choice) {
    const { keep, obligation } = policy.backups
    const message = `a backup of the vault lives ${keep}: the deployment chose it`
    report('info', 'choice', 'backups', message, obligation)
  }
  if (policy.suppression?.choice) {
    const { purposes, obligation } = policy.suppression
    const message = `objections to ${purposes.join(', ')} outlive an erasure: the deployment chose it`
    report('info', 'choice', 'suppression', message, obligation)
  }
}

type AnyRule = Readonly<{ obligation: ObligationId; choice: boolean }>

function rulesOf(policy: Policy): (readonly [path: string, rule: AnyRule])[] {
  const lists = ['collection', 'sharing', 'forbidden', 'retention', 'outOfPolicy'] as const
  return lists.flatMap((list) =>
    policy[list].map((rule: AnyRule, index) => [`${list}.${index}`, rule] as const),
  )
}

function keysOf<K extends string>(record: Partial<Record<K, unknown>>): K[] {
  return Object.keys(record) as K[]
}

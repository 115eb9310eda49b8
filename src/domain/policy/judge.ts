import type { Act } from '../judgement.ts'
import { inPrecedence, type Refusal } from '../refusal.ts'
import type { SubjectState } from '../subject/state.ts'
import { assertNever, type ObligationId, type PurposeKey } from '../values.ts'
import { NOTHING_FOUND, type Case, type Found } from './case.ts'
import type { CompiledForbidden } from './compile.ts'
import { judgeCollect } from './judge-collect.ts'
import { judgeShare } from './judge-share.ts'
import { judgeUse } from './judge-use.ts'
import type { Judged, JudgingContext, Moment } from './judging.ts'
import { listed, refuse } from './refusing.ts'

export { retentionOf } from './compile.ts'
export { judgeConsentChange, judgeObjection } from './judge-choice.ts'
export { lotFor, transientLot } from './lots.ts'

/** S1 is the ledger's own: without a policy there is no document that could state it. */
const POLICY_IN_FORCE = 'S1' as ObligationId

/**
 * Judges one act against the policy in force and what is known of the subject. Pure, and a handful of
 * look-ups whatever the subject's history. It finds every reason against the act, in the precedence of
 * `refusalCodes`; a refusal names the promise and the rule, and what would have to be different, in the
 * words of the policy and never in a personal value.
 *
 * @param subject the person's state; null for an act without a subject (S5, S14)
 */
export function judge(
  act: Act,
  moment: Moment,
  subject: SubjectState | null,
  context: JudgingContext,
): Judged {
  const refusals: Refusal[] = []
  if (subject) judgeSubject(act, moment, subject, refusals)
  const { policy } = context
  if (!policy) {
    const explanation = 'No policy of the controller is in force at that time; publish one first.'
    refusals.push(refuse('policy_not_in_force', { obligation: POLICY_IN_FORCE }, explanation))
    return refused(refusals, NOTHING_FOUND)
  }
  const judged: Case = { act, moment, subject, context, policy, refusals }
  judgeWords(judged)
  const found = judgeAct(judged)
  judgeForbidden(judged, found)
  if (refusals.length > 0 || !found.authority) return refused(refusals, found)
  const { authority, collection, spends } = found
  return { outcome: 'permitted', authority, collection, spends }
}

function refused(refusals: readonly Refusal[], { collection, spends }: Found): Judged {
  return { outcome: 'refused', refusals: distinct(inPrecedence(refusals)), collection, spends }
}

/** Each ground once: the same code, promise and rule say the same thing. */
function distinct(refusals: readonly Refusal[]): Refusal[] {
  const seen = new Set<string>()
  return refusals.filter(({ code, obligation, rule }) => {
    const ground = `${code} ${obligation} ${rule}`
    return !seen.has(ground) && seen.add(ground)
  })
}

function judgeAct(judged: Case): Found {
  const { act } = judged
  switch (act.act) {
    case 'collect':
      return judgeCollect({ ...judged, act })
    case 'use':
      return judgeUse({ ...judged, act })
    case 'share':
      return judgeShare({ ...judged, act })
    default:
      return assertNever(act)
  }
}

function judgeSubject(
  act: Act,
  { at, mode }: Moment,
  subject: SubjectState,
  refusals: Refusal[],
): void {
  switch (subject.status) {
    case 'active':
      return
    case 'unknown':
      if (act.act === 'collect') return
      refusals.push(refuse('subject_unknown', {}, 'Nothing was ever collected on this person.'))
      return
    case 'fenced': {
      const fences = [...subject.deletions.values()].filter(({ everything }) => everything)
      const early = mode === 'observe' && fences.every(({ requestedAt }) => at < requestedAt)
      if (early && fences.length > 0) return
      const explanation = 'An erasure of this person is under way; nothing more can be recorded.'
      refusals.push(refuse('subject_fenced', {}, explanation))
      return
    }
    case 'erased': {
      const explanation = 'This person was erased; a new relationship is a new subject.'
      refusals.push(refuse('subject_erased', {}, explanation))
      return
    }
    default:
      assertNever(subject.status)
  }
}

/** The property must be covered, and every word of the act declared by the policy. */
function judgeWords({ act, policy, refusals }: Case): void {
  if (!policy.properties.has(act.property)) {
    const ground = { obligation: policy.source.principles.property }
    const explanation = `The policy covers only ${listed(policy.properties)}, not ${act.property}.`
    refusals.push(refuse('property_not_covered', ground, explanation))
  }
  const unknown: string[] = []
  for (const category of act.categories) {
    if (!policy.categories.has(category)) unknown.push(`category ${category}`)
  }
  for (const purpose of purposesOf(act)) {
    if (!policy.purposes.has(purpose)) unknown.push(`purpose ${purpose}`)
  }
  if (act.act === 'collect') {
    if (!policy.kinds.has(act.kind)) unknown.push(`kind ${act.kind}`)
    if (!policy.channels.has(act.channel)) unknown.push(`channel ${act.channel}`)
  }
  if (unknown.length === 0) return
  const explanation = `The policy of ${policy.version} declares no ${listed(unknown)}.`
  refusals.push(refuse('word_unknown', {}, explanation))
}

/** S15, S24, S25: what no rule can permit, but for the sharing rules that go before it. */
function judgeForbidden(judged: Case, { authority, rule }: Found): void {
  const { act, policy, context, refusals } = judged
  for (const forbidden of policy.forbidden[act.act]) {
    if (authority && rule && forbidden.unless.has(rule)) continue
    if (!forbids(forbidden, act, context.recipient?.recipientClass)) continue
    const { id, obligation, states } = forbidden.rule
    const explanation = states ?? `Rule ${id} forbids it whatever other rules say.`
    refusals.push(refuse('combination_forbidden', { obligation, rule: id }, explanation))
  }
}

function forbids(
  { purposes, recipientClasses, join }: CompiledForbidden,
  act: Act,
  recipientClass: string | undefined,
): boolean {
  if (purposes && !purposesOf(act).some((purpose) => purposes.has(purpose))) return false
  if (recipientClasses && !(recipientClass && recipientClasses.has(recipientClass))) return false
  return join.every((list) => act.categories.some((category) => list.has(category)))
}

function purposesOf(act: Act): readonly PurposeKey[] {
  return act.act === 'collect' ? act.purposes : [act.purpose]
}

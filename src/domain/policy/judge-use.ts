import type { Use } from '../judgement.ts'
import { authorityOf, NOTHING_FOUND, type Case, type Found } from './case.ts'
import type { CompiledPurpose } from './compile.ts'
import { judgeHoldings } from './judge-holdings.ts'
import { judgeAggregate, judgeChoices, judgeKinds } from './judge-purpose.ts'
import { refuse } from './refusing.ts'

/**
 * Judges a use: the purpose must be open to the person (S11), neither objected to (S3) nor without the
 * consent it needs (S4), and compatible with what each category was collected for (S40).
 */
export function judgeUse(judged: Case<Use>): Found {
  const { act, subject, policy, refusals } = judged
  const purpose = policy.purposes.get(act.purpose)
  if (!purpose) return NOTHING_FOUND
  const { declaration } = purpose
  if (declaration.optOutOffered && !act.optOutOffered) {
    const explanation = `Each message for ${purpose.key} must carry an opt-out, and the act must say so.`
    refusals.push(
      refuse('opt_out_not_offered', { obligation: declaration.obligation }, explanation),
    )
  }
  if (declaration.aggregate) {
    judgeAggregate(judged, purpose)
    const authority = authorityOf(policy, purpose, null, [], [declaration.obligation])
    return { ...NOTHING_FOUND, authority }
  }
  const { refusals: closed, consent } = judgeChoices(judged, purpose)
  refusals.push(...closed)
  if (!subject) {
    judgeWithoutSubject(judged, purpose)
    const authority = authorityOf(policy, purpose, null, [], [declaration.obligation])
    return { ...NOTHING_FOUND, authority }
  }
  if (subject.status === 'unknown' || subject.status === 'erased') return NOTHING_FOUND
  judgeKinds(judged, purpose)
  const held = judgeHoldings(judged, purpose, consent, { transient: true, purposes: true })
  const needed = declaration.basis === 'consent' || held.byConsent ? consent : null
  const obligations = [declaration.obligation, held.obligation]
  const rules = held.rule ? [held.rule] : []
  return {
    authority: authorityOf(policy, purpose, needed, rules, obligations),
    rule: held.rule,
    collection: null,
    spends: held.spends,
  }
}

/** S14: what was collected without a subject may be used without one, for what it was collected for. */
export function judgeWithoutSubject(judged: Case, purpose: CompiledPurpose): void {
  const { act, policy, refusals } = judged
  const collected = act.categories.every((category) => {
    const purposes = policy.withoutSubject.get(category)
    return purposes && !purposes.isDisjointFrom(purpose.reach)
  })
  if (collected && act.categories.length > 0) return
  const explanation = `It must say on whom: no rule collects this without a subject for ${purpose.key}.`
  refusals.push(refuse('subject_unknown', {}, explanation))
}

import type { Authority } from '../judgement.ts'
import type { Refusal } from '../refusal.ts'
import { identifyingIn, promiseToKind, type Case } from './case.ts'
import type { CompiledPurpose } from './compile.ts'
import { listed, refuse } from './refusing.ts'
import { accountHasEnded, consentAt, isOneOf, objectionAt } from './standing.ts'

/** Whether a purpose is open to the person, and the consent that stands for it. */
export type Openness = Readonly<{ refusals: readonly Refusal[]; consent: Authority['consent'] }>

/** Whether the person's choices and their account leave a purpose open (S3, S4, S13, S17, S27). */
export function judgeChoices(judged: Case, purpose: CompiledPurpose): Openness {
  const { subject, moment, policy } = judged
  const { key, declaration } = purpose
  const ground = { obligation: declaration.obligation }
  const refusals: Refusal[] = []
  if (subject && declaration.endsWithAccount && accountHasEnded(subject, moment)) {
    const explanation = `${key} ended when the account was closed; it needs an open account.`
    refusals.push(refuse('purpose_not_open', ground, explanation))
  }
  const standing = subject && consentAt(subject, key, moment, policy)
  const consent =
    standing?.status === 'given' ? { purpose: key, revision: standing.revision } : null
  if (declaration.basis === 'consent' && !consent) {
    const status = standing ? `was ${standing.status}` : 'was never given'
    const explanation = `${key} needs the person's consent, and it ${status}.`
    refusals.push(refuse('consent_missing', ground, explanation))
  }
  for (const stopping of subject ? purpose.stoppedBy : []) {
    if (!subject || objectionAt(subject, stopping, moment)?.status !== 'made') continue
    const explanation = `The person objected to ${stopping}, which stops ${key} until it is lifted.`
    refusals.push(refuse('objection_stands', ground, explanation))
  }
  return { refusals, consent }
}

/** S11, S47: whether a purpose is open to the kinds that the person is known as. */
export function judgeKinds(judged: Case, purpose: CompiledPurpose): void {
  const { subject, moment, refusals } = judged
  const { key, kinds, declaration } = purpose
  if (!subject || !kinds || isOneOf(subject, kinds, moment)) return
  const ground = { obligation: promiseToKind(judged) ?? declaration.obligation }
  const explanation = `${key} is open only to ${listed(kinds)}, which this person is not known as.`
  refusals.push(refuse('purpose_not_open', ground, explanation))
}

/** S5: an aggregate says nothing of anybody. */
export function judgeAggregate(judged: Case, purpose: CompiledPurpose): void {
  const { subject, refusals } = judged
  const ground = { obligation: purpose.declaration.obligation }
  const identifying = identifyingIn(judged)
  if (!subject && identifying.length === 0) return
  const explanation =
    identifying.length > 0
      ? `${purpose.key} is for non-identifying figures only; leave out ${listed(identifying)}.`
      : `${purpose.key} is for aggregated figures only; the act must name no person.`
  refusals.push(refuse('identifying_in_aggregate', ground, explanation))
}

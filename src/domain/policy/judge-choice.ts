import type { Refusal } from '../refusal.ts'
import type { SubjectState } from '../subject/state.ts'
import type { PurposeKey, SubjectKind } from '../values.ts'
import type { CompiledPolicy } from './compile.ts'
import type { Moment } from './judging.ts'
import { refuse } from './refusing.ts'
import { consentAt } from './standing.ts'

/**
 * Whether a person may object to a purpose (S3, S27). Null: yes. Where the policy says that it cannot
 * be objected to, the refusal carries the policy's explanation. A person of a kind that the purpose is
 * not open to may always object: nothing is done to them for it anyway.
 */
export function judgeObjection(
  purpose: PurposeKey,
  kinds: Iterable<SubjectKind>,
  policy: CompiledPolicy,
): Refusal | null {
  const compiled = policy.purposes.get(purpose)
  if (!compiled) return unknownPurpose(purpose, policy)
  const { declaration } = compiled
  if (declaration.objection === 'allowed') return null
  const own = [...kinds]
  if (compiled.kinds && own.length > 0 && !own.some((kind) => compiled.kinds?.has(kind))) {
    return null
  }
  const ground = { obligation: declaration.obligation }
  const explanation =
    declaration.explanation ?? `The policy does not let people object to ${purpose}.`
  return refuse('objection_not_possible', ground, explanation)
}

/** What is being said about a consent. */
export type ConsentChange = 'request' | 'give' | 'refuse' | 'withdraw' | 'expire'

/**
 * Whether a word about consent has a meaning: only a purpose that stands on consent is asked for or
 * given; only a consent that stands is withdrawn or runs out (S4). Null: it has.
 */
export function judgeConsentChange(
  purpose: PurposeKey,
  change: ConsentChange,
  state: SubjectState,
  moment: Moment,
  policy: CompiledPolicy,
): Refusal | null {
  const declaration = policy.purposes.get(purpose)?.declaration
  if (!declaration) return unknownPurpose(purpose, policy)
  const ground = { obligation: declaration.obligation }
  if (change === 'withdraw' || change === 'expire') {
    const status = consentAt(state, purpose, moment, policy)?.status
    const stands = status === 'given' || (change === 'expire' && status === 'expired')
    const explanation = `No consent to ${purpose} stands; there is nothing to ${change}.`
    return stands ? null : refuse('consent_not_given', ground, explanation)
  }
  if (declaration.basis === 'consent') return null
  const explanation = `${purpose} stands on ${declaration.basis}, not on consent.`
  return refuse('consent_not_asked_for', ground, explanation)
}

function unknownPurpose(purpose: PurposeKey, policy: CompiledPolicy): Refusal {
  const explanation = `The policy of ${policy.version} declares no purpose ${purpose}.`
  return refuse('word_unknown', {}, explanation)
}

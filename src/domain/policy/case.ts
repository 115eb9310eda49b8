import type { Act, Authority } from '../judgement.ts'
import type { Refusal } from '../refusal.ts'
import type { SubjectState } from '../subject/state.ts'
import type { CategoryKey, Lot, ObligationId, RuleId } from '../values.ts'
import type { CompiledPolicy, CompiledPurpose } from './compile.ts'
import type { JudgingContext, Moment } from './judging.ts'
import type { CollectionRule } from './schema.ts'

/** One act being judged: the question, and the refusals found so far. */
export type Case<A extends Act = Act> = Readonly<{
  act: A
  moment: Moment
  /** Null: an act without a subject. */
  subject: SubjectState | null
  context: JudgingContext
  policy: CompiledPolicy
  refusals: Refusal[]
}>

/** What judging one sort of act finds beside its refusals. */
export type Found = Readonly<{
  /** Null: there is nothing it could stand on. */
  authority: Authority | null
  /** The rule that a collection or a share comes under. */
  rule: RuleId | null
  collection: CollectionRule | null
  spends: Lot | null
}>

/** Nothing was found: the refusals say why. */
export const NOTHING_FOUND: Found = { authority: null, rule: null, collection: null, spends: null }

/** The categories of the act that name or single out a person. */
export function identifyingIn({ act, policy }: Case): CategoryKey[] {
  return act.categories.filter((category) => policy.identifying.has(category))
}

/**
 * The promise made to the person's kind (S11 to prospects, S22 to chat visitors), where the person is
 * of one kind only and the policy names one.
 */
export function promiseToKind({ subject, policy }: Case): ObligationId | undefined {
  if (subject?.kinds.size !== 1) return undefined
  const [kind] = subject.kinds.keys()
  return kind && policy.kinds.get(kind)?.obligation
}

/** The authority of a permitted act. */
export function authorityOf(
  { version }: CompiledPolicy,
  purpose: CompiledPurpose,
  consent: Authority['consent'],
  rules: readonly RuleId[],
  obligations: readonly (ObligationId | undefined)[],
): Authority {
  return {
    policyVersion: version,
    rules: [...rules],
    obligations: [...new Set(obligations)].filter((obligation) => obligation !== undefined),
    basis: purpose.declaration.basis,
    consent,
  }
}

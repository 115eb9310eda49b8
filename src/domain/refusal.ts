import { z } from 'zod'
import { Line, ObligationId, RuleId } from './values.ts'

/**
 * Why an act is refused. A closed list, in precedence: of several reasons the first in this order is
 * the one answered, so that the same act always gets the same answer. Each code is one HTTP problem.
 */
export const refusalCodes = [
  // who and what is it about
  'subject_unknown', // no such person in this controller's custody
  'subject_erased', // the person was erased; a new relationship is a new subject
  'subject_fenced', // an erasure of the person is under way
  'policy_not_in_force', // S1: no policy of the controller is in force at that time
  'property_not_covered', // S1, S29: the policy does not cover the property
  'word_unknown', // the policy declares no such category, purpose, kind or channel
  // collection
  'combination_forbidden', // S15, S24, S25: a forbidden rule matches
  'identifying_in_aggregate', // S5: identifying data under an aggregate label
  'channel_not_encrypted', // S37: a sensitive category over a channel that is not encrypted
  'collection_not_permitted', // S10: no rule lets this kind give these categories for these purposes
  'not_self_identified', // S11: the person did not identify themselves as one of the kinds
  'voluntary_act_missing', // S46
  'provider_missing', // S33: somebody else's data without saying who gave it
  // use
  'not_held', // the category is not held on the person
  'transient_already_used', // S19, S32: its one use is spent
  'purpose_not_open', // S11, S47: the purpose is not open to this kind of subject, or has ended
  'purpose_incompatible', // S40: not compatible with the purposes of the collection
  'consent_missing', // S4, S20: no consent stands
  'objection_stands', // S3, S13, S17: the person has objected
  'opt_out_not_offered', // S13
  // share
  'recipient_unknown', // no such recipient is registered
  'recipient_suspended',
  'sharing_not_permitted', // S6: no rule permits it
  'ground_missing', // S7: needs ground, document and approver
  'contract_missing', // S12, S48: no contract in force that covers the purpose and the categories
  'transfer_missing', // S8: only inside a business transfer being executed
  // consent and objection
  'consent_not_asked_for', // the purpose does not stand on consent
  'consent_not_given', // nothing to withdraw or to expire
  'objection_not_possible', // S27: with the policy's explanation
  'objection_not_made', // nothing to lift
  // account
  'account_already_open',
  'account_not_open',
  // deletion
  'nothing_held', // nothing to delete
  'retention_minimum', // S36, S54: the law asks to keep it until a day
  'on_hold', // S36: a legal hold covers it
  'deletion_unknown',
  // policies, recipients, holds, transfers, requests, access: the life of each
  'already_exists',
  'not_found',
  'version_not_newer', // a policy version must be later than those before it
  'notice_missing', // S43: not announced, or not early enough
  'not_yet_effective', // S43: the effective day has not come
  'wrong_status', // the step is not open in the present status
  'manifest_missing', // S8: a transfer is executed on a manifest
  'people_not_notified', // S9: needs notice, or a recorded override
  'reason_missing', // S23: a denial needs a reason
  'not_verified', // the requester's identity is not verified
] as const

export const RefusalCode = z.enum(refusalCodes)
export type RefusalCode = z.infer<typeof RefusalCode>

/** A refusal is a value: what the rule is, whose promise it keeps, and what would have to be different. */
export const Refusal = z.strictObject({
  code: RefusalCode,
  obligation: ObligationId.nullable(),
  rule: RuleId.nullable(),
  /** One sentence for people; never a personal value. */
  explanation: Line,
})
export type Refusal = z.infer<typeof Refusal>

/** The first of several by precedence; null where there is none. */
export function firstRefusal(refusals: readonly Refusal[]): Refusal | null {
  let first: Refusal | null = null
  for (const refusal of refusals) {
    if (!first || precedence(refusal) < precedence(first)) first = refusal
  }
  return first
}

/** All of them in precedence, each code once. */
export function inPrecedence(refusals: readonly Refusal[]): Refusal[] {
  return [...refusals].sort((a, b) => precedence(a) - precedence(b))
}

function precedence({ code }: Refusal): number {
  return refusalCodes.indexOf(code)
}

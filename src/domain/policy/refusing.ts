import type { Refusal, RefusalCode } from '../refusal.ts'
import type { ObligationId, RuleId } from '../values.ts'

const LONGEST_EXPLANATION = 500
const MOST_LISTED = 5

/** What a refusal stands on; absent where no promise or rule of the policy is behind it. */
export type Ground = { obligation?: ObligationId | undefined; rule?: RuleId | undefined }

/** A refusal, its explanation cut to what an event can hold. */
export function refuse(code: RefusalCode, ground: Ground, explanation: string): Refusal {
  return {
    code,
    obligation: ground.obligation ?? null,
    rule: ground.rule ?? null,
    explanation:
      explanation.length <= LONGEST_EXPLANATION
        ? explanation
        : `${explanation.slice(0, LONGEST_EXPLANATION - 1)}…`,
  }
}

/** The first few of some keys of a policy, for an explanation. */
export function listed(keys: Iterable<string>): string {
  const all = [...keys]
  const shown = all.slice(0, MOST_LISTED).join(', ')
  const more = all.length - MOST_LISTED
  return all.length === 0 ? 'nothing' : more > 0 ? `${shown} and ${more} more` : shown
}

import type { EndpointCommand } from '../endpoint/decider.ts'
import type { CategoryKey, Day, PurposeKey, Reference } from '../values.ts'

/** What can be asked of a recipient's stream. Days are in the controller's time zone. */
export type RecipientCommand =
  | { type: 'RegisterRecipient'; name: string; recipientClass: string; country: string | null }
  | {
      type: 'SignContract'
      reference: Reference
      from: Day
      /** Exclusive; null: open-ended. */
      until: Day | null
      purposes: readonly PurposeKey[]
      categories: readonly CategoryKey[] | 'any'
    }
  | { type: 'EndContract'; reference: Reference; until: Day }
  | { type: 'SuspendRecipient'; reason: string }
  | { type: 'ReinstateRecipient'; reason: string }
  | EndpointCommand

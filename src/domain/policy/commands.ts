import type { Channel, Day } from '../values.ts'
import type { Policy } from './schema.ts'

/** What can be asked of a policy's stream. Days are in the controller's time zone. */
export type PolicyCommand =
  /** `document` is the YAML that `policy` was read from; `digest` its SHA-256 in hexadecimal. */
  | { type: 'PublishPolicy'; policy: Policy; document: string; digest: string }
  | {
      type: 'GivePolicyNotice'
      version: Day
      channel: Channel
      on: Day
      evidence: string | null
    }
  /** `on`: the day on which it is asked. */
  | { type: 'BringPolicyIntoEffect'; version: Day; on: Day }
  | { type: 'RetirePolicy'; version: Day; from: Day; reason: string }

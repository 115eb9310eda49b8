import type { Channel, Day, PurposeKey, Reference, SubjectId } from '../values.ts'
import type { RequestKind } from './events.ts'

/** What can be asked of the stream of a person's request. Days are in the controller's time zone. */
export type RequestCommand =
  | {
      type: 'ReceiveRequest'
      kind: RequestKind
      /** Null: no such person is in custody. */
      subject: SubjectId | null
      channel: Channel
      on: Day
      deadline: Day
      purpose: PurposeKey | null
    }
  | { type: 'VerifyRequest'; method: string; handler: string }
  | {
      type: 'FulfilRequest'
      outcome: string
      handler: string
      deletion: Reference | null
      digest: string | null
    }
  | { type: 'DenyRequest'; reason: string; handler: string; channel: Channel }

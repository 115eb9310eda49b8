import type { HoldGround, HoldScope } from './events.ts'

/** What can be asked of a legal hold's stream. */
export type HoldCommand =
  | { type: 'PlaceHold'; title: string; ground: HoldGround; scope: HoldScope; document: string }
  | { type: 'ReleaseHold'; reason: string }

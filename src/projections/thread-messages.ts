import type { StreamKind } from '../domain/envelope.ts'
import type { LedgerPlace } from '../ledger/place.ts'

/** What the projector's thread is started with. */
export type ThreadStart = Readonly<{ ledger: LedgerPlace; viewsPath: string }>

/** To the thread: something was appended, look now; finish the batch and end. */
export type ToThread = 'nudge' | 'stop'

/**
 * From the thread. `trouble`: it could not go on from `position`, and will try again. `dropped`: it lost its
 * subscription, and has another by now or soon.
 */
export type FromThread =
  | { said: 'ready'; position: number }
  | {
      said: 'advanced'
      position: number
      kinds: readonly StreamKind[]
      events: number
      milliseconds: number
    }
  | { said: 'trouble'; position: number; message: string }
  | { said: 'dropped'; message: string }

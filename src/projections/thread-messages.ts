import type { StreamKind } from '../domain/envelope.ts'

/** What the projector's thread is started with. */
export type ThreadStart = Readonly<{ ledgerPath: string; viewsPath: string }>

/** To the thread: something was appended, look now; finish the batch and end. */
export type ToThread = 'nudge' | 'stop'

/** From the thread. `trouble`: it could not go on from `position`, and will try again. */
export type FromThread =
  | { said: 'ready' | 'advanced'; position: number; kinds: readonly StreamKind[] }
  | { said: 'trouble'; position: number; message: string }

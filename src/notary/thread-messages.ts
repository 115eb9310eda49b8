import type { LedgerPlace } from '../ledger/place.ts'

/** What the notary's thread is started with. */
export type ThreadStart = Readonly<{ ledger: LedgerPlace; notaryPath: string }>

/**
 * What the thread is asked. `reach`: follow the ledger to its end. `settle`: the same, and let the map of
 * heads take account of the first `size` leaves (null: of all) of a controller. `renew`: forget everything
 * and follow anew.
 */
export type Question =
  { ask: 'reach' } | { ask: 'settle'; controller: string; size: number | null } | { ask: 'renew' }

export type ToThread = Readonly<{ number: number; question: Question }> | 'stop'

/** Roots are 32 bytes. */
export type Settled = Readonly<{
  size: number
  root: Uint8Array
  streams: Readonly<{ count: number; root: Uint8Array }>
}>

/** The answers. `settled` is null where the controller has no leaf, or the map is past the size. */
export type FromThread =
  | { said: 'ready' }
  | { said: 'answer'; number: number; settled: Settled | null }
  | { said: 'trouble'; number: number; message: string }

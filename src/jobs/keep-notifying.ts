import { setTimeout as pause } from 'node:timers/promises'
import type { NotifyingResult } from './notifying.ts'

type Keeping = Readonly<{
  /** One run for everybody. */
  run: (signal: AbortSignal) => Promise<readonly NotifyingResult[]>
  /** From the end of a run to the beginning of the next, in milliseconds. */
  everyMs: number
  /** A run that failed is told, and the next one takes up what it left. */
  onError: (error: unknown) => void
  signal: AbortSignal
}>

/** Runs the job again and again until `signal` aborts; resolves when the last run has ended. */
export async function keepNotifying({ run, everyMs, onError, signal }: Keeping): Promise<void> {
  while (!signal.aborted) {
    try {
      await run(signal)
    } catch (error) {
      onError(error)
    }
    await pause(everyMs, null, { signal }).catch(() => {})
  }
}

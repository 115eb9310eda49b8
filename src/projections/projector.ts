import type { DatabaseSync } from 'node:sqlite'
import { streamKinds } from '../domain/envelope.ts'
import type { Position } from '../domain/values.ts'
import type { EventReader, LogRecord } from '../ledger/event-log.ts'
import { createFolding, type Advance } from './folding.ts'

/** A batch as it was folded; no events where another projector was faster. */
export type FoldedPage = Advance & Readonly<{ events: number; milliseconds: number }>

export type ProjectorOptions = Readonly<{
  reader: EventReader
  /** The writing connection, from `openViewsDatabase`. It is the projector's alone. */
  database: DatabaseSync
  /** Most events in one transaction. */
  batch?: number
  /**
   * Awaited after a batch that was not full, before the next is read: what comes in small numbers costs
   * half as much when it is folded together. Left out: no rest.
   */
  rest?: (signal: AbortSignal) => Promise<void>
  onAdvance?: (page: FoldedPage) => void
}>

/**
 * Folds the log into the views. Rows and checkpoint of a batch commit together, and only if the
 * checkpoint is where this projector left it; so killing it at any moment, or running several on one
 * file, neither skips nor repeats an event.
 */
export type Projector = Readonly<{
  position: () => Position
  /** Folds what the log holds, up to `until` (inclusive) where it is given. Answers where it stands. */
  catchUp: (until?: Position) => Promise<Position>
  /** Folds what the log holds and then what is appended, until `signal` aborts. */
  run: (signal: AbortSignal) => Promise<void>
}>

const defaultBatch = 1_000

/** Its calls throw UnreadableEvent, LogUnavailable or a SQLite error; the views stay at the last batch. */
export function createProjector(options: ProjectorOptions): Projector {
  const { reader, database, batch = defaultBatch } = options
  const folding = createFolding(database)

  /** False: another projector was faster, and may have folded events of any kind meanwhile. */
  function fold(from: Position, records: readonly LogRecord[]): boolean {
    const began = performance.now()
    const advance = folding.fold(from, records)
    const milliseconds = performance.now() - began
    options.onAdvance?.({
      ...(advance ?? { position: folding.position(), kinds: new Set(streamKinds) }),
      ...{ events: advance ? records.length : 0, milliseconds },
    })
    return advance !== null
  }

  return {
    position: folding.position,
    async catchUp(until = Infinity as Position) {
      for (;;) {
        const from = folding.position()
        if (from >= until) return from
        const page = await reader.readAll(from, batch)
        const records = page.filter(({ position }) => position <= until)
        if (records.length === 0) return from
        fold(from, records)
      }
    },
    async run(signal) {
      while (!signal.aborted) {
        let from = folding.position()
        for await (const records of reader.follow(from, batch, signal)) {
          if (!fold(from, records)) break
          from = records.at(-1)!.position
          if (records.length < batch && options.rest) await options.rest(signal)
        }
      }
    },
  }
}

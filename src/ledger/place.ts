import type { EventLog, EventReader, LogUnavailable } from './event-log.ts'
import { openSqliteEventLog } from './sqlite/event-log.ts'
import { openSqliteEventReader } from './sqlite/event-reader.ts'

/**
 * Where the ledger is, as plain data: a thread that reads on its own is told it and opens it for itself.
 * `namespace` goes before the names of the streams, where ledgers share a cluster.
 */
export type LedgerPlace = Readonly<
  | { store: 'sqlite'; file: string }
  | { store: 'eventstore'; connectionString: string; namespace: string }
>

/** A name that is the same for every node on this log, and another for a log with other positions. */
export function nameOf(place: LedgerPlace): string {
  return place.store === 'sqlite' ? 'sqlite' : `eventstore/${place.namespace}`
}

/** Reads; `wake` lets who follows look at once. */
export type LedgerReader = EventReader & Readonly<{ wake: () => void }>

export type PlaceEvents = Readonly<{
  /** Nothing can be trusted after a failed sync of an embedded ledger: the process should stop. */
  onFatal?: (error: LogUnavailable) => void
  /** A subscription was lost and is made anew. */
  onDropped?: (reason: string) => void
}>

/** What the executor tries again by itself is tried this long each time: some seconds for a change of leader. */
const patienceMs = 5_000

/** @throws Error saying what could not be opened, and why */
export async function openLedger(place: LedgerPlace, on: PlaceEvents = {}): Promise<EventLog> {
  if (place.store === 'eventstore') return openEventStore(place, on)
  return openSqliteEventLog({ path: place.file, ...(on.onFatal ? { onFatal: on.onFatal } : {}) })
}

/** For those that only read, on the calling thread. @throws Error as `openLedger` */
export async function openLedgerReader(
  place: LedgerPlace,
  on: PlaceEvents = {},
): Promise<LedgerReader> {
  if (place.store === 'sqlite') return openSqliteEventReader(place.file)
  const log = await openEventStore(place, on)
  return {
    readStream: (...asked) => log.readStream(...asked),
    readAll: (...asked) => log.readAll(...asked),
    readAt: (positions) => log.readAt(positions),
    head: () => log.head(),
    follow: (...asked) => log.follow(...asked),
    close: () => log.close(),
    // The server tells by itself.
    wake: () => {},
  }
}

async function openEventStore(
  { connectionString, namespace }: Extract<LedgerPlace, { store: 'eventstore' }>,
  { onDropped }: PlaceEvents,
): Promise<EventLog> {
  // Its driver takes longer to load than an embedded ledger to open.
  const { openEventStoreLog } = await import('./eventstore/event-log.ts')
  return openEventStoreLog({
    ...{ connectionString, namespace, patienceMs },
    ...(onDropped ? { onDropped } : {}),
  })
}

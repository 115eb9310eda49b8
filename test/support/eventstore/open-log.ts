import {
  openEventStoreLog,
  type EventStoreLogOptions,
} from '../../../src/ledger/eventstore/event-log.ts'
import { realPace } from '../../../src/ledger/eventstore/pace.ts'
import type { EventLog } from '../../../src/ledger/event-log.ts'
import type { StandIn } from './stand-in.ts'

/** A log on the stand-in that is in a hurry, so that what goes wrong is known soon. */
export function openHastily(
  { connectionString }: Pick<StandIn, 'connectionString'>,
  more: Partial<EventStoreLogOptions> = {},
): EventLog {
  return openEventStoreLog({
    connectionString,
    deadlineMs: 1_000,
    patienceMs: 10_000,
    silenceMs: 150,
    pace: {
      wait: (milliseconds, signal) => realPace.wait(Math.min(milliseconds, 100), signal),
      random: Math.random,
    },
    ...more,
  })
}

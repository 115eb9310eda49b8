import { binaryEvent, EventStoreDBClient, NO_STREAM as NEW_STREAM } from '@eventstore/db-client'
import { streamName, type StreamName } from '../src/domain/envelope.ts'
import { ControllerId } from '../src/domain/values.ts'
import { openEventStoreLog } from '../src/ledger/eventstore/event-log.ts'
import { NO_STREAM, type EventLog, type NewRecord } from '../src/ledger/event-log.ts'
import { StandIn } from '../test/support/eventstore/stand-in.ts'
import { records } from '../test/support/log-records.ts'
import { measure, median, rounded, summary, type Measured } from './rounds.ts'

const appends = 2_000
const atOnce = 64
const several = 5
const controller = ControllerId.parse('bench')

type Append = (stream: StreamName, given: readonly NewRecord[]) => Promise<unknown>

/**
 * ES: what our event log adds to the driver of EventStoreDB. Appends of one event, each to a new stream, 64 on
 * their way, through `EventStoreDbLog` and by the driver's call that it stands on (the unary one, which has a
 * deadline and shares nothing); both against the stand-in. Also told: the ratio for appends of five events, of
 * which we read back the positions, and the ratio to the driver's default, one batch stream shared by all.
 */
export async function eventStore(): Promise<Measured> {
  const standIn = await StandIn.start()
  const { connectionString } = standIn
  const log = openEventStoreLog({ connectionString })
  const client = EventStoreDBClient.connectionString(connectionString)
  try {
    const ways = waysOf(log, client)
    for (const way of Object.values(ways)) await rateOf(way, 1, `warm-${crypto.randomUUID()}`)
    const rounds = await measure('ES', async (index) => {
      const turn = async (way: keyof typeof ways, count: number) => {
        const rate = await rateOf(ways[way], count, `${way}-${count}-${index}`)
        await standIn.tell({ kind: 'reset' })
        return rate
      }
      // Who goes first changes with each round.
      const first = index % 2 === 0 ? await turn('ours', 1) : 0
      const limit = await turn('unary', 1)
      const ours = first || (await turn('ours', 1))
      const shared = await turn('shared', 1)
      const oursOfSeveral = await turn('ours', several)
      const limitOfSeveral = await turn('unary', several)
      return { ours, limit, toShared: ours / shared, ofSeveral: oursOfSeveral / limitOfSeveral }
    })
    const middle = (figure: 'toShared' | 'ofSeveral') =>
      rounded(median(rounds.counted.map((round) => round[figure])))
    return {
      ...summary('appends/s', rounds),
      ratioOfSeveral: middle('ofSeveral'),
      ratioToShared: middle('toShared'),
    }
  } finally {
    await log.close()
    await client.dispose()
    await standIn.kill()
  }
}

function waysOf(log: EventLog, client: EventStoreDBClient) {
  const eventsOf = (given: readonly NewRecord[]) =>
    given.map(({ id, type, body }) => binaryEvent({ id, type, data: Buffer.from(body) }))
  const credentials = { username: 'bench', password: '' }
  return {
    ours: (stream, given) => log.append(stream, NO_STREAM, given),
    unary: (stream, given) =>
      client.appendToStream(stream, eventsOf(given), { expectedRevision: NEW_STREAM, credentials }),
    shared: (stream, given) =>
      client.appendToStream(stream, eventsOf(given), { expectedRevision: NEW_STREAM }),
  } satisfies Record<string, Append>
}

/** Appends a second. */
async function rateOf(append: Append, count: number, name: string): Promise<number> {
  const given = Array.from({ length: appends }, () => records(count, 'x'.repeat(400)))
  let next = 0
  const worker = async () => {
    for (let at = next++; at < appends; at = next++) {
      await append(streamName('subject', controller, `${name}-${at}`), given[at]!)
    }
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: atOnce }, worker))
  return appends / ((performance.now() - began) / 1000)
}

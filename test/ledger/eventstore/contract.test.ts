import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe } from 'vitest'
import { openEventStoreLog } from '../../../src/ledger/eventstore/event-log.ts'
import { eventLogContract } from '../../contracts/event-log.ts'
import { StandIn } from '../../support/eventstore/stand-in.ts'

const cluster = process.env['CUSTODY_TEST_EVENTSTORE']

describe('a stand-in for EventStoreDB', () => {
  let standIn: StandIn
  beforeAll(async () => {
    standIn = await StandIn.start()
  })
  afterAll(() => standIn.kill())

  eventLogContract('EventStoreDB (the stand-in)', async () => {
    await standIn.tell({ kind: 'reset' })
    // The server's own events come first, as in every cluster.
    await standIn.tell({ kind: 'foreign', count: 40, stream: '$stats-127.0.0.1:2113' })
    const { connectionString } = standIn
    const log = openEventStoreLog({ connectionString })
    return {
      log,
      openAnother: async () => openEventStoreLog({ connectionString }),
      dispose: () => log.close(),
    }
  })
})

describe.skipIf(cluster === undefined)(
  `the cluster of CUSTODY_TEST_EVENTSTORE (${cluster === undefined ? 'skipped: it names none' : 'given'})`,
  () => {
    eventLogContract('EventStoreDB (a cluster)', async () => {
      const options = {
        connectionString: cluster ?? '',
        // Nothing can be taken out of a cluster again: each test has its own streams.
        namespace: randomUUID().replaceAll('-', ''),
      }
      const log = openEventStoreLog(options)
      return {
        log,
        openAnother: async () => openEventStoreLog(options),
        dispose: () => log.close(),
      }
    })
  },
)

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Instant, Revision } from '../../../src/domain/values.ts'
import { decode } from '../../../src/ledger/codec.ts'
import { newEventId } from '../../../src/ledger/event-id.ts'
import type { EventLog } from '../../../src/ledger/event-log.ts'
import { createExecutor } from '../../../src/ledger/execute.ts'
import { openHastily } from '../../support/eventstore/open-log.ts'
import { StandIn } from '../../support/eventstore/stand-in.ts'
import { ask, journal, journalDecider } from '../../support/journal-decider.ts'

let standIn: StandIn
let logs: EventLog[]
beforeAll(async () => {
  standIn = await StandIn.start()
})
afterAll(() => standIn.kill())
beforeEach(async () => {
  await standIn.tell({ kind: 'reset' })
  logs = [openHastily(standIn), openHastily(standIn)]
})
afterEach(() => Promise.all(logs.map((log) => log.close())))

const executors = () =>
  logs.map((log) =>
    createExecutor({ log, now: () => '2026-01-01T12:00:00.000Z' as Instant, newId: newEventId }),
  )

describe('two nodes that execute commands on one stream', () => {
  it('decide each on what is there, however they meet', async () => {
    const nodes = executors()
    const rounds = 40
    await Promise.all(
      nodes.map(async (node) => {
        for (let round = 0; round < rounds; round += 1) {
          await node.execute(ask(journal('shared'), { type: 'Count' }))
        }
      }),
    )
    for (const node of nodes) {
      const entries = await node.load(journal('shared'), journalDecider, ({ state }) => [
        ...state.entries,
      ])
      expect(entries).toEqual(Array.from({ length: 2 * rounds }, (_, at) => String(at)))
    }
  })

  it('do it once and answer the same when both are given the same command by its key', async () => {
    const answers = await Promise.all(
      executors().map((node) =>
        node.execute(ask(journal('once'), { type: 'Add', entries: ['a', 'b'] }, { key: 'k' })),
      ),
    )
    const positions = answers.map((answer) => 'position' in answer && answer.position)
    expect(positions[0]).toBe(positions[1])
    const [log] = logs
    const stored = await log!.readStream(journal('once'), 0 as Revision, 10)
    expect(stored.map(decode)).toHaveLength(2)
  })

  it('keep what they decided while the connection is cut', async () => {
    await standIn.set({ dropsBeforeCommit: 3, dropsAfterCommit: 3 })
    const nodes = executors()
    await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        nodes[at % 2]!.execute(ask(journal(at % 4), { type: 'Count' })),
      ),
    )
    for (let name = 0; name < 4; name += 1) {
      const entries = await nodes[0]!.load(journal(name), journalDecider, ({ state }) => [
        ...state.entries,
      ])
      expect(entries).toEqual(Array.from({ length: 10 }, (_, at) => String(at)))
    }
  })
})

import { beforeEach, describe, expect, it } from 'vitest'
import type { Sealed } from '../../src/domain/envelope.ts'
import { START, type Instant, type Revision } from '../../src/domain/values.ts'
import { decode } from '../../src/ledger/codec.ts'
import { newEventId } from '../../src/ledger/event-id.ts'
import { LogUnavailable, type EventLog } from '../../src/ledger/event-log.ts'
import { createExecutor } from '../../src/ledger/execute.ts'
import type { Executor } from '../../src/ledger/execute-types.ts'
import { ask, journal, journalDecider } from '../support/journal-decider.ts'
import { MemoryEventLog } from '../support/memory-log.ts'

/** A real log on which appends and reads are counted, and can be made to go wrong. */
class WatchedLog extends MemoryEventLog {
  appends = 0
  reads = 0
  beforeAppend: () => Promise<unknown> = () => Promise.resolve()
  afterAppend: () => void = () => {}
  override async append(...given: Parameters<EventLog['append']>) {
    this.appends += 1
    await this.beforeAppend()
    const answer = await super.append(...given)
    this.afterAppend()
    return answer
  }
  override readStream(...given: Parameters<EventLog['readStream']>) {
    this.reads += 1
    return super.readStream(...given)
  }
}

let log: WatchedLog
let clock: string
let executor: Executor
const start = () =>
  createExecutor({ log, now: () => clock as Instant, newId: newEventId, cacheWeight: 100_000 })
beforeEach(() => {
  log = new WatchedLog()
  clock = '2026-01-01T12:00:00.000Z'
  executor = start()
})

async function entries(of: Executor, name: string): Promise<readonly string[]> {
  return of.load(journal(name), journalDecider, ({ state }) => [...state.entries])
}

async function stored(name: string) {
  return (await log.readStream(journal(name), 0 as Revision, 10_000)).map(decode)
}

describe('executing a command', () => {
  it('records what was decided and answers where it stands', async () => {
    const answer = await executor.execute(
      ask(journal('a'), { type: 'Add', entries: ['one', 'two'] }, { key: 'k' }),
    )
    const events = await stored('a')
    expect(answer).toMatchObject({
      outcome: 'recorded',
      stream: journal('a'),
      revision: 1,
      position: events[1]?.position,
      repeated: false,
      written: [{ data: { reason: 'one' } }, { data: { reason: 'two' } }],
    })
    expect('events' in answer && answer.events).toEqual(
      events.map(({ id, type, revision, position }) => ({ id, type, revision, position })),
    )
    expect(events[0]).toMatchObject({
      controller: 'symphony-commerce',
      principal: 'job:test',
      correlation: 'a-conversation',
      causation: null,
      policyVersion: '2014-06-30',
      occurredAt: clock,
      recordedAt: clock,
      operation: { key: 'k', body: 'body' },
      sealed: [],
    })
  })

  it('answers a refusal, and records the attempt', async () => {
    const answer = await executor.execute(ask(journal('a'), { type: 'Refuse' }))
    expect(answer).toMatchObject({ outcome: 'refused', refusals: [{ code: 'wrong_status' }] })
    expect((await stored('a'))[0]).toMatchObject({ type: 'RecipientStepRefused' })
  })

  it('answers where the stream stands when nothing was to do', async () => {
    const none = await executor.execute(ask(journal('none'), { type: 'Add', entries: [] }))
    expect(none).toMatchObject({ outcome: 'recorded', events: [], revision: -1, position: START })
    const first = await executor.execute(ask(journal('a'), { type: 'AddOnce', entry: 'x' }))
    const second = await executor.execute(ask(journal('a'), { type: 'AddOnce', entry: 'x' }))
    expect(second).toMatchObject({
      outcome: 'recorded',
      events: [],
      revision: 0,
      position: 'position' in first ? first.position : null,
    })
  })

  it('keeps the time that the source gave beside the time of the record', async () => {
    const occurredAt = '2014-07-01T00:00:00.000Z' as Instant
    await executor.execute(ask(journal('a'), { type: 'Add', entries: ['x'] }, { occurredAt }))
    expect((await stored('a'))[0]).toMatchObject({ occurredAt, recordedAt: clock })
  })

  it('never records a moment before the one recorded last, whatever the clock does', async () => {
    await executor.execute(ask(journal('a'), { type: 'Count' }))
    clock = '2025-12-31T00:00:00.000Z'
    await executor.execute(ask(journal('a'), { type: 'Count' }))
    await executor.execute(ask(journal('b'), { type: 'Count' }))
    await start().execute(ask(journal('a'), { type: 'Count' }))
    const recorded = (await log.readAll(START, 10)).map((record) => decode(record).recordedAt)
    expect(new Set(recorded)).toEqual(new Set(['2026-01-01T12:00:00.000Z']))
  })

  it('seals the values of each event under its id, before it is stored', async () => {
    const sealed = (name: string): Sealed[] => [
      { category: 'user.name', lot: 'a-lot', key: name, box: 'AAAA' } as Sealed,
    ]
    const at: string[] = []
    const now = ask(
      journal('a'),
      { type: 'Add', entries: ['x', 'y'] },
      {
        seal: (event, id) => {
          at.push(id)
          return sealed(event.type === 'RecipientSuspended' ? event.data.reason : '')
        },
      },
    )
    const later = ask(
      journal('a'),
      { type: 'Add', entries: ['z'] },
      { seal: async () => sealed('later') },
    )
    await executor.executeMany([now, later])
    const events = await stored('a')
    expect(events.map((event) => event.sealed[0]?.key)).toEqual(['x', 'y', 'later'])
    expect(at).toEqual(events.slice(0, 2).map(({ id }) => id))
  })
})

describe('many commands', () => {
  it('on one stream are decided in order and appended together', async () => {
    const asks = Array.from({ length: 10 }, () => ask(journal('a'), { type: 'Count' }))
    const answers = await Promise.all(asks.map((one) => executor.execute(one)))
    expect(log.appends).toBe(1)
    expect(await entries(executor, 'a')).toEqual(Array.from({ length: 10 }, (_, i) => String(i)))
    const events = await stored('a')
    expect(answers.map((answer) => 'position' in answer && answer.position)).toEqual(
      events.map(({ position }) => position),
    )
  })

  it('that come while an append is under way go into the next one', async () => {
    const counts = (many: number) =>
      Array.from({ length: many }, () => executor.execute(ask(journal('a'), { type: 'Count' })))
    const first = counts(1)
    await new Promise((resolve) => {
      log.beforeAppend = () => new Promise((go) => setTimeout(go, 5))
      setTimeout(resolve, 1)
    })
    await Promise.all([...first, ...counts(20)])
    expect(log.appends).toBeLessThanOrEqual(3)
    expect(await entries(executor, 'a')).toEqual(Array.from({ length: 21 }, (_, i) => String(i)))
  })

  it('on many streams are answered in the order of the asks', async () => {
    const asks = Array.from({ length: 60 }, (_, index) =>
      ask(journal(index % 7), { type: 'Add', entries: [String(index)] }),
    )
    const answers = await executor.executeMany(asks)
    expect(log.appends).toBe(7)
    expect(
      answers.map((answer) => 'written' in answer && (answer.written[0]?.data as object)),
    ).toEqual(asks.map((_, index) => ({ reason: String(index) })))
  })

  it('are not hurt by one that cannot be decided, sealed or written', async () => {
    const good = (name: string) => ask(journal('a'), { type: 'Add', entries: [name] })
    const cannotSeal = ask(
      journal('a'),
      { type: 'Count' },
      {
        seal: () => {
          throw new Error('sealing failed')
        },
      },
    )
    const settled = await Promise.allSettled(
      [
        good('1'),
        ask(journal('a'), { type: 'Fail' }),
        good('2'),
        cannotSeal,
        good('3'),
        ask(journal('a'), { type: 'Break' }),
        good('4'),
      ].map((one) => executor.execute(one)),
    )
    expect(settled.map((one) => one.status === 'rejected' && String(one.reason))).toEqual([
      false,
      'Error: the decider failed',
      false,
      'Error: sealing failed',
      false,
      expect.stringMatching(/couldn't write RecipientSuspended .*: data\.reason/),
      false,
    ])
    expect(await entries(executor, 'a')).toEqual(['1', '2', '3', '4'])
    expect(await entries(start(), 'a')).toEqual(['1', '2', '3', '4'])
  })

  it('through executeMany fail as one after all have come to their end', async () => {
    const asks = [ask(journal('a'), { type: 'Fail' }), ask(journal('b'), { type: 'Count' })]
    await expect(executor.executeMany(asks)).rejects.toThrow('the decider failed')
    expect(await entries(executor, 'b')).toEqual(['0'])
  })
})

describe('other writers', () => {
  it('lead to a new decision on the state they left', async () => {
    const other = start()
    for (const one of [executor, other, executor, other, executor]) {
      await one.execute(ask(journal('a'), { type: 'Count' }))
    }
    expect(await entries(executor, 'a')).toEqual(['0', '1', '2', '3', '4'])
  })

  it('lose nothing to each other under load', async () => {
    const executors = [start(), start(), start()]
    await Promise.all(
      executors.flatMap((one) =>
        Array.from({ length: 30 }, async (_, index) => {
          await new Promise((resolve) => setTimeout(resolve, index % 5))
          await one.execute(ask(journal('a'), { type: 'Count' }))
        }),
      ),
    )
    const counted = await entries(executor, 'a')
    expect(counted).toEqual(Array.from({ length: 90 }, (_, i) => String(i)))
  })

  it('are noticed before it is said that nothing is to do', async () => {
    await executor.execute(ask(journal('a'), { type: 'AddOnce', entry: 'x' }))
    await start().execute(ask(journal('a'), { type: 'Add', entries: ['y'] }))
    const answer = await executor.execute(ask(journal('a'), { type: 'AddOnce', entry: 'x' }))
    expect(answer).toMatchObject({ events: [], revision: 1 })
  })

  it('that a sealing failed on account of are caught up with, and it is tried again', async () => {
    await executor.execute(ask(journal('a'), { type: 'Count' }))
    await start().execute(ask(journal('a'), { type: 'Count' }))
    let tries = 0
    const seal = () => {
      tries += 1
      if (tries === 1) throw new Error('fenced')
      return []
    }
    await executor.execute(ask(journal('a'), { type: 'Count' }, { seal }))
    expect(await entries(executor, 'a')).toEqual(['0', '1', '2'])
  })

  it('that are always faster end in Contended', async () => {
    const other = start()
    let overtaking = false
    log.beforeAppend = async () => {
      if (overtaking) return
      overtaking = true
      await other.execute(ask(journal('a'), { type: 'Count' }))
      overtaking = false
    }
    await expect(executor.execute(ask(journal('a'), { type: 'Count' }))).rejects.toThrow(
      /couldn't append .* conflicts/,
    )
  })
})

describe('operations', () => {
  const add = (key: string, body = 'body', name = 'x') =>
    ask(journal('a'), { type: 'Add', entries: [name, `${name}2`] }, { key, body })

  it('that are repeated get the first answer and write nothing', async () => {
    const first = await executor.execute(add('k'))
    await executor.execute(ask(journal('a'), { type: 'Count' }))
    const again = await executor.execute(add('k', 'body', 'another'))
    expect(again).toMatchObject({ ...first, repeated: true, written: expect.anything() })
    expect(await entries(executor, 'a')).toEqual(['x', 'x2', '2'])
  })

  it('are known to a new process and beside each other in one batch', async () => {
    const [first, second] = await executor.executeMany([add('k'), add('k'), add('l')])
    expect(second).toMatchObject({ ...first, repeated: true, written: expect.anything() })
    const later = await start().execute(add('k'))
    expect(later).toMatchObject({ ...first, repeated: true, written: expect.anything() })
    expect(await stored('a')).toHaveLength(4)
  })

  it('that were refused are refused again in the same words', async () => {
    const refuse = ask(journal('a'), { type: 'Refuse' }, { key: 'k' })
    const first = await executor.execute(refuse)
    const again = await start().execute(refuse)
    expect(first).toMatchObject({ outcome: 'refused', repeated: false })
    expect(again).toMatchObject({ ...first, repeated: true, written: expect.anything() })
  })

  it('with the key of another body are told so, and nothing is recorded', async () => {
    await executor.execute(add('k'))
    expect(await executor.execute(add('k', 'other'))).toEqual({ outcome: 'key_reused' })
    expect(await start().execute(add('k', 'other'))).toEqual({ outcome: 'key_reused' })
    const [, batched] = await executor.executeMany([add('m'), add('m', 'other')])
    expect(batched).toEqual({ outcome: 'key_reused' })
    expect(await stored('a')).toHaveLength(4)
  })

  it('are remembered a thousand for each stream', async () => {
    const asks = Array.from({ length: 1001 }, (_, index) =>
      ask(journal('a'), { type: 'Add', entries: [String(index)] }, { key: `k${index}` }),
    )
    await executor.executeMany(asks)
    const [forgotten, known] = [asks[0], asks[1]]
    expect(await executor.execute(known!)).toMatchObject({ repeated: true, revision: 1 })
    expect(await executor.execute(forgotten!)).toMatchObject({ repeated: false, revision: 1001 })
  })
})

describe('a log that is not available', () => {
  it('is asked again with the same ids, so that nothing is recorded twice', async () => {
    let lost = 1
    log.afterAppend = () => {
      if (lost-- > 0) throw new LogUnavailable('the answer was lost')
    }
    const answer = await executor.execute(ask(journal('a'), { type: 'Count' }))
    expect(answer).toMatchObject({ outcome: 'recorded', revision: 0 })
    expect(await entries(start(), 'a')).toEqual(['0'])
  })

  it('ends in LogUnavailable, and the state is read anew afterwards', async () => {
    await executor.execute(ask(journal('a'), { type: 'Count' }))
    log.afterAppend = () => {
      throw new LogUnavailable('the answer was lost')
    }
    const both = [1, 2].map(() => executor.execute(ask(journal('a'), { type: 'Count' })))
    for (const one of await Promise.allSettled(both)) {
      expect(one).toMatchObject({ status: 'rejected', reason: { name: 'LogUnavailable' } })
    }
    log.afterAppend = () => {}
    await executor.execute(ask(journal('a'), { type: 'Count' }))
    expect(await entries(executor, 'a')).toEqual(['0', '1', '2', '3'])
  })
})

describe('remembered states', () => {
  it('spare reading the stream again', async () => {
    await executor.execute(ask(journal('a'), { type: 'Count' }))
    const { reads } = log
    for (let index = 0; index < 5; index += 1) {
      await executor.execute(ask(journal('a'), { type: 'Count' }))
    }
    expect(log.reads).toBe(reads)
  })

  it('are kept after a conflict: only what is new is read', async () => {
    await executor.execute(
      ask(journal('a'), { type: 'Add', entries: Array.from({ length: 1200 }, () => 'x') }),
    )
    await start().execute(ask(journal('a'), { type: 'Count' }))
    const { reads } = log
    await executor.execute(ask(journal('a'), { type: 'Count' }))
    expect(log.reads).toBe(reads + 1)
  })

  it('are read in pages where the stream is long', async () => {
    const many = Array.from({ length: 1201 }, (_, index) => `entry ${index}`)
    await executor.execute(ask(journal('a'), { type: 'Add', entries: many }))
    const { reads } = log
    expect(await entries(start(), 'a')).toEqual(many)
    expect(log.reads).toBe(reads + 3)
  })

  it('are handed out in turn with the commands, as of the last that was recorded', async () => {
    const seen: (readonly [number, number])[] = []
    const look = () =>
      executor.load(journal('a'), journalDecider, ({ state, revision }) =>
        seen.push([state.entries.length, revision]),
      )
    await Promise.all([
      look(),
      executor.execute(ask(journal('a'), { type: 'Count' })),
      look(),
      executor.execute(ask(journal('a'), { type: 'Count' })),
      look(),
    ])
    expect(seen).toEqual([
      [0, -1],
      [1, 0],
      [2, 1],
    ])
  })
})

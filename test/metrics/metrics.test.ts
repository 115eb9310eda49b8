import { describe, expect, it } from 'vitest'
import { streamName } from '../../src/domain/envelope.ts'
import { ControllerId, type EventId, type Revision } from '../../src/domain/values.ts'
import { LogUnavailable, NO_STREAM, type EventLog } from '../../src/ledger/event-log.ts'
import { createMetrics, type Readings } from '../../src/metrics/metrics.ts'
import { MemoryEventLog } from '../support/memory-log.ts'

const controller = ControllerId.parse('symphony-commerce')
const stream = streamName('hold', controller, 'matter-1')
const record = (number: number) => ({
  id: `01890000-0000-7000-8000-${String(number).padStart(12, '0')}` as EventId,
  type: 'HoldPlaced',
  body: '{}',
})
const readings: Readings = {
  controller,
  stores: [
    { store: 'ledger', answers: true, seconds: 0.004 },
    { store: 'vault', answers: false, seconds: 2 },
  ],
  projection: { lagEvents: 3, lagSeconds: 1.5 },
  checkpointAgeSeconds: null,
  eventsSigned: 0,
  deletions: { requested: 1, deferred: 2 },
  notifications: { outstanding: 4, abandoned: 5, oldestSeconds: 60 },
  residues: 6,
  refusals: [{ code: 'objection_stands', outcome: 'refused', events: 7 }],
}

describe('metrics', () => {
  it('count the appends of a log by what became of them, and time some', async () => {
    const metrics = createMetrics()
    const log = metrics.observe(new MemoryEventLog())
    await log.append(stream, NO_STREAM, [record(1)])
    await log.append(stream, 0 as Revision, [record(2)])
    expect(await log.append(stream, NO_STREAM, [record(3)])).toMatchObject({ status: 'conflict' })
    const text = await metrics.text(readings)
    expect(text).toContain('custody_appends_total{outcome="appended"} 2')
    expect(text).toContain('custody_appends_total{outcome="conflict"} 1')
    expect(text).toContain('custody_append_seconds_count 3')
  })

  it('count a log that fails, and leave its error alone', async () => {
    const metrics = createMetrics()
    const broken: EventLog = Object.assign(new MemoryEventLog(), {
      append: () => Promise.reject(new LogUnavailable('the disk is full')),
    })
    const log = metrics.observe(broken)
    await expect(log.append(stream, NO_STREAM, [record(1)])).rejects.toThrow('the disk is full')
    expect(await metrics.text(readings)).toContain('custody_appends_total{outcome="failed"} 1')
  })

  it('leave everything else of the log as it is', async () => {
    const log = createMetrics().observe(new MemoryEventLog())
    await log.append(stream, NO_STREAM, [record(1)])
    const [found] = await log.readAll(0 as never, 10)
    expect(found).toMatchObject(record(1))
    expect(await log.readStream(stream, 0 as Revision, 10)).toEqual([found])
    expect(await log.readAt([found!.position])).toEqual([found])
    expect(await log.head()).toBe(found!.position)
    await log.close()
  })

  it('tell the readings of the controller, and nothing where there is nothing to tell', async () => {
    const metrics = createMetrics()
    const text = await metrics.text(readings)
    const of = `{controller="${controller}"}`
    expect(text).toContain('custody_projection_lag_events 3')
    expect(text).toContain('custody_projection_lag_seconds 1.5')
    expect(text).toContain(`custody_deletions_requested${of} 1`)
    expect(text).toContain(`custody_deletions_deferred${of} 2`)
    expect(text).toContain(`custody_notifications_outstanding${of} 4`)
    expect(text).toContain(`custody_notifications_abandoned${of} 5`)
    expect(text).toContain(`custody_notifications_oldest_seconds${of} 60`)
    expect(text).toContain(`custody_residues${of} 6`)
    expect(text).toContain(
      `custody_refusals{controller="${controller}",code="objection_stands",outcome="refused"} 7`,
    )
    expect(text).not.toContain('custody_checkpoint_age_seconds')
    expect(text).toContain('custody_store_answers{store="ledger"} 1')
    expect(text).toContain('custody_store_answers{store="vault"} 0')
    expect(text).toContain('custody_store_answer_seconds{store="vault"} 2')
    const signed = await metrics.text({ ...readings, checkpointAgeSeconds: 12 })
    expect(signed).toContain(`custody_checkpoint_age_seconds${of} 12`)
  })

  it('say nothing of what nobody answers', async () => {
    const unknown = { ...readings, projection: null, eventsSigned: null }
    const text = await createMetrics().text(unknown)
    expect(text).not.toMatch(/custody_projection_lag|custody_events_signed/)
  })

  it('count what was lost and made anew', async () => {
    const metrics = createMetrics()
    metrics.trouble('subscription')
    metrics.trouble('views')
    metrics.trouble('views')
    metrics.lostSpans(3)
    const text = await metrics.text(readings)
    expect(text).toContain('custody_subscriptions_dropped_total 1')
    expect(text).toContain('custody_projection_failures_total 2')
    expect(text).toContain('custody_spans_lost_total 3')
  })
})

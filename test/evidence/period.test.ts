import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPolicies } from '../../src/application/policies.ts'
import { createRegister } from '../../src/application/register.ts'
import type { Caller } from '../../src/application/services.ts'
import type { ControllerId, Day, Instant, Revision } from '../../src/domain/values.ts'
import { createEvidence, type EvidenceService } from '../../src/evidence/make.ts'
import { verifyEvidence } from '../../src/evidence/verify.ts'
import { encode } from '../../src/ledger/codec.ts'
import { newEventId } from '../../src/ledger/event-id.ts'
import { NO_STREAM } from '../../src/ledger/event-log.ts'
import { createExecutor } from '../../src/ledger/execute.ts'
import type { Bundle } from '../../src/proof/bundle.ts'
import { rootOf } from '../../src/proof/merkle.ts'
import { subtreesBeside } from '../../src/proof/multi-inclusion.ts'
import { parseVerifierKey } from '../../src/proof/note.ts'
import type { PinnedLog } from '../../src/proof/verify-bundle.ts'
import { openViewsDatabase } from '../../src/projections/database.ts'
import { createProjector } from '../../src/projections/projector.ts'
import { openViews } from '../../src/projections/sqlite-views.ts'
import { acme, beta, openDesk, personStream, type Desk } from '../notary/support.ts'
import { sampleFields } from '../support/sample-events.ts'
import { randomFrom, seed as seedOf } from '../support/seed.ts'
import { changed, expectRefused } from './scene.ts'

const seed = seedOf()
const random = randomFrom(seed)
const dayMs = 86_400_000
const start = Date.parse('2016-01-01T00:00:00.000Z')
const events = 300

let desk: Desk
let evidence: EvidenceService
let log: PinnedLog
let close: () => void
/** When each event of the controller was recorded, in order. */
const recorded: string[] = []

const caller = { controller: acme, principal: 'cli:test', correlation: 'c' } as unknown as Caller
const dayAt = (offset: number) => new Date(start + offset * dayMs).toJSON().slice(0, 10) as Day
const period = (from: Day, until: Day) => ({ kind: 'period', from, until }) as const

beforeAll(async () => {
  desk = await openDesk()
  const revisions = new Map<string, number>()
  let clock = start + 2 * dayMs
  for (let told = 0; told < events; told += 1) {
    // Several in one moment, and weeks without any.
    clock += random() < 0.3 ? 0 : Math.floor(random() ** 6 * 20 * dayMs)
    const controller = random() < 0.3 ? beta : acme
    await tell(controller, Math.floor(random() * 8), new Date(clock).toJSON() as Instant, revisions)
    if (controller === acme) recorded.push(new Date(clock).toJSON())
  }
  const path = join(desk.data, 'views.sqlite')
  const database = openViewsDatabase(path)
  const projector = createProjector({ reader: desk.log, database })
  const views = openViews({
    path,
    projector: { waitFor: async () => void (await projector.catchUp()) },
  })
  close = () => {
    views.close()
    database.close()
  }
  const now = () => new Date().toJSON() as Instant
  const executor = createExecutor({ log: desk.log, now, newId: newEventId })
  const policies = createPolicies(executor, createRegister(desk.log, views))
  evidence = createEvidence({
    ...{ notary: desk.notary, log: desk.log, views, now },
    // A period is nobody's, and nothing is opened.
    ...{ services: { policies, subjects: null as never }, disclosing: null as never },
  })
  const { origin, verifierKey } = await desk.notary.identity(acme)
  log = { origin, keys: [parseVerifierKey(verifierKey)!] }
}, 120_000)
afterAll(async () => {
  close()
  await desk.dispose()
})

async function tell(
  controller: ControllerId,
  person: number,
  recordedAt: Instant,
  revisions: Map<string, number>,
) {
  const stream = personStream(controller, person)
  const id = newEventId()
  const fields = { ...sampleFields('DataUsed'), controller, id, recordedAt, policyVersion: null }
  const record = { id, type: 'DataUsed', body: encode(fields) }
  const expected = (revisions.get(stream) ?? NO_STREAM) as Revision
  const appended = await desk.log.append(stream, expected, [record])
  if (appended.status === 'conflict') throw new Error('conflict')
  revisions.set(stream, appended.revision)
}

async function cut(from: Day, until: Day): Promise<string> {
  const made = await evidence.make(caller, period(from, until), [])
  if (!made.ok) throw new Error(made.message)
  return made.text
}

describe(`evidence of any period of a history of a year (seed ${seed})`, () => {
  it('has what was recorded in it, with its neighbours, and verifies', async () => {
    const last = Math.ceil((Date.parse(recorded.at(-1)!) - start) / dayMs)
    for (let round = 0; round < 60; round += 1) {
      const offset = Math.floor(random() * (last + 6)) - 2
      const [from, until] = [dayAt(offset), dayAt(offset + Math.floor(random() ** 3 * 60))]
      const text = await cut(from, until)
      const { range, report, streams } = JSON.parse(text) as Bundle
      const first = recorded.findIndex((at) => at.slice(0, 10) >= from)
      const behind = recorded.findIndex((at) => at.slice(0, 10) > until)
      const [begin, end] = [
        first < 0 ? recorded.length : first,
        behind < 0 ? recorded.length : behind,
      ]
      expect(range, `${from} to ${until}`).toEqual({
        first: Math.max(begin - 1, 0),
        end: Math.min(end + 1, recorded.length),
      })
      expect(JSON.parse(report)).toMatchObject({ figures: { events: end - begin } })
      expect(streams).toEqual([])
      expect(await verifyEvidence(text, log)).toMatchObject({ ok: true })
    }
  }, 120_000)

  it('is refused when a neighbour is left out, though the proof was cut anew', async () => {
    const whole = JSON.parse(await cut(dayAt(-10), dayAt(9_000))) as Bundle
    const leaves = whole.events.map(({ leaf }) => Buffer.from(leaf, 'base64'))
    const [from, until] = [recorded[100]!.slice(0, 10) as Day, recorded[120]!.slice(0, 10) as Day]
    const text = await cut(from, until)
    for (const side of ['first', 'last'] as const) {
      const altered = changed(text, (bundle) => {
        if (side === 'first') bundle.events.shift()
        else bundle.events.pop()
        bundle.range = { first: bundle.events[0]!.index, end: bundle.events.at(-1)!.index + 1 }
        const indexes = bundle.events.map(({ index }) => index)
        bundle.hashes = subtreesBeside(indexes, leaves.length).map(({ start: left, end }) =>
          rootOf(leaves.slice(left, end)).toString('base64'),
        )
      })
      expect(await expectRefused(altered, log)).toMatchObject({
        code: 'not-covered',
        where: '$.range',
      })
    }
  })
})

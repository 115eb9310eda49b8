import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Reference, type Day } from '../../src/domain/values.ts'
import { verifyEvidence } from '../../src/evidence/verify.ts'
import type { Bundle } from '../../src/proof/bundle.ts'
import { formatVerifierKey } from '../../src/proof/note.ts'
import { jsonPieces } from '../../src/reports/json.ts'
import { subjectReport } from '../../src/reports/subject.ts'
import { stranger } from '../api/harness.ts'
import { openStack } from '../support/stack.ts'
import { mail, registration } from '../support/whole-ledger.ts'
import { askRefusals, askTransfer, boxOf, tellStory, type Scene } from './scene.ts'

const custody = fileURLToPath(new URL('../../src/cli/custody.mjs', import.meta.url))
const run = promisify(execFile)

let scene: Scene

beforeAll(async () => {
  scene = await tellStory(await openStack())
  // Of another controller: in the same ledger, and in a log of its own.
  const { custody: opened, caller } = scene.stack
  const step = { token: Reference.parse('theirs'), role: 'officer', label: 'theirs' } as const
  await opened.services.access.issue({ ...caller, controller: stranger }, step)
  await scene.ann.asks(mail('account-contact'))
  await opened.caughtUp()
}, 120_000)
afterAll(() => scene.stack.dispose())

const read = (text: string) => JSON.parse(text) as Bundle
const day = (text: string) => text as Day
const today = () => day(new Date().toJSON().slice(0, 10))

describe('N7: evidence about a person', () => {
  it('has the streams that speak of the person whole, and no event of anybody else', async () => {
    const { text } = await scene.cut(await scene.askAnn())
    const { streams, events, range } = read(text)
    const subject = await scene.ann.subject()
    expect(streams.map(({ stream }) => stream)).toEqual([
      'policy-symphony-commerce/symphony-commerce-privacy',
      'request-symphony-commerce/request-1',
      `subject-symphony-commerce/${subject}`,
    ])
    expect(range).toBeNull()
    expect(new Set(events.map(({ stream }) => stream))).toEqual(
      new Set(streams.map(({ stream }) => stream)),
    )
    expect(text).not.toContain(await scene.ben.subject())
    expect(text).not.toContain('Ann Example')
    expect(await verifyEvidence(text, scene.log)).toMatchObject({ ok: true })
  })

  it('gives the report that the ledger itself gives, but for the positions', async () => {
    const { text } = await scene.cut(await scene.askAnn())
    const { report, question } = read(text)
    const { views } = scene.stack.custody
    const subject = await scene.ann.subject()
    const { zone } = question.parameters
    const parameters = { subject, day: day('2026-01-01'), zone, sense: 'occurred' } as never
    const own = subjectReport(views, scene.stack.caller.controller, views.position(), parameters)
    const withoutPlaces = (json: string) =>
      json.replaceAll(/"(position|knownAt)": [0-9]+/g, '"$1": 0')
    expect(withoutPlaces(report)).toBe(withoutPlaces([...jsonPieces(own)].join('')))
  })

  it('is the same to the byte when nothing was recorded in between', async () => {
    const asked = await scene.askAnn()
    expect((await scene.cut(asked)).text).toBe((await scene.cut(asked)).text)
  })

  it('tells the day as it was known then, where that is asked', async () => {
    const asked = { ...(await scene.askAnn()), sense: 'recorded', day: today() } as never
    const { text } = await scene.cut(asked)
    expect(await verifyEvidence(text, scene.log)).toMatchObject({ ok: true })
    expect(read(text).report).toContain('"sense": "recorded"')
  })

  it('is not there of somebody who is not in custody', async () => {
    const subject = { identifiers: [{ scheme: 'email', value: 'nobody@example.org' } as const] }
    const asked = { kind: 'subject', subject, day: null, sense: 'occurred' } as const
    expect(await scene.make(asked)).toMatchObject({ ok: false, problem: 'subject_unknown' })
  })
})

describe('evidence that rests on the whole history', () => {
  it.each([
    ['a transfer', askTransfer],
    ['refusals and violations', askRefusals],
    [
      'refusals of some days',
      { ...askRefusals, from: day('2015-01-01'), until: day('2015-12-31') },
    ],
    ['promotional mail', { kind: 'audit', report: 'promotional' }],
    ['disclosures', { kind: 'audit', report: 'disclosures' }],
  ] as const)(
    'has every event of the controller and none of another (%s)',
    async (_name, asked) => {
      const made = await scene.cut(asked)
      const { range, hashes, streams, events } = read(made.text)
      expect(range).toEqual({ first: 0, end: made.size })
      expect([hashes, streams]).toEqual([[], []])
      expect(events).toHaveLength(made.size)
      expect(made.text).not.toContain(stranger)
      expect(await verifyEvidence(made.text, scene.log)).toMatchObject({ ok: true })
    },
  )

  it('says what would pass in the transfer', async () => {
    const { report } = read((await scene.cut(askTransfer)).text)
    expect(JSON.parse(report)).toMatchObject({ kind: 'transfer', figures: { subjects: 2 } })
  })

  it('is not there of a controller of which nothing was recorded', async () => {
    const empty = await openStack({ policy: false })
    try {
      const made = await empty.custody.evidence.make(empty.caller, askRefusals, [])
      expect(made).toMatchObject({ ok: false, problem: 'nothing_recorded' })
    } finally {
      await empty.dispose()
    }
  })

  it('is not there of a transfer that nobody has proposed', async () => {
    const asked = { ...askTransfer, transfer: Reference.parse('nothing') } as never
    expect(await scene.make(asked)).toMatchObject({ ok: false, problem: 'no_such_transfer' })
  })
})

describe('evidence of a period', () => {
  const period = (from: string, until: string) =>
    ({ kind: 'period', from: day(from), until: day(until) }) as const

  it('has all that was recorded then, and reaches beyond both edges', async () => {
    const made = await scene.cut(period('2014-01-01', '9000-01-01'))
    expect(read(made.text).range).toEqual({ first: 0, end: made.size })
    const all = JSON.parse(read(made.text).report) as { figures: { events: number } }
    expect(all.figures.events).toBe(made.size)
    expect(await verifyEvidence(made.text, scene.log)).toMatchObject({ ok: true })
  })

  it('proves of a period without events that there are none', async () => {
    const before = read((await scene.cut(period('2014-01-01', '2014-02-01'))).text)
    expect(before.range).toEqual({ first: 0, end: 1 })
    const made = await scene.cut(period('9000-01-01', '9000-02-01'))
    const after = read(made.text)
    expect(after.range).toEqual({ first: made.size - 1, end: made.size })
    for (const { report } of [before, after]) {
      expect(JSON.parse(report)).toMatchObject({ figures: { events: 0, refused: 0 } })
    }
    expect(await verifyEvidence(made.text, scene.log)).toMatchObject({ ok: true })
  })
})

describe('values that are disclosed', () => {
  it('are read only after an event says so, and it is in the bundle', async () => {
    const made = await scene.cut(await scene.askAnn(), [boxOf(scene, 'user.name')])
    const { disclosures, events } = read(made.text)
    expect(disclosures).toMatchObject([
      { event: scene.collected.event, category: 'user.name', text: '{"full":"Ann Example"}' },
    ])
    expect(events.at(-1)).toMatchObject({ type: 'DataAccessed' })
    expect(JSON.parse(events.at(-1)!.body)).toMatchObject({
      data: { reason: 'inspection', categories: ['user.name'], request: null },
    })
    expect(made.page).toContain('Ann Example')
    expect(made.text).not.toContain('ann@example.org')
    expect(await verifyEvidence(made.text, scene.log)).toMatchObject({ ok: true })
  })

  it('are those of the whole event where no category is named', async () => {
    const { event } = boxOf(scene, 'user.name')
    const made = await scene.cut(await scene.askAnn(), [{ event, category: null }])
    const categories = read(made.text).disclosures.map(({ category }) => category)
    expect(categories).toEqual(Object.keys(registration.values).toSorted())
  })

  it('are text on the page, whatever they say', async () => {
    const values = { 'user.name': { full: '<img src=x onerror=alert(1)>', parts: ['<b>'] } }
    const told = await scene.ben.asks({ ...registration, values })
    const asked = { ...(await scene.askAnn()), subject: { subject: await scene.ben.subject() } }
    const made = await scene.cut(asked, [{ event: told.event as never, category: null }])
    expect(made.page).toContain('&lt;img src=x onerror=alert(1)>')
    expect(made.page).not.toContain('<img')
    expect(made.page).toContain('&lt;b>')
    expect(await verifyEvidence(made.text, scene.log)).toMatchObject({ ok: true })
  })

  it('cannot be those of an event of somebody else, or of nothing that was sealed', async () => {
    const asked = await scene.askAnn()
    const head = await scene.stack.custody.log.head()
    const { event } = boxOf(scene, 'user.name')
    const stray = { event: '0190f000-0000-7000-8000-000000000000' as never, category: null }
    expect(await scene.make(asked, [stray])).toMatchObject({ problem: 'no_such_event' })
    const none = { event, category: 'user.location' as never }
    expect(await scene.make(asked, [none])).toMatchObject({ problem: 'no_values' })
    expect(await scene.stack.custody.log.head(), 'nothing was recorded').toBe(head)
  })
})

describe('a stranger', () => {
  it('verifies with the file and the key alone, in an empty directory', async () => {
    const { text } = await scene.cut(await scene.askAnn())
    const directory = join(scene.stack.directory, 'stranger')
    mkdirSync(directory)
    writeFileSync(join(directory, 'ann.custody-evidence.json'), text)
    const key = formatVerifierKey(scene.log.keys[0]!)
    const ask = (file: string, ...more: string[]) => {
      const args = [custody, 'verify', file, '--key', key, ...more]
      return run(process.execPath, args, { cwd: directory, env: { PATH: process.env['PATH'] } })
    }
    const { stdout } = await ask('ann.custody-evidence.json', '--json', '--page', 'ann.html')
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, origin: scene.log.origin })
    expect(readdirSync(directory).sort()).toEqual(['ann.custody-evidence.json', 'ann.html'])
    writeFileSync(join(directory, 'altered.json'), text.replace('"revision":1', '"revision":2'))
    const altered = await ask('altered.json').catch((error: unknown) => error)
    expect(altered).toMatchObject({ code: 1, stdout: expect.stringContaining('WRONG. $.events[') })
  }, 60_000)
})

describe('after the person is erased', () => {
  it('older evidence still verifies, opened values too; and nothing can be opened any more', async () => {
    const { custody: opened, caller } = scene.stack
    const asked = await scene.askAnn()
    const shown = await scene.cut(asked, [boxOf(scene, 'user.name')])
    const request = Reference.parse('request-erase')
    const subject = { identifiers: scene.ann.identifiers }
    const channel = 'email' as never
    await opened.services.requests.receive(caller, {
      ...{ request, kind: 'erasure', subject, channel, purpose: null },
    })
    await opened.services.requests.verify(caller, { request, method: 'reply', handler: 'support' })
    const done = { request, outcome: 'done', handler: 'support' }
    expect((await opened.services.requests.fulfil(caller, done)).outcome).toBe('recorded')

    expect(await verifyEvidence(shown.text, scene.log)).toMatchObject({ ok: true })
    const refused = await scene.make(asked, [boxOf(scene, 'user.name')])
    expect(refused).toMatchObject({ ok: false, problem: 'destroyed' })
    const later = await scene.cut(asked)
    expect(read(later.text).events.map(({ type }) => type)).toContain('DataDeleted')
    expect(later.text).not.toContain('Ann Example')
    expect(await verifyEvidence(later.text, scene.log)).toMatchObject({ ok: true })
  })
})

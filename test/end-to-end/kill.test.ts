import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Line, type LineInput } from '../../src/application/lines.ts'
import type { LineOutcome } from '../../src/application/services.ts'
import { streamParts, type Envelope } from '../../src/domain/envelope.ts'
import { SubjectId, START, type Position } from '../../src/domain/values.ts'
import { decode } from '../../src/ledger/codec.ts'
import type { EventReader } from '../../src/ledger/event-log.ts'
import { openSqliteEventReader } from '../../src/ledger/sqlite/event-reader.ts'
import { dumpViews } from '../../src/projections/dump.ts'
import { open } from '../../src/vault/sealing.ts'
import type { Vault } from '../../src/vault/vault.ts'
import { randomFrom, seed } from '../support/seed.ts'
import { fileOf, openStack, symphony, type Stack } from '../support/stack.ts'

const kills = 20
const program = fileURLToPath(new URL('../support/ledger-load-process.ts', import.meta.url))

let stack: Stack
let rootKey: string
beforeAll(async () => {
  stack = await openStack()
  rootKey = stack.configuration.rootKey!
  await stack.close()
}, 120_000)
afterAll(() => stack.dispose())

type Said = { key: string; line: LineInput; outcome: LineOutcome }
type Acknowledged = { lines: Said[]; erased: Set<string> }

/** A process that will work once it is told to. Starting one takes long, so that is done ahead. */
function startProcess(prefix: string) {
  const child = spawn(process.execPath, [program, prefix], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...process.env,
      CUSTODY_DATA: stack.configuration.dataDirectory,
      CUSTODY_ROOT_KEY: rootKey,
      CUSTODY_KEYRING: stack.configuration.keyringDirectory,
      CUSTODY_CONTROLLER: symphony,
    },
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return { child, said: () => text.split('\n'), closed: once(child, 'close') }
}

/** Lets it work, and kills it a moment after so many lines were acknowledged. */
async function workUntilKilled(
  { child, said, closed }: ReturnType<typeof startProcess>,
  afterLines: number,
  andMs: number,
): Promise<Acknowledged> {
  child.stdin.write('go\n')
  let ended = false
  void closed.then(() => (ended = true))
  while (!ended && said().length < afterLines + 2) {
    await Promise.race([once(child.stdout, 'data'), closed])
  }
  await new Promise((resolve) => setTimeout(resolve, andMs))
  child.kill('SIGKILL')
  expect(await closed).toEqual([null, 'SIGKILL'])
  const whole = said()
    .slice(0, -1)
    .map((line) => JSON.parse(line) as 'ready' | Said | { erased: string })
  const all: Acknowledged = { lines: [], erased: new Set() }
  for (const one of whole) {
    if (one === 'ready') continue
    if ('erased' in one) all.erased.add(one.erased)
    else all.lines.push(one)
  }
  return all
}

async function eventsAfter(reader: EventReader, after: Position): Promise<Envelope[]> {
  const all: Envelope[] = []
  for (;;) {
    const page = await reader.readAll(all.at(-1)?.position ?? after, 5000)
    if (page.length === 0) return all
    all.push(...page.map(decode))
  }
}

/** The events that each kind of line leads to, in one append. */
const whole: Record<string, readonly string[]> = {
  collect: ['DataCollected'],
  open: ['AccountOpened'],
  update: ['DataUsed'],
  refused: ['ActRefused'],
  referral: ['DataCollected'],
  mailed: ['DataUsed', 'DeletionRequested'],
}

/** Each line's events are all there, once and in their order; a spent lot's deletion may follow. */
function expectNoHalf(events: readonly Envelope[]): void {
  const lines = Map.groupBy(
    events.filter(({ operation }) => operation !== null),
    ({ correlation }) => correlation,
  )
  for (const [key, written] of lines) {
    const kind = key.split('.').at(-1)!
    expect(
      written.map(({ type }) => type),
      key,
    ).toEqual(whole[kind])
    expect(written.map(({ revision }) => revision - written[0]!.revision)).toEqual(
      written.map((_, index) => index),
    )
  }
}

function expectAcknowledged(events: readonly Envelope[], { lines }: Acknowledged): void {
  const byId = new Map(events.map((event) => [event.id as string, event]))
  for (const { key, outcome } of lines) {
    if (outcome.outcome !== 'recorded' && outcome.outcome !== 'refused') {
      throw new Error(`${key}: ${JSON.stringify(outcome)}`)
    }
    expect(outcome.outcome, key).toBe(key.endsWith('.refused') ? 'refused' : 'recorded')
    for (const { id, position, revision, type } of outcome.events) {
      expect(byId.get(id), `lost: ${type} of ${key}`).toMatchObject({ position, revision, type })
    }
  }
}

/** What is deleted cannot be opened, what is being deleted may be, and all else can be. */
async function expectSealsOpen(events: readonly Envelope[], vault: Vault): Promise<number> {
  const deleting = new Set<string>()
  const deleted = new Set<string>()
  for (const event of events) {
    const lots =
      event.type === 'DeletionRequested' || event.type === 'DataDeleted' ? event.data.lots : []
    const set = event.type === 'DataDeleted' ? deleted : deleting
    for (const { lot } of lots) set.add(`${event.stream} ${lot}`)
  }
  let opened = 0
  for (const { stream, id, sealed } of events) {
    if (sealed.length === 0) continue
    const subject = SubjectId.parse(streamParts(stream).id)
    const keys = await vault.openKeys(symphony, subject, sealed)
    for (const [index, box] of sealed.entries()) {
      const key = keys[index] ?? null
      const lot = `${stream} ${box.lot}`
      if (deleted.has(lot)) expect(key, `${lot} is deleted`).toBeNull()
      else if (!deleting.has(lot)) {
        expect(key, `the key of ${box.category} in ${lot}`).not.toBeNull()
        const place = { controller: symphony, subject, eventId: id }
        expect(open(place, key!, box)).toMatchObject({ ok: true })
        opened += 1
      }
    }
  }
  return opened
}

/** The views hold what the ledger does, and a rebuild gives the same to the byte. */
async function expectViewsGrownAsRebuilt(grown: Stack, events: readonly Envelope[]): Promise<void> {
  const { custody, configuration } = grown
  expect(custody.views.position()).toBe(await custody.log.head())
  expect(custody.views.counts(symphony).events).toBe(events.length)
  const before = [...dumpViews(configuration.viewsFile)]
  await custody.rebuild(() => undefined)
  expect([...dumpViews(configuration.viewsFile)]).toEqual(before)
}

describe('killing the whole ledger under load', () => {
  it(
    `loses nothing that was acknowledged and leaves nothing by halves, ${kills} times on one directory`,
    { timeout: 300_000 },
    async () => {
      const random = randomFrom(seed())
      const all: Acknowledged = { lines: [], erased: new Set() }
      const events: Envelope[] = []
      const reader = openSqliteEventReader(fileOf(stack.configuration.ledger))
      let next = startProcess('p0')
      for (let kill = 0; kill < kills; kill += 1) {
        const now = next
        if (kill + 1 < kills) next = startProcess(`p${kill + 1}`)
        const lines = 1 + Math.floor(random() * 120)
        const acknowledged = await workUntilKilled(now, lines, random() * 25)
        events.push(...(await eventsAfter(reader, events.at(-1)?.position ?? START)))
        expectNoHalf(events)
        expectAcknowledged(events, acknowledged)
        all.lines.push(...acknowledged.lines)
        for (const subject of acknowledged.erased) all.erased.add(subject)
      }
      await reader.close()
      expectAcknowledged(events, all)
      expect(all.lines.length).toBeGreaterThan(kills * 5)
      expect(all.erased.size).toBeGreaterThan(0)

      const reopened = await stack.reopen()
      try {
        const { custody, caller } = reopened
        // The last kill may have come when a commit was on the disk and not yet in the index that readers
        // share: nobody was told of it, and the first to open the file again finds it.
        events.push(...(await eventsAfter(custody.log, events.at(-1)!.position)))
        expectNoHalf(events)
        expect(custody.views.position()).toBe(events.at(-1)!.position)
        expect(await expectSealsOpen(events, custody.vault)).toBeGreaterThan(all.lines.length / 10)
        for (const subject of all.erased) {
          expect(await custody.vault.holds(symphony, subject as SubjectId)).toBe(false)
        }

        // What was begun is finished, and what was answered is answered again.
        await custody.services.deletions.resume(caller, null, 10_000)
        await custody.caughtUp()
        const position = custody.views.position()
        const { rows } = custody.views.pendingDeletions(symphony, position, {
          limit: 10,
          cursor: null,
        })
        expect(rows).toEqual([])
        for (const { key, line, outcome } of all.lines.filter((_, index) => index % 7 === 0)) {
          const operation = { key, body: JSON.stringify(line) }
          const again = await custody.services.recording.record(caller, Line.parse(line), operation)
          expect(again, key).toEqual({ ...outcome, repeated: true })
        }
        const grown = await eventsAfter(custody.log, START)
        expectNoHalf(grown)
        await expectSealsOpen(grown, custody.vault)
        await expectViewsGrownAsRebuilt(reopened, grown)
      } finally {
        await reopened.close()
      }
    },
  )
})
